import {
  ByteWriter,
  decodeOperations,
  OperationIgnorer,
  type OperationVisitor,
  OperationWriter,
  readEntries,
  type SessionRecord,
  type StoreEngine,
  type StoreRead,
  type SubscriptionRecord,
} from '@cauldron/core';

/** A session as a store handed it back, bytes as text. */
export interface SessionImage {
  readonly record: Omit<SessionRecord, 'will'>;
  readonly will: { readonly delay: number; readonly message: string } | null;
  readonly subscriptions: SubscriptionRecord[];
  delivery: { readonly head: number; readonly state: string } | null;
  queued: { readonly count: number; readonly bytes: number };
}

/** A store's snapshot as a value that can be compared. */
export interface StoreImage {
  readonly last: number;
  readonly lastSession: number;
  readonly sessions: readonly SessionImage[];
  /** Sorted by message. */
  readonly retained: readonly {
    readonly messageId: number;
    readonly publisher: string | null;
    readonly body: string;
  }[];
}

/** A queue entry as a store handed it back, the body as text. */
export interface EntryImage {
  readonly position: number;
  readonly messageId: number;
  readonly flags: number;
  readonly identifiers: readonly number[] | null;
  readonly at: number;
  readonly body: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of a text, for bodies and states of tests. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** Applies what `write` writes as one group, in a buffer that is overwritten afterwards, as a real one is. */
export function applyGroup(engine: StoreEngine, write: (operations: OperationVisitor) => void): void {
  const out = new ByteWriter();
  write(new OperationWriter(out));
  const buffer = new Uint8Array(out.length + 16).fill(255);
  buffer.set(out.finish());
  try {
    engine.apply(buffer, out.length);
  } finally {
    buffer.fill(170);
  }
}

/** A snapshot with subscriptions and retained messages sorted, since their order is the store's. */
export function imageOf(engine: StoreEngine): StoreImage {
  const collector = new Collector();
  engine.snapshot((operations) => decodeOperations(operations, 0, operations.length, collector));
  for (const { subscriptions } of collector.sessions) subscriptions.sort((a, b) => (a.filter < b.filter ? -1 : 1));
  const { last, lastSession, sessions, retainedMessages } = collector;
  const retained = retainedMessages.sort((a, b) => a.messageId - b.messageId);
  return { last, lastSession, sessions, retained };
}

class Collector extends OperationIgnorer {
  last = -1;
  lastSession = -1;
  readonly sessions: SessionImage[] = [];
  readonly retainedMessages: StoreImage['retained'][number][] = [];

  override sequence(last: number, lastSession: number): void {
    if (this.last >= 0 || this.sessions.length > 0) throw new Error('the sequence comes first, and once');
    this.last = last;
    this.lastSession = lastSession;
  }

  override session({ will, ...record }: SessionRecord): void {
    if (this.last < 0) throw new Error('the sequence comes first');
    if (this.sessions.some((session) => session.record.number === record.number)) throw new Error('a session twice');
    const willImage = will === null ? null : { delay: will.delay, message: decoder.decode(will.message) };
    const queued = { count: 0, bytes: 0 };
    this.sessions.push({ record, will: willImage, subscriptions: [], delivery: null, queued });
  }

  override subscribe(record: SubscriptionRecord): void {
    this.#current(record.session).subscriptions.push(record);
  }

  override delivery(session: number, head: number, state: Uint8Array): void {
    this.#current(session).delivery = { head, state: decoder.decode(state) };
  }

  override queued(session: number, count: number, bytes: number): void {
    this.#current(session).queued = { count, bytes };
  }

  override retained(messageId: number, publisher: string | null, body: Uint8Array): void {
    this.retainedMessages.push({ messageId, publisher, body: decoder.decode(body) });
  }

  #current(number: number): SessionImage {
    const session = this.sessions.at(-1);
    if (session?.record.number !== number) throw new Error(`a part of session ${number} does not follow it`);
    return session;
  }
}

/** One answer to a read of a queue, or of messages. */
export function readWindow(
  engine: StoreEngine,
  request: Partial<StoreRead> & Pick<StoreRead, 'session'>,
): { entries: EntryImage[]; more: boolean } {
  const whole = { messages: null, after: 0, limit: 1000, maxBytes: 1 << 20 };
  const { entries, more } = engine.read({ ...whole, ...request });
  const images = readEntries(entries).map(({ body, ...entry }) => ({ ...entry, body: decoder.decode(body) }));
  return { entries: images, more };
}

/** A session's whole queue, read in windows. */
export function queueOf(engine: StoreEngine, session: number, limit = 1000): EntryImage[] {
  const all: EntryImage[] = [];
  for (let goesOn = true; goesOn; ) {
    const { entries, more } = readWindow(engine, { session, after: all.at(-1)?.position ?? 0, limit });
    if (more && entries.length === 0) throw new Error('nothing was read, and yet there is more');
    all.push(...entries);
    goesOn = more;
  }
  return all;
}
