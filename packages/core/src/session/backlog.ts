import type { DropReason } from '../ports.ts';
import { SessionChange } from '../store/group.ts';
import { BacklogReader } from './backlog-reader.ts';
import type { QueuedMessage } from './queued-message.ts';
import type { Session } from './session.ts';
import { SessionQueue } from './session-queue.ts';

/** What waits for a session's client, within the limits: what is entered, what leaves, and what is dropped for room. */
export class Backlog {
  readonly #session: Session;
  readonly #queue: SessionQueue;
  #reader: BacklogReader | null = null;

  constructor(session: Session) {
    this.#session = session;
    this.#queue = new SessionQueue(session.host.memoryWindow);
  }

  get length(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Position of the last message that left. */
  get head(): number {
    return this.#queue.head;
  }

  /** There are messages that live QoS 0 must not pass. */
  get ordersQos0(): boolean {
    return this.#queue.ordersQos0;
  }

  /** QoS 0 waits in the store: some of the queue is there alone, or QoS 0 is that must not be passed. */
  get storesQos0(): boolean {
    return this.#queue.storesQos0;
  }

  // ---- in and out

  /** Enters a message that is kept in memory alone. */
  push(item: QueuedMessage): void {
    this.#session.host.queueChanged(1, item.size);
    this.#queue.push(item);
  }

  /** Enters a message the store keeps: in memory too where there is a client to read it soon. */
  pushKept(item: QueuedMessage): void {
    const session = this.#session;
    const journal = session.host.journal!;
    item.position = journal.numbers.next();
    journal.hurry(); // it may wait here for long
    session.host.queueChanged(1, item.size);
    if (!session.away && this.#queue.hasWindow) this.#queue.push(item);
    else this.#queue.pushStored(item);
  }

  /** The next message, where it is in memory. */
  peek(): QueuedMessage | undefined {
    return this.#queue.items.peek();
  }

  shift(): QueuedMessage {
    const { host } = this.#session;
    const item = this.#queue.shift();
    host.queueChanged(-1, -item.size);
    // The store has it as waiting; from now on it is in flight or gone.
    if (item.known) host.journal!.touch(this.#session, SessionChange.delivery);
    return item;
  }

  /** Sees to it that what only the store has comes to memory as there is room. */
  refill(): void {
    if (this.#queue.stored > 0) this.#read().refill();
  }

  #read(): BacklogReader {
    this.#reader ??= new BacklogReader(this.#session, this, this.#queue);
    return this.#reader;
  }

  /** The store could not keep a message. */
  cancelled(item: QueuedMessage): void {
    const { size } = item;
    if (!this.#queue.remove(item)) this.#queue.unstored(size);
    this.#session.host.queueChanged(-1, -size);
  }

  // ---- limits

  /** Whether one more message has no place, once what is too old made room. */
  lacksRoomFor(size: number): boolean {
    if (!this.#isFull(size)) return false;
    this.#dropStale();
    if (!this.#isFull(size)) return false;
    const { stored, items } = this.#queue;
    const waits = this.#session.limits.queueFull !== 'drop-oldest';
    if (waits && stored > 0 && items.length === 0) this.#read().trimStale();
    return true;
  }

  #isFull(more: number): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#session.limits;
    return this.#queue.length >= maxQueuedMessages || this.#queue.bytes + more > maxQueuedBytes;
  }

  /** It holds more than it may. */
  get overfull(): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#session.limits;
    return this.#queue.length > maxQueuedMessages || this.#queue.bytes > maxQueuedBytes;
  }

  /** Makes room for a message as the policy says; false where there is none. */
  makeRoom(size: number): boolean {
    if (!this.lacksRoomFor(size)) return true;
    const { limits } = this.#session;
    if (limits.queueFull !== 'drop-oldest') return false;
    const queue = this.#queue;
    while (this.#isFull(size) && queue.items.length > 0) this.#dropHead('queue-full');
    if (!this.#isFull(size)) return true;
    if (queue.stored === 0) return false;
    // What only the store has will be dropped for it: until it has been read, the queue is over its limit.
    this.#read().trim();
    return true;
  }

  /** Drops what is too old at the head of the part in memory. // [MQTT-3.3.2-5] */
  #dropStale(): void {
    for (let item = this.peek(); item !== undefined; item = this.peek()) {
      const reason = this.staleness(item.message!.expiresAt, item.at);
      if (reason === null) return;
      this.#dropHead(reason);
    }
  }

  /** Why a queued message is not worth sending any more, or null. Times in milliseconds. */
  staleness(expiresAt: number, at: number): 'expired' | 'too-old' | null {
    const { now } = this.#session.host;
    if (expiresAt <= now) return 'expired';
    const { maxQueuedAge } = this.#session.limits;
    return maxQueuedAge > 0 && at + maxQueuedAge * 1000 <= now ? 'too-old' : null;
  }

  #dropHead(reason: DropReason): void {
    const { host } = this.#session;
    const item = this.shift();
    host.journal?.settle(item);
    host.dropped(this.#session, reason);
  }

  // ---- the client's coming and going

  /** The client went: what the store keeps need not be in memory. */
  leave(): void {
    this.#reader?.stop();
    if (this.#session.number > 0) this.#queue.leave();
  }

  /** A group was written while the client is away: what could not be dropped before, because it was not there, can be now. */
  written(): void {
    if (this.overfull && this.#queue.stored > 0 && this.#session.limits.queueFull === 'drop-oldest')
      this.#read().trim();
  }

  /** What left before an earlier broker stopped. */
  restoreHead(head: number): void {
    this.#queue.head = head;
    this.#queue.readTo = head;
  }

  /** So much waits in the store. */
  restore(count: number, bytes: number): void {
    this.#queue.restore(count, bytes);
    this.#session.host.queueChanged(count, bytes);
  }

  /** The session is over: nothing waits any more. */
  clear(): void {
    this.#reader?.stop();
    const queue = this.#queue;
    const { host } = this.#session;
    host.queueChanged(-queue.length, -queue.bytes);
    // The store lets go of its entries by itself, so only what it never heard of is settled here.
    for (let item = queue.items.shift(); item !== undefined; item = queue.items.shift()) {
      if (!item.known) host.journal?.settle(item);
    }
    queue.forgetStored();
  }
}
