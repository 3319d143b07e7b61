import { OfflineQueue } from './offline-queue.ts';
import type { QueuedMessage } from './queued-message.ts';

/** Messages of a session that the store keeps which are held in memory as well, at most: the default. */
export const MEMORY_WINDOW = 1024;
/** Bytes of them beyond which no more are added. */
export const WINDOW_BYTES = 1_048_576;

/**
 * What waits for a client, first in, first out: a part in memory, and behind it what only the store has. So a client
 * that is away for a month costs disk, and one that comes back is served from a window that is read as it empties.
 *
 *     head                      readTo
 *      |  items (in memory)       |  stored (counted here, kept there)   |
 *      +--------------------------+--------------------------------------+  <- new ones
 */
export class SessionQueue {
  readonly items = new OfflineQueue();
  /** How many of them the store may keep too. */
  readonly window: number;
  /** Messages and bytes that only the store has. */
  stored = 0;
  storedBytes = 0;
  /** Position of the last message that left the queue. */
  head = 0;
  /** Position of the last message that is or was in memory. */
  readTo = 0;
  /** Retained and QoS 0 messages in memory: while there are any, live QoS 0 waits behind and passes nothing older. */
  #orderedInMemory = 0;
  /** There may be such messages among those only the store has. */
  #orderedInStore = false;
  /** The store has, or may have, QoS 0 messages of this queue. */
  #keepsQos0 = false;

  constructor(window: number) {
    this.window = window;
  }

  get length(): number {
    return this.items.length + this.stored;
  }

  get bytes(): number {
    return this.items.bytes + this.storedBytes;
  }

  get ordersQos0(): boolean {
    return this.#orderedInMemory > 0 || this.#orderedInStore;
  }

  get orderedInMemory(): number {
    return this.#orderedInMemory;
  }

  /**
   * A QoS 0 message has its place in the store: when the client goes, what is in memory alone comes to stand before
   * everything else, and must not have passed QoS 0 messages by that.
   */
  get storesQos0(): boolean {
    if (this.length === 0) this.#keepsQos0 = false;
    return this.stored > 0 || this.#keepsQos0;
  }

  /** Whether a message the store keeps can have its place in memory too. */
  get hasWindow(): boolean {
    return this.stored === 0 && this.items.length < this.window && this.items.bytes < WINDOW_BYTES;
  }

  push(item: QueuedMessage): void {
    if (item.position > 0) {
      this.readTo = item.position;
      if (item.qos === 0) this.#keepsQos0 = true;
    }
    if (item.ordered) this.#orderedInMemory += 1;
    this.items.push(item);
  }

  /** Counts a message that only the store keeps. */
  pushStored(item: QueuedMessage): void {
    this.stored += 1;
    this.storedBytes += item.size;
    if (item.ordered) this.#orderedInStore = true;
  }

  /** Messages are there that no counter of this process has seen: those of a restored session. */
  restore(count: number, bytes: number): void {
    this.stored = count;
    this.storedBytes = bytes;
    this.#orderedInStore = count > 0;
  }

  /** A message that only the store had is in memory now, or gone. */
  unstored(size: number): void {
    this.stored -= 1;
    this.storedBytes -= size;
    if (this.stored === 0) this.#orderedInStore = false;
  }

  shift(): QueuedMessage {
    const item = this.items.shift()!;
    if (item.ordered) this.#orderedInMemory -= 1;
    if (item.position > 0) this.head = item.position;
    return item;
  }

  /** The store's counters were wrong: nothing is there. Returns what they said. */
  forgetStored(): { readonly count: number; readonly bytes: number } {
    const counted = { count: this.stored, bytes: this.storedBytes };
    this.restore(0, 0);
    return counted;
  }

  /**
   * The client went: what the store keeps is not held in memory too. What it does not keep stays.
   */
  leave(): void {
    const all: QueuedMessage[] = [];
    while (this.items.length > 0) all.push(this.items.shift()!);
    this.#orderedInMemory = 0;
    for (const item of all) {
      if (item.position > 0) {
        this.pushStored(item);
      } else {
        if (item.ordered) this.#orderedInMemory += 1;
        this.items.push(item);
      }
    }
    this.readTo = this.head;
  }

  /** Takes out a message that the store could not keep; false where it is not in memory. */
  remove(item: QueuedMessage): boolean {
    const rest: QueuedMessage[] = [];
    let found = false;
    while (this.items.length > 0) {
      const next = this.items.shift()!;
      if (next === item) found = true;
      else rest.push(next);
    }
    for (const next of rest) this.items.push(next);
    if (found && item.ordered) this.#orderedInMemory -= 1;
    return found;
  }
}
