import type { EntryRecord } from '@cauldron/core';

/** What the engine knows in memory of one session's queue. */
export interface SessionQueue {
  readonly session: number;
  /** Entries up to this position have left the queue. */
  head: number;
  /** The entries that are in tail rows only, ascending in position; those before `start` have left. */
  tail: EntryRecord[];
  start: number;
  /** Position of the newest entry the tail was given. */
  newestTail: number;
  /** `last` of the oldest chunk; 0 = there is no chunk. */
  oldestLast: number;
  /** `first` of the newest chunk, `last`, and its entries as far as known (Infinity = not). */
  newestFirst: number;
  newestLast: number;
  newestCount: number;
  ended: boolean;
}

/** A consumed start of a tail is cut off once it is that long and most of it. */
const CUT_AT = 64;

/**
 * The queues as far as they are in memory: for every session a few numbers, and the entries that were not folded into
 * chunks yet.
 */
export class QueueTail {
  readonly sessions = new Map<number, SessionQueue>();
  /** Entries in tail rows on the disk, those that have left their queue too. */
  entries = 0;
  /** Number of the newest tail row. */
  lastRow = 0;
  /** The highest position seen. */
  highest = 0;
  /** Queues that got entries since the last fold. */
  #touched = new Set<SessionQueue>();

  /** The queue of a session, made where it is new. */
  open(session: number): SessionQueue {
    let queue = this.sessions.get(session);
    if (queue === undefined) {
      queue = {
        session,
        head: 0,
        tail: [],
        start: 0,
        newestTail: 0,
        oldestLast: 0,
        newestFirst: 0,
        newestLast: 0,
        newestCount: Number.POSITIVE_INFINITY,
        ended: false,
      };
      this.sessions.set(session, queue);
    }
    return queue;
  }

  /** Forgets a session's queue. */
  end(queue: SessionQueue): void {
    queue.ended = true;
    this.sessions.delete(queue.session);
    this.#touched.delete(queue);
  }

  /** Enters an entry above the head: at its place, which is the end unless a group wrote it out of order. */
  add(queue: SessionQueue, entry: EntryRecord): void {
    const { tail } = queue;
    if (tail.length === 0) this.#touched.add(queue);
    if (entry.position > this.highest) this.highest = entry.position;
    if (entry.position > queue.newestTail) {
      queue.newestTail = entry.position;
      tail.push(entry);
      return;
    }
    let at = tail.length;
    while (at > queue.start && tail[at - 1]!.position > entry.position) at -= 1;
    tail.splice(at, 0, entry);
  }

  /** Lets go of what is at `head` or below. */
  advance(queue: SessionQueue, head: number): void {
    if (head > queue.head) queue.head = head;
    const { tail } = queue;
    let { start } = queue;
    while (start < tail.length && tail[start]!.position <= head) start += 1;
    queue.start = start;
    if (start === tail.length) this.#clear(queue);
    else if (start >= CUT_AT && start * 2 >= tail.length) {
      tail.splice(0, start);
      queue.start = 0;
    }
  }

  /** The next entries of a queue, up to `boundary`: taken out of the tail. */
  take(queue: SessionQueue, boundary: number, most: number): EntryRecord[] {
    const { tail, start } = queue;
    let end = start;
    while (end < tail.length && end - start < most && tail[end]!.position <= boundary) end += 1;
    const taken = tail.slice(start, end);
    queue.start = end;
    if (end === tail.length) this.#clear(queue);
    return taken;
  }

  /** The queues with entries in memory, whose list begins anew: those left over are entered again with `keep`. */
  takeTouched(): SessionQueue[] {
    const touched = [...this.#touched];
    this.#touched = new Set();
    return touched;
  }

  keep(queue: SessionQueue): void {
    if (!queue.ended && queue.start < queue.tail.length) this.#touched.add(queue);
  }

  #clear(queue: SessionQueue): void {
    queue.tail = [];
    queue.start = 0;
    this.#touched.delete(queue);
  }
}

/** Entries of a queue's tail, from its first to its last. */
export function* waiting(queue: SessionQueue): Generator<EntryRecord> {
  for (let i = queue.start; i < queue.tail.length; i++) yield queue.tail[i]!;
}
