import {
  ByteWriter,
  decodeOperations,
  type EntryRecord,
  OperationIgnorer,
  OperationWriter,
  type SessionRecord,
  type StoreEngine,
  StoreError,
  type StoreRead,
  type SubscriptionRecord,
  writeEntry,
} from '@cauldron/core';

interface KeptMessage {
  readonly at: number;
  readonly body: Uint8Array;
  references: number;
}

interface KeptSession {
  record: SessionRecord;
  readonly subscriptions: Map<string, SubscriptionRecord>;
  head: number;
  state: Uint8Array | null;
  queue: EntryRecord[];
}

/** What a store holds, as numbers: for claims like "nothing is left". */
export interface StoreContent {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messages: number;
  /** Sum of the messages' reference counts. */
  readonly references: number;
  /** Entries above the head, of all queues. */
  readonly entries: number;
  readonly retained: number;
}

/** Everything durable. A group is applied in place; one that fails is undone. */
class Content extends OperationIgnorer {
  readonly messages = new Map<number, KeptMessage>();
  readonly sessions = new Map<number, KeptSession>();
  readonly retainedTopics = new Map<string, { messageId: number; publisher: string | null }>();
  last = 0;
  lastSession = 0;
  /** Undoes what the group did, newest first. */
  undo: (() => void)[] = [];
  readonly #touched = new Set<number>();

  override session(record: SessionRecord): void {
    const kept = this.sessions.get(record.number);
    const copied = copySession(record);
    if (kept === undefined) {
      const session = { record: copied, subscriptions: new Map(), head: 0, state: null, queue: [] };
      this.#set(this.sessions, record.number, session);
      return;
    }
    const before = kept.record;
    this.undo.push(() => {
      kept.record = before;
    });
    kept.record = copied;
  }

  override sessionEnd(number: number, head: number): void {
    const session = this.sessions.get(number);
    if (session === undefined) return;
    for (const { position, messageId } of session.queue) {
      if (position > head && position > session.head) this.#change(messageId, -1);
    }
    this.#set(this.sessions, number, undefined);
  }

  override subscribe(record: SubscriptionRecord): void {
    const session = this.sessions.get(record.session);
    if (session !== undefined) this.#set(session.subscriptions, record.filter, record);
  }

  override unsubscribe(number: number, filter: string): void {
    const session = this.sessions.get(number);
    if (session !== undefined) this.#set(session.subscriptions, filter, undefined);
  }

  override message(id: number, references: number, at: number, body: Uint8Array): void {
    if (references <= 0) return;
    if (this.messages.has(id)) throw new StoreError('io', `message ${id} is there already`);
    this.#set(this.messages, id, { at, body: body.slice(), references });
  }

  override entry(entry: EntryRecord): void {
    const session = this.sessions.get(entry.session);
    if (session === undefined) {
      this.#change(entry.messageId, -1);
      return;
    }
    if (entry.position <= session.head) return;
    const { queue } = session;
    let at = queue.length;
    while (at > 0 && queue[at - 1]!.position > entry.position) at -= 1;
    queue.splice(at, 0, entry);
    this.undo.push(() => queue.splice(queue.indexOf(entry), 1));
  }

  override delivery(number: number, head: number, state: Uint8Array): void {
    const session = this.sessions.get(number);
    if (session === undefined) return;
    const before = { head: session.head, state: session.state, queue: session.queue };
    this.undo.push(() => Object.assign(session, before));
    session.head = Math.max(session.head, head);
    session.state = state.slice();
    if ((session.queue[0]?.position ?? Number.POSITIVE_INFINITY) > session.head) return;
    session.queue = session.queue.filter(({ position }) => position > session.head);
  }

  override done(messageId: number): void {
    this.#change(messageId, -1);
  }

  override refer(messageId: number): void {
    this.#change(messageId, 1);
  }

  override retain(topic: string, messageId: number, publisher: string | null): void {
    this.#set(this.retainedTopics, topic, { messageId, publisher });
  }

  override unretain(topic: string): void {
    this.#set(this.retainedTopics, topic, undefined);
  }

  override sequence(last: number, lastSession: number): void {
    const before = { last: this.last, lastSession: this.lastSession };
    this.undo.push(() => Object.assign(this, before));
    this.last = Math.max(this.last, last);
    this.lastSession = Math.max(this.lastSession, lastSession);
  }

  /** Ends a group: messages that nothing refers to go. */
  commit(): void {
    for (const id of this.#touched) if (this.messages.get(id)!.references <= 0) this.messages.delete(id);
    this.#touched.clear();
    this.undo = [];
  }

  rollBack(): void {
    for (const undo of this.undo.reverse()) undo();
    this.#touched.clear();
    this.undo = [];
  }

  #change(messageId: number, change: number): void {
    const message = this.messages.get(messageId);
    if (message === undefined) return;
    message.references += change;
    this.#touched.add(messageId);
    this.undo.push(() => {
      message.references -= change;
    });
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
    const before = map.get(key);
    if (value === undefined) map.delete(key);
    else map.set(key, value);
    this.undo.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
  }
}

/**
 * A store engine in plain maps, with the contract of the durable one: what was applied is there, whatever becomes of the
 * core that used it. A simulator keeps the engine and throws the core away.
 */
export class MemoryEngine implements StoreEngine {
  readonly #content: Content;
  /** Set to let every `apply` and `read` fail with it. */
  failure: StoreError | null = null;

  constructor(content = new Content()) {
    this.#content = content;
  }

  apply(operations: Uint8Array, length: number): void {
    if (this.failure !== null) throw this.failure;
    try {
      decodeOperations(operations, 0, length, this.#content);
      this.#content.commit();
    } catch (error) {
      this.#content.rollBack();
      if (error instanceof StoreError) throw error;
      throw new StoreError('io', `the group is not whole operations: ${(error as Error).message}`, error);
    }
  }

  read(request: StoreRead): { readonly entries: Uint8Array; readonly more: boolean } {
    if (this.failure !== null) throw this.failure;
    const out = new ByteWriter();
    let count = 0;
    let bytes = 0;
    for (const { position, messageId, flags, identifiers } of this.#wanted(request)) {
      const message = this.#content.messages.get(messageId);
      if (message === undefined) continue;
      const { at, body } = message;
      const full = count === request.limit || (count > 0 && bytes + body.length > request.maxBytes);
      if (full) return { entries: out.finish(), more: true };
      count += 1;
      bytes += body.length;
      writeEntry(out, { position, messageId, flags, identifiers, at, body });
    }
    return { entries: out.finish(), more: false };
  }

  *#wanted(request: StoreRead): Generator<Pick<EntryRecord, 'position' | 'messageId' | 'flags' | 'identifiers'>> {
    if (request.messages !== null) {
      for (const messageId of request.messages) yield { position: 0, messageId, flags: 0, identifiers: null };
      return;
    }
    const session = this.#content.sessions.get(request.session);
    for (const entry of session?.queue ?? []) if (entry.position > request.after) yield entry;
  }

  snapshot(visit: (operations: Uint8Array) => void): void {
    const out = new ByteWriter();
    const writer = new OperationWriter(out);
    const { last, lastSession, sessions, retainedTopics, messages } = this.#content;
    writer.sequence(last, lastSession);
    for (const [number, session] of [...sessions].sort(([a], [b]) => a - b)) {
      writer.session(session.record);
      for (const record of session.subscriptions.values()) writer.subscribe(record);
      if (session.state !== null) writer.delivery(number, session.head, session.state);
      const bytes = session.queue.reduce((sum, { size }) => sum + size, 0);
      if (session.queue.length > 0) writer.queued(number, session.queue.length, bytes);
      visit(out.finish());
      out.length = 0;
    }
    for (const { messageId, publisher } of retainedTopics.values()) {
      const message = messages.get(messageId);
      if (message !== undefined) writer.retained(messageId, publisher, message.body);
    }
    if (out.length > 0) visit(out.finish());
  }

  /** Nothing to do: what was applied stays, for who opens the engine again. */
  close(): void {}

  /** What there is, as numbers. */
  content(): StoreContent {
    const { sessions, messages, retainedTopics } = this.#content;
    const counts = { sessions: sessions.size, messages: messages.size, retained: retainedTopics.size };
    let subscriptions = 0;
    let entries = 0;
    let references = 0;
    for (const session of sessions.values()) {
      subscriptions += session.subscriptions.size;
      entries += session.queue.length;
    }
    for (const message of messages.values()) references += message.references;
    return { ...counts, subscriptions, entries, references };
  }

  /** Length of a session's queue, by its number or client identifier; 0 where there is no such session. */
  queueLength(session: number | string): number {
    if (typeof session === 'number') return this.#content.sessions.get(session)?.queue.length ?? 0;
    for (const { record, queue } of this.#content.sessions.values())
      if (record.clientId === session) return queue.length;
    return 0;
  }

  /** References to a message; 0 where it is gone. */
  references(messageId: number): number {
    return this.#content.messages.get(messageId)?.references ?? 0;
  }

  /** An engine of its own with the same content, made of everything but the bodies' bytes anew. */
  clone(): MemoryEngine {
    const copy = new Content();
    const { messages, sessions, retainedTopics, last, lastSession } = this.#content;
    for (const [id, message] of messages) copy.messages.set(id, { ...message });
    for (const [number, session] of sessions) {
      const { queue, subscriptions } = session;
      copy.sessions.set(number, { ...session, queue: [...queue], subscriptions: new Map(subscriptions) });
    }
    for (const [topic, retained] of retainedTopics) copy.retainedTopics.set(topic, retained);
    copy.last = last;
    copy.lastSession = lastSession;
    return new MemoryEngine(copy);
  }
}

function copySession(record: SessionRecord): SessionRecord {
  const { will } = record;
  return { ...record, will: will === null ? null : { delay: will.delay, message: will.message.slice() } };
}
