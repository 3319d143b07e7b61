import { deliveryState, sessionRecord, subscriptionRecord } from '../session/persistence.ts';
import type { QueuedMessage } from '../session/queued-message.ts';
import type { Session } from '../session/session.ts';
import type { ByteWriter } from './bytes.ts';
import { OperationWriter } from './operations.ts';
import type { StoredMessage } from './stored-message.ts';

/** What of a session changed and is to be written; bits. */
export const SessionChange = { record: 1, delivery: 2 } as const;

/** What the retained store has for a topic. */
export interface RetainedRecord {
  readonly messageId: number;
  readonly publisher: string | undefined;
}

/** What a group said of a session. */
export interface WrittenChange {
  readonly session: Session;
  /** Bits of {@link SessionChange}. */
  readonly changes: number;
  readonly filters: ReadonlySet<string> | null;
}

/**
 * What the next write will make durable. Sessions, subscriptions and retained topics are only noted here: what is written
 * is how they are when the group is encoded, so what changed and changed back in the meantime costs nothing.
 */
export class Group {
  records: StoredMessage[] = [];
  /** Entries for messages that the store has already: retained ones for a new subscription. */
  referring: QueuedMessage[] = [];
  /** What of its sessions was encoded, to be noted again if the group cannot be written. */
  changes: WrittenChange[] = [];
  /** References to add without an entry. */
  refers: number[] = [];
  done: number[] = [];
  readonly sessions = new Set<Session>();
  ended: { readonly session: number; readonly head: number }[] = [];
  readonly topics = new Set<string>();
  /** Bytes of the messages in it. */
  bytes = 0;
  /** Sessions' shares in the messages, settled ones too. */
  shares = 0;
  /** Records that somebody still needs. */
  needed = 0;
  /** There is more in it than messages in flight to clients that are here. */
  urgent = false;

  get empty(): boolean {
    return (
      this.records.length === 0 &&
      this.done.length === 0 &&
      this.sessions.size === 0 &&
      this.referring.length === 0 &&
      this.topics.size === 0 &&
      this.ended.length === 0 &&
      this.refers.length === 0
    );
  }

  /** Notes a change of a session that the store knows. */
  touch(session: Session, change: number): void {
    if (session.ended) return;
    session.changes |= change;
    this.sessions.add(session);
  }

  /**
   * Writes the operations, in an order in which nothing refers to what comes later.
   *
   * @param retained what a topic has retained now
   * @returns whether there are any
   */
  encode(
    out: ByteWriter,
    sequence: readonly [last: number, lastSession: number],
    retained: (topic: string) => RetainedRecord | null,
  ): boolean {
    const writer = new OperationWriter(out);
    writer.sequence(...sequence);
    const before = out.length;
    for (const { session, head } of this.ended) writer.sessionEnd(session, head);
    for (const session of this.sessions) this.#sessionAndFilters(writer, session);
    for (const record of this.records) this.#message(writer, out, record);
    this.referring = this.referring.filter((item) => this.#reference(writer, item));
    for (const id of this.refers) writer.refer(id);
    for (const session of this.sessions) writeDelivery(writer, session);
    for (const topic of this.topics) {
      const kept = retained(topic);
      if (kept === null) writer.unretain(topic);
      else writer.retain(topic, kept.messageId, kept.publisher ?? null);
    }
    for (const id of this.done) writer.done(id);
    this.#takeChanges();
    return out.length > before;
  }

  #takeChanges(): void {
    for (const session of this.sessions) {
      this.changes.push({ session, changes: session.changes, filters: session.changedFilters });
      session.changes = 0;
      session.changedFilters = null;
    }
  }

  #sessionAndFilters(writer: OperationWriter, session: Session): void {
    if (session.ended) return;
    if ((session.changes & SessionChange.record) !== 0) writer.session(sessionRecord(session));
    if (session.changedFilters === null) return;
    for (const filter of session.changedFilters) {
      const subscription = subscriptionRecord(session, filter);
      if (subscription === null) writer.unsubscribe(session.number, filter);
      else writer.subscribe(subscription);
    }
  }

  #message(writer: OperationWriter, out: ByteWriter, record: StoredMessage): void {
    for (const item of record.items) if (!item.settled && item.session.ended) record.references -= 1;
    if (record.references === 0) return;
    record.submitted = true;
    const { message } = record;
    writer.messageHeader(record.id, record.references, record.at, message.storedSize);
    message.write(out);
    for (const item of record.items) if (!item.settled) this.#entry(writer, item);
  }

  /** False where nobody needs it any more. */
  #reference(writer: OperationWriter, item: QueuedMessage): boolean {
    item.refers = false;
    if (item.settled || item.session.ended) return false;
    writer.refer(item.messageId);
    this.#entry(writer, item);
    return true;
  }

  /** What waits is an entry of the queue; what is in flight is part of the session's delivery state. */
  #entry(writer: OperationWriter, item: QueuedMessage): void {
    const { session } = item;
    if (session.ended) return;
    if (item.packetId > 0) {
      this.touch(session, SessionChange.delivery);
      return;
    }
    writer.entry({
      session: session.number,
      position: item.position,
      messageId: item.messageId,
      flags: item.qos | (item.retain ? 4 : 0),
      identifiers: item.identifiers,
      size: item.size,
    });
  }
}

function writeDelivery(writer: OperationWriter, session: Session): void {
  if (session.ended || (session.changes & SessionChange.delivery) === 0) return;
  writer.delivery(session.number, session.head, deliveryState(session));
}
