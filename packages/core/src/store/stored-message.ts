import type { AckGate } from '../connection/ack-gate.ts';
import type { Message } from '../message.ts';
import type { QueuedMessage } from '../session/queued-message.ts';
import type { Session } from '../session/session.ts';
import { publishWritten } from '../session/unwritten.ts';

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
  /** Number of the group it is part of. */
  ticket: number;
  /** The sessions' shares in it, until it is written. */
  items: QueuedMessage[] = [];
  /** The retained store is one of those that hold it. */
  retained = false;
  /** It is part of a group that was handed to the store. */
  submitted = false;
  /** The store failed and its publisher was told so: it is kept for nobody. */
  cancelled = false;
  /** Where its publisher's acknowledgement waits; null = nobody waits to hear of it. */
  gate: AckGate | null = null;
  /** Whose QoS 2 exchange brought it and under which packet identifier, while its PUBREC waits. */
  publisher: Session | null = null;
  packetId = 0;

  constructor(id: number, message: Message, at: number, ticket: number) {
    this.id = id;
    this.message = message;
    this.at = at;
    this.ticket = ticket;
  }

  /** The store has it, or nobody wanted it in the end: nothing of it is awaited any more. */
  written(): void {
    for (const item of this.items) item.written();
    this.items = [];
    this.gate = null; // or a retained message would keep its publisher's connection in memory
    if (this.publisher !== null) publishWritten(this.publisher, this);
    this.publisher = null;
  }

  /** Nobody needs it any more, and the store never heard of it. */
  get unnecessary(): boolean {
    return this.references === 0 && !this.submitted;
  }
}
