import { ByteReader, type ByteWriter } from './bytes.ts';

/**
 * What the core tells a store, as bytes: a group of operations is one buffer, applied all or not at all, in order. The
 * same encoding carries a store's content back at the start ({@link decodeOperations} reads both), so what is written
 * and what is restored cannot come to differ.
 *
 * Times are milliseconds since 1970; 0 stands for "never" in deadlines.
 */
export const OperationType = {
  session: 1,
  sessionEnd: 2,
  subscribe: 3,
  unsubscribe: 4,
  message: 5,
  entry: 6,
  delivery: 7,
  done: 8,
  refer: 9,
  retain: 10,
  unretain: 11,
  sequence: 12,
  /** In a snapshot only: how much waits in a session's queue. */
  queued: 13,
  /** In a snapshot only: a retained message with its body. */
  retained: 14,
} as const;

/** A session as it is kept. `number` is its key in the store: never used twice. */
export interface SessionRecord {
  readonly number: number;
  readonly clientId: string;
  /** Whether a client has it now. After a restart that client's connection is one that broke. */
  readonly connected: boolean;
  /** Seconds it outlives its connection; 0xFFFFFFFF = for ever. */
  readonly expiryInterval: number;
  /** When it ends while its client is away; 0 = never, or it is connected. */
  readonly endsAt: number;
  /** When its will is due while its client is away; 0 = not waiting. */
  readonly willDueAt: number;
  readonly will: WillRecord | null;
  /** Whose session it is; null = anybody's. */
  readonly username: string | null;
}

export interface WillRecord {
  /** Seconds between the end of the connection and the will. */
  readonly delay: number;
  /** The message, as `Message.write` wrote it. */
  readonly message: Uint8Array;
}

export interface SubscriptionRecord {
  /** The session's number. */
  readonly session: number;
  /** As the client wrote it, `$share/...` included. */
  readonly filter: string;
  /** QoS in bits 0 and 1, No Local 4, Retain As Published 8, retained messages still owed 16. */
  readonly options: number;
  readonly identifiers: readonly number[] | null;
}

/** One message in one session's queue. */
export interface EntryRecord {
  /** The session's number. */
  readonly session: number;
  /** Its place: higher than that of everything queued before it, in this session and all others. */
  readonly position: number;
  readonly messageId: number;
  /** QoS to deliver with in bits 0 and 1, the retain flag 4. */
  readonly flags: number;
  readonly identifiers: readonly number[] | null;
  /** Bytes it counts for in the queue's limit. */
  readonly size: number;
}

/** Gets operations one by one. Byte arrays are views that live as long as the buffer they were read from. */
export interface OperationVisitor {
  /** Inserts or replaces a session's record; its subscriptions, queue and delivery state stay. */
  session(record: SessionRecord): void;
  /**
   * Removes a session with its subscriptions and delivery state, and drops every queue entry whose position is above
   * `head` with its reference to its message. Those at `head` and below were settled by operations of their own.
   */
  sessionEnd(session: number, head: number): void;
  /** Inserts or replaces a subscription. */
  subscribe(record: SubscriptionRecord): void;
  unsubscribe(session: number, filter: string): void;
  /** A new message that `references` places of this group refer to; it goes with its last reference. */
  message(id: number, references: number, at: number, body: Uint8Array): void;
  /** A queue entry. The reference to its message is counted by `message` or `refer`. */
  entry(record: EntryRecord): void;
  /**
   * Replaces a session's delivery state, which the store does not look into, and drops its queue entries whose position
   * is `head` or below, without touching references.
   */
  delivery(session: number, head: number, state: Uint8Array): void;
  /** A reference less. */
  done(messageId: number): void;
  /** A reference more. */
  refer(messageId: number): void;
  /** The retained message of a topic; `publisher` is the client identifier of who published it, null = no client. */
  retain(topic: string, messageId: number, publisher: string | null): void;
  unretain(topic: string): void;
  /** The highest numbers given to messages, positions and sessions so far. */
  sequence(last: number, lastSession: number): void;
  queued(session: number, count: number, bytes: number): void;
  retained(messageId: number, publisher: string | null, body: Uint8Array): void;
}

/** A visitor that ignores everything: a base for those that care for a few. */
export class OperationIgnorer implements OperationVisitor {
  session(_record: SessionRecord): void {}
  sessionEnd(_session: number, _head: number): void {}
  subscribe(_record: SubscriptionRecord): void {}
  unsubscribe(_session: number, _filter: string): void {}
  message(_id: number, _references: number, _at: number, _body: Uint8Array): void {}
  entry(_record: EntryRecord): void {}
  delivery(_session: number, _head: number, _state: Uint8Array): void {}
  done(_messageId: number): void {}
  refer(_messageId: number): void {}
  retain(_topic: string, _messageId: number, _publisher: string | null): void {}
  unretain(_topic: string): void {}
  sequence(_last: number, _lastSession: number): void {}
  queued(_session: number, _count: number, _bytes: number): void {}
  retained(_messageId: number, _publisher: string | null, _body: Uint8Array): void {}
}

/** Writes operations behind each other. */
export class OperationWriter implements OperationVisitor {
  readonly #out: ByteWriter;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  session(record: SessionRecord): void {
    const out = this.#out;
    out.byte(OperationType.session);
    out.number(record.number);
    out.text(record.clientId);
    out.byte((record.connected ? 1 : 0) | (record.will === null ? 0 : 2) | (record.username === null ? 0 : 4));
    out.number(record.expiryInterval);
    out.number(record.endsAt);
    out.number(record.willDueAt);
    if (record.username !== null) out.text(record.username);
    if (record.will === null) return;
    out.number(record.will.delay);
    out.block(record.will.message);
  }

  sessionEnd(session: number, head: number): void {
    const out = this.#out;
    out.byte(OperationType.sessionEnd);
    out.number(session);
    out.number(head);
  }

  subscribe(record: SubscriptionRecord): void {
    const out = this.#out;
    out.byte(OperationType.subscribe);
    out.number(record.session);
    out.text(record.filter);
    out.byte(record.options);
    writeIdentifiers(out, record.identifiers);
  }

  unsubscribe(session: number, filter: string): void {
    const out = this.#out;
    out.byte(OperationType.unsubscribe);
    out.number(session);
    out.text(filter);
  }

  message(id: number, references: number, at: number, body: Uint8Array): void {
    const out = this.#out;
    this.messageHeader(id, references, at, body.length);
    out.raw(body);
  }

  /** The part of {@link message} before the body, for who writes the body's `size` bytes in place. */
  messageHeader(id: number, references: number, at: number, size: number): void {
    const out = this.#out;
    out.byte(OperationType.message);
    out.number(id);
    out.number(references);
    out.number(at);
    out.number(size);
  }

  entry(record: EntryRecord): void {
    const out = this.#out;
    out.byte(OperationType.entry);
    out.number(record.session);
    out.number(record.position);
    out.number(record.messageId);
    out.byte(record.flags | (record.identifiers === null ? 0 : 8));
    if (record.identifiers !== null) writeIdentifiers(out, record.identifiers);
    out.number(record.size);
  }

  delivery(session: number, head: number, state: Uint8Array): void {
    const out = this.#out;
    out.byte(OperationType.delivery);
    out.number(session);
    out.number(head);
    out.block(state);
  }

  done(messageId: number): void {
    this.#out.byte(OperationType.done);
    this.#out.number(messageId);
  }

  refer(messageId: number): void {
    this.#out.byte(OperationType.refer);
    this.#out.number(messageId);
  }

  retain(topic: string, messageId: number, publisher: string | null): void {
    const out = this.#out;
    out.byte(OperationType.retain);
    out.text(topic);
    out.number(messageId);
    writePublisher(out, publisher);
  }

  unretain(topic: string): void {
    this.#out.byte(OperationType.unretain);
    this.#out.text(topic);
  }

  sequence(last: number, lastSession: number): void {
    const out = this.#out;
    out.byte(OperationType.sequence);
    out.number(last);
    out.number(lastSession);
  }

  queued(session: number, count: number, bytes: number): void {
    const out = this.#out;
    out.byte(OperationType.queued);
    out.number(session);
    out.number(count);
    out.number(bytes);
  }

  retained(messageId: number, publisher: string | null, body: Uint8Array): void {
    const out = this.#out;
    out.byte(OperationType.retained);
    out.number(messageId);
    writePublisher(out, publisher);
    out.block(body);
  }
}

function writeIdentifiers(out: ByteWriter, identifiers: readonly number[] | null): void {
  out.number(identifiers?.length ?? 0);
  if (identifiers !== null) for (const identifier of identifiers) out.number(identifier);
}

function readIdentifiers(reader: ByteReader): readonly number[] | null {
  const count = reader.number();
  if (count === 0) return null;
  return Array.from({ length: count }, () => reader.number());
}

function writePublisher(out: ByteWriter, publisher: string | null): void {
  out.byte(publisher === null ? 0 : 1);
  if (publisher !== null) out.text(publisher);
}

function readPublisher(reader: ByteReader): string | null {
  return reader.byte() === 0 ? null : reader.text();
}

/**
 * Hands the operations of a buffer to a visitor, in order.
 *
 * @throws {RangeError} where the bytes are not whole operations
 */
export function decodeOperations(bytes: Uint8Array, start: number, end: number, visitor: OperationVisitor): void {
  const reader = new ByteReader(bytes, start, end);
  while (!reader.done) decodeOperation(reader, visitor);
}

function decodeOperation(reader: ByteReader, visitor: OperationVisitor): void {
  const type = reader.byte();
  switch (type) {
    case OperationType.session:
      visitor.session(readSession(reader));
      return;
    case OperationType.sessionEnd:
      visitor.sessionEnd(reader.number(), reader.number());
      return;
    case OperationType.subscribe:
      visitor.subscribe(readSubscription(reader));
      return;
    case OperationType.unsubscribe:
      visitor.unsubscribe(reader.number(), reader.text());
      return;
    case OperationType.message:
      visitor.message(reader.number(), reader.number(), reader.number(), reader.block());
      return;
    case OperationType.entry:
      visitor.entry(readEntry(reader));
      return;
    case OperationType.delivery:
      visitor.delivery(reader.number(), reader.number(), reader.block());
      return;
    case OperationType.done:
      visitor.done(reader.number());
      return;
    case OperationType.refer:
      visitor.refer(reader.number());
      return;
    case OperationType.retain:
      visitor.retain(reader.text(), reader.number(), readPublisher(reader));
      return;
    case OperationType.unretain:
      visitor.unretain(reader.text());
      return;
    case OperationType.sequence:
      visitor.sequence(reader.number(), reader.number());
      return;
    case OperationType.queued:
      visitor.queued(reader.number(), reader.number(), reader.number());
      return;
    case OperationType.retained:
      visitor.retained(reader.number(), readPublisher(reader), reader.block());
      return;
    default:
      throw new RangeError(`${type} at byte ${reader.at - 1} is no operation`);
  }
}

function readSession(reader: ByteReader): SessionRecord {
  const number = reader.number();
  const clientId = reader.text();
  const flags = reader.byte();
  const expiryInterval = reader.number();
  const endsAt = reader.number();
  const willDueAt = reader.number();
  const username = (flags & 4) === 0 ? null : reader.text();
  const will = (flags & 2) === 0 ? null : { delay: reader.number(), message: reader.block() };
  return { number, clientId, connected: (flags & 1) !== 0, expiryInterval, endsAt, willDueAt, will, username };
}

function readSubscription(reader: ByteReader): SubscriptionRecord {
  const session = reader.number();
  const filter = reader.text();
  return { session, filter, options: reader.byte(), identifiers: readIdentifiers(reader) };
}

function readEntry(reader: ByteReader): EntryRecord {
  const session = reader.number();
  const position = reader.number();
  const messageId = reader.number();
  const flags = reader.byte();
  const identifiers = (flags & 8) === 0 ? null : readIdentifiers(reader);
  return { session, position, messageId, flags: flags & 7, identifiers, size: reader.number() };
}
