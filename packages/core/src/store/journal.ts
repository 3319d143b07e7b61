import { ReasonCode } from '@cauldron/protocol';
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
import { readEntries } from './entries.ts';
import { Group, SessionChange } from './group.ts';
import type { Reader, Store, StoreFailure, StoreRead, StoreReceiver } from './store.ts';
import { StoredMessage } from './stored-message.ts';

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
/** Bytes of messages that may wait for the store before publishers are no longer read from. */
export const MOST_WAITING_BYTES = 33_554_432;

/** Something that waits until a group is written, or until the store takes more. */
export interface Waiter {
  storeCaughtUp(): void;
}

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
  readonly #host: JournalHost;
  readonly #store: Store;
  #sequence = 0;
  #sessionNumbers = 0;
  #group = new Group();
  #writing: Group | null = null;
  /** Changes of sessions in the group being written, to be noted again if it fails. */
  #writingChanges: { session: Session; changes: number; filters: Set<string> | null }[] = [];
  #writingTicket = 0;
  #noted = false;
  #retryAt = 0;
  #gates: AckGate[] = [];
  #awaiting = new Set<Session>();
  /** Who asked for what, in order: so come the answers. */
  #reads: { readonly request: StoreRead; readonly reader: Reader }[] = [];
  #failedReads: { readonly request: StoreRead; readonly reader: Reader }[] = [];
  #stalled: Waiter[] = [];
  #promises: { readonly ticket: number; readonly resolve: () => void }[] = [];
  #idle: (() => void)[] = [];
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
  }

  // ---- numbers

  /** The next number for a message or a place in a queue. */
  nextNumber(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  nextSessionNumber(): number {
    this.#sessionNumbers += 1;
    return this.#sessionNumbers;
  }

  /** Goes on behind the numbers of an earlier run. */
  continueFrom(last: number, lastSession: number): void {
    this.#sequence = Math.max(this.#sequence, last);
    this.#sessionNumbers = Math.max(this.#sessionNumbers, lastSession);
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
  }

  /** What the store shall know of the message on its way. */
  recordOf(fanout: Fanout): StoredMessage {
    fanout.record ??= this.#newRecord(fanout.message());
    return fanout.record;
  }

  #newRecord(message: Message): StoredMessage {
    const record = new StoredMessage(this.nextNumber(), message, this.#host.now);
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
    if (record === null || record.submitted) this.#done(item.messageId);
    else this.#release(record);
  }

  /** A message that only the store had was dropped from a session's queue. */
  forget(messageId: number): void {
    this.#done(messageId);
  }

  #done(messageId: number): void {
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
      if (before > 0) this.#done(before);
      return;
    }
    before.retained = false;
    if (before.submitted) this.#done(before.id);
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

  /** A session the store knows is over. `head` is the last position that left its queue. */
  ended(session: Session, head: number): void {
    this.#group.ended.push({ session: session.number, head });
    this.#group.sessions.delete(session);
    this.#awaiting.delete(session);
    this.#note();
  }

  // ---- waiting

  /** An answer waits in this gate. */
  listGate(gate: AckGate): void {
    if (gate.listed) return;
    gate.listed = true;
    this.#gates.push(gate);
  }

  /** Wakes a session when the group now collected is written. */
  wake(session: Session): void {
    this.#awaiting.add(session);
    this.#note();
  }

  /** Resolves when everything noted so far is on the disk. Not for the data path: a promise each. */
  writtenOnce(): Promise<void> {
    const { ticket } = this;
    return new Promise((resolve) => {
      this.#promises.push({ ticket, resolve });
      this.#note();
    });
  }

  /** More waits for the store than may: who publishes should wait too. */
  get overloaded(): boolean {
    return this.#group.bytes > MOST_WAITING_BYTES;
  }

  /** Tells `waiter` when the store has caught up. */
  stall(waiter: Waiter): void {
    this.#stalled.push(waiter);
  }

  /** Calls back when everything noted so far is written; at once where it is. */
  whenIdle(then: () => void): void {
    if (this.idle) {
      then();
      return;
    }
    this.#idle.push(then);
    this.#note();
  }

  /** Everything noted so far is written. */
  get idle(): boolean {
    return this.#writing === null && this.#group.empty;
  }

  /** Reads from the store; the answer goes to `reader`. While reading fails it is tried again and again. */
  read(request: StoreRead, reader: Reader): void {
    this.#reads.push({ request, reader });
    this.#store.read(request);
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
    if (this.failure === null || now < this.#retryAt || this.#writing !== null) return;
    for (const { request, reader } of this.#failedReads.splice(0)) this.read(request, reader);
    this.#submit();
  }

  #submit(): void {
    const group = this.#group;
    const out = new ByteWriter(this.#buffer ?? this.#store.take(Math.max(this.#expected, 4096)));
    this.#buffer = null;
    const something = group.encode(out, [this.#sequence, this.#sessionNumbers], (topic) =>
      this.#host.retained.kept(topic),
    );
    this.#group = new Group();
    this.#writingTicket = this.ticket;
    this.ticket += 1;
    this.#writingChanges = takeChanges(group);
    this.#writing = group;
    this.#noted = false;
    if (!something && this.failure === null) {
      // There was nothing, or all of it became unnecessary: what waited need not.
      this.#buffer = out.bytes;
      this.durable = this.#writingTicket;
      this.#settleGroup();
      return;
    }
    this.#expected = out.length + (out.length >> 2);
    this.#host.metrics.storeWrites += 1;
    this.#host.metrics.storeBytes += out.length;
    this.#store.write(out.bytes, out.length);
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
    for (const record of this.#writing!.records) {
      for (const item of record.items) item.record = null;
      record.items = [];
    }
    this.#writing = null;
    this.#writingChanges = [];
    this.#releaseGates();
    const awaiting = this.#awaiting;
    this.#awaiting = new Set();
    for (const session of awaiting) session.written();
    for (const waiter of this.#stalled.splice(0)) waiter.storeCaughtUp();
    const promises = this.#promises;
    this.#promises = promises.filter(({ ticket }) => ticket > this.durable);
    for (const { ticket, resolve } of promises) if (ticket <= this.durable) resolve();
    if (!this.#group.empty) this.#look();
    else for (const then of this.#idle.splice(0)) then();
  }

  #releaseGates(): void {
    const gates = this.#gates;
    this.#gates = [];
    for (const gate of gates) {
      gate.listed = false;
      gate.release(this.durable);
      if (gate.waiting > 0) this.listGate(gate);
    }
  }

  writeFailed(failure: StoreFailure): void {
    const failed = this.#writing!;
    this.#writing = null;
    this.#keepForRetry(failed);
    this.#refuseWaiting(failure);
    for (const waiter of this.#stalled.splice(0)) waiter.storeCaughtUp();
    this.#fails(failure);
  }

  /**
   * What the failed group said of sessions, retained messages and what is done is said again by the next; messages that
   * somebody waits to hear of are given up, in this group and the next: their publishers are told and may send again.
   */
  #keepForRetry(failed: Group): void {
    const next = this.#group;
    for (const { session, changes, filters } of this.#writingChanges.splice(0)) {
      if (session.ended) continue;
      next.touch(session, changes);
      if (filters !== null) session.changedFilters = new Set([...filters, ...(session.changedFilters ?? [])]);
    }
    const lost = new Set<number>();
    for (const record of failed.records) if (record.submitted) lost.add(record.id);
    next.done = [...failed.done, ...next.done.filter((id) => !lost.has(id))];
    next.ended = [...failed.ended, ...next.ended];
    next.refers.push(...failed.refers);
    for (const topic of failed.topics) next.topics.add(topic);
    for (const item of failed.referring) {
      // The reference was not written; where the session is done with it already, its `done` has to find one.
      if (item.settled) next.refers.push(item.messageId);
      else next.referring.push(item);
      item.refers = !item.settled;
    }
    const records = [...failed.records, ...next.records];
    next.records = [];
    next.bytes = 0;
    next.needed = 0;
    next.urgent = true;
    for (const record of records) this.#giveUp(record);
  }

  #giveUp(record: StoredMessage): void {
    for (const item of record.items) {
      if (item.settled) continue;
      item.settled = true;
      item.record = null;
      if (!item.session.ended) item.session.cancelled(item);
    }
    record.items = [];
    record.submitted = false;
    record.cancelled = true;
    record.references = record.retained ? 1 : 0;
    // In memory it is what the topic has, so that is what the store shall have too.
    if (!record.retained) return;
    this.#group.records.push(record);
    this.#group.bytes += record.message.size;
    this.#group.needed += 1;
  }

  #refuseWaiting(failure: StoreFailure): void {
    const code = failureCode(failure);
    const gates = this.#gates;
    this.#gates = [];
    for (const gate of gates) {
      gate.listed = false;
      gate.refuse(code, failure.message);
      gate.release(this.durable);
      if (gate.waiting > 0) this.listGate(gate);
    }
  }

  entriesRead(_request: StoreRead, entries: Uint8Array, more: boolean): void {
    const { request, reader } = this.#reads.shift()!;
    reader.entriesRead(request, readEntries(entries), more);
  }

  readFailed(_request: StoreRead, failure: StoreFailure): void {
    this.#failedReads.push(this.#reads.shift()!);
    this.#fails(failure);
  }

  #fails(failure: StoreFailure): void {
    this.#host.metrics.storeFailures += 1;
    const first = this.failure === null;
    this.failure = failure;
    this.#retryAt = this.#host.now + RETRY_AFTER;
    if (first) this.#host.observer.storeFailing?.(failure);
  }
}

/** The reason code that tells a publisher of a failure: quota exceeded, or implementation specific error. */
export function failureCode(failure: StoreFailure): number {
  return failure.kind === 'full' ? ReasonCode.quotaExceeded : ReasonCode.implementationSpecificError;
}

function takeChanges(group: Group): { session: Session; changes: number; filters: Set<string> | null }[] {
  const taken = [];
  for (const session of group.sessions) {
    taken.push({ session, changes: session.changes, filters: session.changedFilters });
    session.changes = 0;
    session.changedFilters = null;
  }
  return taken;
}
