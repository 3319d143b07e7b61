import type { DatabaseSync } from 'node:sqlite';
import { ByteWriter, type EntryRecord, type StoreRead, writeEntry } from '@cauldron/core';
import type { Chunks } from './chunks.ts';
import { progressions } from './progressions.ts';
import type { QueueTail, SessionQueue } from './queue-tail.ts';
import { RowQuery } from './rows.ts';

type Body = readonly [id: number, at: number, body: Uint8Array];

/** Answers {@link StoreRead}: entries from chunks and tail, then their messages in as few queries as possible. */
export class QueueReader {
  readonly #tail: QueueTail;
  readonly #chunks: Chunks;
  readonly #progression: RowQuery<Body>;
  readonly #scattered: RowQuery<Body>;

  constructor(db: DatabaseSync, tail: QueueTail, chunks: Chunks) {
    this.#tail = tail;
    this.#chunks = chunks;
    const columns = 'SELECT m.id, m.at, m.body FROM';
    this.#progression = new RowQuery(db, `${columns} message m WHERE m.id BETWEEN ? AND ? AND (m.id - ?) % ? = 0`);
    this.#scattered = new RowQuery(db, `${columns} json_each(?) j CROSS JOIN message m ON m.id = j.value`);
  }

  read(request: StoreRead): { entries: Uint8Array; more: boolean } {
    const answer = new Answer(request);
    if (request.messages !== null) this.#readMessages(request.messages, answer);
    else {
      const queue = this.#tail.sessions.get(request.session);
      if (queue !== undefined) this.#readQueue(queue, request, answer);
    }
    return { entries: answer.out.finish(), more: answer.more };
  }

  #readMessages(ids: readonly number[], answer: Answer): void {
    // Their sizes are not known: not so many at once that what does not fit costs much.
    const most = 64;
    for (let i = 0; i < ids.length && !answer.more; i += most) {
      const some = ids.slice(i, i + most);
      const bodies = this.#bodies(some);
      for (const messageId of some) {
        answer.add({ session: 0, position: 0, messageId, flags: 0, identifiers: null, size: 0 }, bodies.get(messageId));
      }
    }
  }

  #readQueue(queue: SessionQueue, request: StoreRead, answer: Answer): void {
    let after = Math.max(request.after, queue.head);
    while (!answer.more) {
      const window = this.#window(queue, after, request.limit - answer.count, request.maxBytes);
      if (window.length === 0) return;
      const bodies = this.#bodies(window.map((entry) => entry.messageId));
      for (const entry of window) answer.add(entry, bodies.get(entry.messageId));
      after = window.at(-1)!.position;
    }
  }

  /** Entries behind a position: one more than `most`, to see whether there is one, or so many as may fill `maxBytes`. */
  #window(queue: SessionQueue, after: number, most: number, maxBytes: number): EntryRecord[] {
    const window: EntryRecord[] = [];
    let bytes = 0;
    const visit = (entry: EntryRecord): boolean => {
      window.push(entry);
      bytes += entry.size;
      return window.length <= most && bytes <= maxBytes;
    };
    if (!this.#chunks.visit(queue, after, visit)) return window;
    const { tail } = queue;
    for (let i = firstBehind(queue, after); i < tail.length; i++) if (!visit(tail[i]!)) return window;
    return window;
  }

  #bodies(ids: readonly number[]): Map<number, Body> {
    const bodies = new Map<number, Body>();
    const scattered: number[] = [];
    progressions(ids, (first, last, step, count) => {
      if (count === 1) scattered.push(first);
      else for (const row of this.#progression.all(first, last, first, step)) bodies.set(row[0], row);
    });
    if (scattered.length > 0) {
      for (const row of this.#scattered.all(JSON.stringify(scattered))) bodies.set(row[0], row);
    }
    return bodies;
  }
}

/** Index of the first entry of a queue's tail behind a position. */
function firstBehind({ tail, start }: SessionQueue, after: number): number {
  let low = start;
  let high = tail.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tail[middle]!.position <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An answer as far as it goes. */
class Answer {
  readonly out: ByteWriter;
  more = false;
  count = 0;
  readonly #limit: number;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor({ limit, maxBytes }: StoreRead) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
    this.out = new ByteWriter(new Uint8Array(Math.min(limit * 64, 65_536)));
  }

  /** Adds an entry whose message is there, unless that breaks a limit. */
  add({ position, messageId, flags, identifiers }: EntryRecord, found: Body | undefined): void {
    if (found === undefined || this.more) return;
    const [, at, body] = found;
    if (this.count === this.#limit || (this.count > 0 && this.#bytes + body.length > this.#maxBytes)) {
      this.more = true;
      return;
    }
    this.count += 1;
    this.#bytes += body.length;
    writeEntry(this.out, { position, messageId, flags, identifiers, at, body });
  }
}
