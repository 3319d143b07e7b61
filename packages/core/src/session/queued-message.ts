import type { QoS } from '@cauldron/protocol';
import type { Message } from '../message.ts';
import type { DropReason } from '../ports.ts';
import type { StoredMessage } from '../store/stored-message.ts';
import type { Session } from './session.ts';

/** A message a session owes its client: what the subscription made of it, and where it stands in the store. */
export class QueuedMessage {
  /** null while only the store has it. */
  message: Message | null;
  readonly session: Session;
  readonly qos: QoS;
  /** The retain flag to send. */
  readonly retain: boolean;
  readonly identifiers: readonly number[] | null;
  /** When it was published, milliseconds. */
  readonly at: number;
  /** What the store shall know of the message; null where it has it already, or never will. */
  record: StoredMessage | null = null;
  /** The message's number in the store; 0 = the store knows nothing of it. */
  messageId = 0;
  /** Its place in the session's queue; 0 = it went out without waiting, or waits in memory alone. */
  position = 0;
  /** 0 = not in flight. */
  packetId = 0;
  /** It may go out once this group of operations is written: a QoS 2 packet identifier must outlive a crash. */
  ticket = 0;
  /** It went out on some connection: when it does so again, it is a duplicate. */
  sent = false;
  /** It shares a message the store has, and its reference to it is still to be written. */
  refers = false;
  /** Why it is dropped when its turn comes; null = it is not. */
  lapsed: DropReason | null = null;
  /** Delivered or given up: nothing more is to be kept for it. */
  settled = false;

  constructor(
    session: Session,
    message: Message | null,
    qos: QoS,
    retain: boolean,
    identifiers: readonly number[] | null,
    at: number,
  ) {
    this.session = session;
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.identifiers = identifiers;
    this.at = at;
  }

  /** The store has its message. While the client is away, that is enough. */
  written(): void {
    this.record = null;
    if (this.packetId > 0 && !this.settled && this.session.away) this.message = null;
  }

  /** The store was told of it: what becomes of it is to be told too. */
  get known(): boolean {
    return this.messageId > 0 && !this.refers && (this.record === null || this.record.submitted);
  }

  /** Bytes it counts for in queue limits: what the store takes for its message. */
  get size(): number {
    return this.message!.storedSize;
  }

  /** Retained and QoS 0 messages: live QoS 0 may not pass them. */
  get ordered(): boolean {
    return this.qos === 0 || this.retain;
  }
}
