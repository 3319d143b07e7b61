import type { AckGate } from '../connection/ack-gate.ts';
import type { Flushable, FlushSet } from '../connection/flush-set.ts';
import type { Message } from '../message.ts';
import type { Metrics } from '../metrics.ts';
import type { Observer } from '../ports.ts';
import type { Fanout } from '../routing/fanout.ts';
import type { RetainedTree } from '../routing/retained-tree.ts';
import type { QueuedMessage } from '../session/queued-message.ts';
import type { Session } from '../session/session.ts';
import { ByteWriter } from './bytes.ts';
import { keepForRetry } from './failed-group.ts';
import { Group, SessionChange } from './group.ts';
import { Lives } from './lives.ts';
import { Numbers } from './numbers.ts';
import { ReadLine } from './read-line.ts';
import {
  failureCode,
  type Reader,
  type Store,
  type StoreFailure,
  type StoreRead,
  type StoreReceiver,
} from './store.ts';
import { StoredMessage } from './stored-message.ts';
import { type Stalled, Waiters } from './waiters.ts';

/** What the journal needs of the broker around it. */
export interface JournalHost {
  readonly now: number;
  readonly flushSet: FlushSet;
  readonly metrics: Metrics;
  readonly observer: Observer;
  readonly retained: RetainedTree;
  /** Calls back after so many milliseconds; false where nobody can. */
  after(milliseconds: number, then: () => void): boolean;
}

/** How long messages in flight wait for acknowledgements before they are written, milliseconds, and how many bytes of them. */
const PATIENCE = 2;
const MOST_PATIENT_BYTES = 262_144;
/** How long after a failed write the next is tried, milliseconds. */
const RETRY_AFTER = 1000;
/** Bytes of memory that may wait for the store before publishers are no longer read from, about. */
export const MOST_WAITING_BYTES = 33_554_432;
/** What a message, and a session's share in it, take beside the message's own bytes, about. */
const BYTES_BESIDE = 256;

/**
 * Between the broker and its store: collects what has to become durable, hands it over one group at a time, and lets go
 * of the answers that waited for it. While one group is being written the next is collected, and a message that all its
 * subscribers have acknowledged by then is never written.
 *
 *     turn:   publish, publish, puback ...            publish ...
 *     collect [ group 7 ............ ] submit -> [ group 8 ................ ] submit
 *     store                             [ writing 7 .......... ] written
 *                                                               +-> answers with ticket 7 leave
 */
export class Journal implements StoreReceiver, Flushable {
  /** Number of the group that is being collected: what is noted now is durable once `durable` reaches it. */
  ticket = 1;
  /** Number of the last group that is on the disk. */
  durable = 0;
  /** Why the store does not work at the moment; null = it does. */
  failure: StoreFailure | null = null;
  readonly numbers = new Numbers();
  readonly lives = new Lives();
  readonly #host: JournalHost;
  readonly #store: Store;
  #group = new Group();
  #writing: Group | null = null;
  #writingTicket = 0;
  #noted = false;
  #retryAt = 0;
  readonly #reads: ReadLine;
  /** Reading failed, which was said. */
  #readFailing = false;
  #retryReadsAt = Number.POSITIVE_INFINITY;
  readonly #waiters = new Waiters();
  /** A moment of waiting for acknowledgements is under way. */
  #patient = false;
  readonly #outOfPatience = (): void => {
    this.#patient = false;
    if (this.#group.needed > 0) this.#note();
    else this.#look();
  };
  /** A buffer that was taken and not needed. */
  #buffer: Uint8Array | null = null;
  /** Bytes the last group had: what the next one will need, about. */
  #expected = 65_536;

  constructor(host: JournalHost, store: Store) {
    this.#host = host;
    this.#store = store;
    this.#reads = new ReadLine(store);
  }

  // ---- collecting

  /** Something is to be written at the end of this turn. */
  #note(): void {
    this.#group.urgent = true;
    this.#look();
  }

  /** What was noted must not wait for acknowledgements. */
  hurry(): void {
    this.#note();
  }

  #look(): void {
    if (this.#noted) return;
    this.#noted = true;
    this.#host.flushSet.add(this);
  }

  /** Gives a session's share of the message on its way to the store. */
  hold(item: QueuedMessage, fanout: Fanout): void {
    const record = this.recordOf(fanout);
    record.items.push(item);
    record.references += 1;
    item.record = record;
    item.messageId = record.id;
    this.#group.shares += 1;
  }

  /** What the store shall know of the message on its way. */
  recordOf(fanout: Fanout): StoredMessage {
    fanout.record ??= this.#newRecord(fanout.message());
    return fanout.record;
  }

  #newRecord(message: Message): StoredMessage {
    const record = new StoredMessage(this.numbers.next(), message, this.#host.now, this.ticket);
    this.#group.records.push(record);
    this.#group.bytes += message.size;
    this.#group.needed += 1;
    this.#look();
    return record;
  }

  /** Gives a session's share of a retained message, which the store has or will have. */
  holdRetained(item: QueuedMessage, kept: StoredMessage | number): void {
    if (typeof kept !== 'number' && !kept.submitted) {
      kept.items.push(item);
      kept.references += 1;
      item.record = kept;
      item.messageId = kept.id;
      return;
    }
    item.messageId = typeof kept === 'number' ? kept : kept.id;
    item.refers = true;
    this.#group.referring.push(item);
    this.#note();
  }

  /** A session needs its share no more: it was delivered, dropped, or refused by the client. */
  settle(item: QueuedMessage): void {
    if (item.settled || item.messageId === 0) return;
    item.settled = true;
    const { record } = item;
    item.record = null;
    if (item.refers) return; // its reference was never written
    if (record === null || record.submitted) this.done(item.messageId);
    else this.#release(record);
  }

  /** A place less needs a message that the store has. */
  done(messageId: number): void {
    this.#group.done.push(messageId);
    this.#note();
  }

  #release(record: StoredMessage): void {
    record.references -= 1;
    if (record.references > 0) return;
    this.#group.needed -= 1;
    record.gate?.release(this.durable);
  }

  /** A retained message was kept for a topic, in place of `before`. */
  retain(topic: string, record: StoredMessage, before: StoredMessage | number): void {
    record.retained = true;
    record.references += 1;
    this.#retainedChanged(topic, before);
  }

  /** A topic's retained message is gone. */
  unretain(topic: string, before: StoredMessage | number): void {
    this.#retainedChanged(topic, before);
  }

  #retainedChanged(topic: string, before: StoredMessage | number): void {
    this.#group.topics.add(topic);
    this.#note();
    if (typeof before === 'number') {
      if (before > 0) this.done(before);
      return;
    }
    before.retained = false;
    if (before.submitted) this.done(before.id);
    else this.#release(before);
  }

  /** Something of a session changed: its record, or what is in flight ({@link SessionChange}). */
  touch(session: Session, change: number): void {
    if (session.number === 0) return;
    this.#group.touch(session, change);
    if ((change & SessionChange.delivery) !== 0) session.deliveryTicket = this.ticket;
    this.#note();
  }

  /** A subscription was entered, replaced or removed. */
  touchFilter(session: Session, filter: string): void {
    if (session.number === 0) return;
    session.changedFilters ??= new Set();
    session.changedFilters.add(filter);
    this.touch(session, 0);
  }

  /** A session begins that the store is to keep. */
  began(session: Session): void {
    session.number = this.numbers.nextSession();
    this.lives.changed(session.clientId, this.ticket);
  }

  /** A session the store knows is over. `head` is the last position that left its queue. */
  ended(session: Session, head: number): void {
    this.#group.ended.push({ session: session.number, head });
    this.lives.changed(session.clientId, this.ticket);
    this.#group.sessions.delete(session);
    this.#waiters.forget(session);
    this.#note();
  }

  // ---- waiting

  /** An answer waits in this gate. */
  listGate(gate: AckGate): void {
    this.#waiters.gate(gate);
  }

  /** Wakes a session when the group now collected is written. */
  wake(session: Session): void {
    this.#waiters.session(session);
    this.#note();
  }

  /** Number of the group with which everything noted so far is on the disk. */
  get notedTicket(): number {
    if (!this.#group.empty) return this.ticket;
    return this.#writing === null ? this.durable : this.#writingTicket;
  }

  /**
   * Resolves to null when everything noted so far is on the disk, or to the failure of a write before. Not for the data
   * path: a promise each.
   */
  writtenOnce(): Promise<StoreFailure | null> {
    this.#note();
    return this.#waiters.promise(this.ticket);
  }

  /** More waits for the store than may: who publishes should wait too. */
  get overloaded(): boolean {
    const { bytes, records, shares } = this.#group;
    return bytes + (records.length + shares) * BYTES_BESIDE > MOST_WAITING_BYTES;
  }

  /** Tells a publisher when there is room for more. */
  stall(publisher: Stalled): void {
    this.#waiters.stall(publisher);
  }

  /** Calls back when everything noted so far is written; at once where it is. */
  whenIdle(then: () => void): void {
    this.#waiters.whenIdle(then);
    if (this.idle) this.#waiters.idle();
    else this.#note();
  }

  /** Everything noted so far is written. */
  get idle(): boolean {
    return this.#writing === null && this.#group.empty;
  }

  /** Reads from the store; the answer goes to `reader`. While reading fails it is tried again and again. */
  read(request: StoreRead, reader: Reader): void {
    this.#reads.ask(request, reader);
  }

  // ---- writing

  /**
   * The end of a turn: hands over what it brought, unless a group is under way. Where all of it is in flight to clients
   * that are here, it waits a moment for their acknowledgements, which usually leave nothing to write.
   */
  flush(): void {
    this.#noted = false;
    if (this.#writing !== null || (this.failure !== null && this.#host.now < this.#retryAt)) return;
    if (this.#mayWait && this.#host.after(PATIENCE, this.#outOfPatience)) this.#patient = true;
    else if (!this.#patient || this.#group.urgent || this.#group.bytes >= MOST_PATIENT_BYTES) this.#submit();
  }

  /** Nothing has to be written yet, and nobody waits for the end of a patient moment so far. */
  get #mayWait(): boolean {
    const group = this.#group;
    return !this.#patient && !group.urgent && group.needed > 0 && group.bytes < MOST_PATIENT_BYTES;
  }

  /** Time went on: a store that failed is tried again. */
  tick(now: number): void {
    if (now >= this.#retryReadsAt) {
      this.#retryReadsAt = Number.POSITIVE_INFINITY;
      this.#reads.retry();
    }
    if (this.failure !== null && now >= this.#retryAt && this.#writing === null) this.#submit();
  }

  #submit(): void {
    const group = this.#group;
    const out = new ByteWriter(this.#buffer ?? this.#store.take(Math.max(this.#expected, 4096)));
    this.#buffer = null;
    const something = group.encode(out, [this.numbers.last, this.numbers.lastSession], (topic) =>
      this.#host.retained.kept(topic),
    );
    this.#group = new Group();
    this.#writingTicket = this.ticket;
    this.ticket += 1;
    this.#writing = group;
    this.#noted = false;
    if (!something && this.failure === null) {
      // There was nothing, or all of it became unnecessary: what waited need not.
      this.#buffer = out.bytes;
      this.durable = this.#writingTicket;
      this.#settleGroup();
      this.#waiters.readOn();
      return;
    }
    this.#expected = out.length + (out.length >> 2);
    this.#host.metrics.storeWrites += 1;
    this.#host.metrics.storeBytes += out.length;
    this.#store.write(out.bytes, out.length);
    this.#waiters.readOn();
  }

  // ---- what the store answers

  written(): void {
    this.durable = this.#writingTicket;
    if (this.failure !== null) {
      this.failure = null;
      this.#host.observer.storeRecovered?.();
    }
    this.#settleGroup();
  }

  /** The group is written: whoever waited for it goes on. */
  #settleGroup(): void {
    const { records, referring } = this.#writing!;
    this.#writing = null;
    for (const record of records) {
      record.written();
      if (record.retained) this.#host.retained.written(record);
    }
    for (const item of referring) item.written();
    this.lives.written(this.durable);
    this.#waiters.release(this.durable);
    if (!this.#group.empty || this.#group.urgent) this.#look();
    else this.#waiters.idle();
  }

  writeFailed(failure: StoreFailure): void {
    const failed = this.#writing!;
    this.#writing = null;
    keepForRetry(failed, this.#group, this.ticket);
    this.#host.metrics.storeFailures += 1;
    const isNew = this.failure?.kind !== failure.kind;
    this.failure = failure;
    this.#retryAt = this.#host.now + RETRY_AFTER;
    if (isNew) this.#host.observer.storeFailing?.(failure);
    this.#waiters.refuse(failureCode(failure), failure, this.durable);
    this.#waiters.readOn();
  }

  entriesRead(_request: StoreRead, entries: Uint8Array, more: boolean): void {
    this.#readFailing = false;
    this.#reads.answered(entries, more);
  }

  /** One session's queue may be unreadable while everything else works, so nobody else is refused for it. */
  readFailed(_request: StoreRead, failure: StoreFailure): void {
    this.#host.metrics.storeFailures += 1;
    this.#reads.failed();
    this.#retryReadsAt = this.#host.now + RETRY_AFTER;
    if (this.#readFailing) return;
    this.#readFailing = true;
    const reason = `the store could not read what waits for a client: ${failure.message}; it is tried again every second`;
    this.#host.observer.internalError?.(new Error(reason), 'the store');
  }
}
