import type { AckGate } from '../connection/ack-gate.ts';
import type { Message } from '../message.ts';
import type { QueuedMessage } from '../session/queued-message.ts';

/**
 * A message that durable sessions or the retained store have to hold, from its publication until the store has it. While
 * it waits for its group it can become unnecessary: then nothing is written, and its publisher is answered at once.
 */
export class StoredMessage {
  readonly id: number;
  readonly message: Message;
  /** When it was published, milliseconds. */
  readonly at: number;
  /** Places that hold it: sessions and the retained store. Once it is handed over, the store counts. */
  references = 0;
  /** The sessions' shares in it, until it is handed over. */
  items: QueuedMessage[] = [];
  /** The retained store is one of those that hold it. */
  retained = false;
  /** It is part of a group that was handed to the store. */
  submitted = false;
  /** The store failed and its publisher was told so: it is kept for nobody. */
  cancelled = false;
  /** Where its publisher's acknowledgement waits. */
  gate: AckGate | null = null;

  constructor(id: number, message: Message, at: number) {
    this.id = id;
    this.message = message;
    this.at = at;
  }

  /** Nobody needs it any more, and the store never heard of it. */
  get unnecessary(): boolean {
    return this.references === 0 && !this.submitted;
  }
}
