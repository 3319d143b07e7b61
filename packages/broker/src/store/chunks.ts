import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ByteWriter, type EntryRecord } from '@cauldron/core';
import { readChunk, writeChunkEntry } from './queue-codec.ts';
import type { SessionQueue } from './queue-tail.ts';
import { RowQuery } from './rows.ts';

/** Entries of one chunk at most: a read decodes one from its beginning. */
export const CHUNK_ENTRIES = 512;
/** Up to this many entries, new ones are put into the newest chunk, so that no queue becomes a chunk per message. */
const SMALL_CHUNK = 64;

type Chunk = readonly [first: number, last: number, entries: Uint8Array];

/** The `chunk` table: queue entries by session. */
export class Chunks {
  readonly #insert: StatementSync;
  readonly #extend: StatementSync;
  readonly #drop: StatementSync;
  readonly #dropOne: StatementSync;
  readonly #blob: RowQuery<[entries: Uint8Array]>;
  readonly #oldest: RowQuery<Chunk>;
  readonly #containing: RowQuery<Chunk>;
  readonly #next: RowQuery<Chunk>;
  readonly #bounds: RowQuery<[session: number, oldestLast: number, newestFirst: number, newestLast: number]>;
  readonly #sums: RowQuery<[count: number, bytes: number]>;
  readonly #out = new ByteWriter();

  constructor(db: DatabaseSync) {
    const columns = 'SELECT first, last, entries FROM chunk WHERE session = ?';
    this.#insert = db.prepare(
      'INSERT INTO chunk (session, first, last, count, bytes, entries) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#extend = db.prepare(
      'UPDATE chunk SET last = ?, count = count + ?, bytes = bytes + ?, entries = ? WHERE session = ? AND first = ?',
    );
    this.#drop = db.prepare('DELETE FROM chunk WHERE session = ? AND first <= ? AND last <= ?');
    this.#dropOne = db.prepare('DELETE FROM chunk WHERE session = ? AND first = ?');
    this.#blob = new RowQuery(db, 'SELECT entries FROM chunk WHERE session = ? AND first = ?');
    this.#oldest = new RowQuery(db, `${columns} ORDER BY first LIMIT 1`);
    this.#containing = new RowQuery(db, `${columns} AND first <= ? ORDER BY first DESC LIMIT 1`);
    this.#next = new RowQuery(db, `${columns} AND first > ? ORDER BY first LIMIT 1`);
    this.#bounds = new RowQuery(db, 'SELECT session, min(last), max(first), max(last) FROM chunk GROUP BY session');
    this.#sums = new RowQuery(db, 'SELECT sum(count), sum(bytes) FROM chunk WHERE session = ?');
  }

  /** Puts entries, which are behind all that are in chunks, into the newest chunk or a new one. */
  append(queue: SessionQueue, entries: readonly EntryRecord[]): void {
    const out = this.#out;
    out.length = 0;
    const extend = queue.oldestLast > 0 && queue.newestCount + entries.length <= SMALL_CHUNK;
    if (extend) out.raw(this.#blob.get(queue.session, queue.newestFirst)![0]);
    let bytes = 0;
    for (const entry of entries) {
      writeChunkEntry(out, entry);
      bytes += entry.size;
    }
    const first = entries[0]!.position;
    const last = entries.at(-1)!.position;
    const blob = out.bytes.subarray(0, out.length);
    if (extend) {
      this.#extend.run(last, entries.length, bytes, blob, queue.session, queue.newestFirst);
      if (queue.oldestLast === queue.newestLast) queue.oldestLast = last;
      queue.newestCount += entries.length;
    } else {
      this.#insert.run(queue.session, first, last, entries.length, bytes, blob);
      if (queue.oldestLast === 0) queue.oldestLast = last;
      queue.newestFirst = first;
      queue.newestCount = entries.length;
    }
    queue.newestLast = last;
  }

  /** Deletes the chunks that lie wholly at or below the queue's head. */
  dropConsumed(queue: SessionQueue): void {
    if (queue.oldestLast === 0 || queue.head < queue.oldestLast) return;
    this.#drop.run(queue.session, queue.head, queue.head);
    queue.oldestLast = queue.head >= queue.newestLast ? 0 : this.#oldest.get(queue.session)![1];
  }

  /** The oldest chunk of a session that has ended, taken out; undefined = there is none. */
  takeOldest(session: number): Uint8Array | undefined {
    const oldest = this.#oldest.get(session);
    if (oldest === undefined) return undefined;
    this.#dropOne.run(session, oldest[0]);
    return oldest[2];
  }

  /** Visits a queue's entries in chunks behind a position, in order, until `visit` returns false: then false. */
  visit(queue: SessionQueue, after: number, visit: (entry: EntryRecord) => boolean): boolean {
    if (queue.oldestLast === 0 || after >= queue.newestLast) return true;
    const { session } = queue;
    let chunk = this.#containing.get(session, after) ?? this.#next.get(session, after);
    let goesOn = true;
    while (chunk !== undefined && goesOn) {
      if (chunk[1] > after) {
        readChunk(chunk[2], session, (entry) => {
          goesOn = entry.position <= after || visit(entry);
          return goesOn;
        });
      }
      if (goesOn) chunk = this.#next.get(session, chunk[0]);
    }
    return goesOn;
  }

  /** For every session with chunks: `last` of its oldest, and `first` and `last` of its newest. */
  bounds(): IterableIterator<[session: number, oldestLast: number, newestFirst: number, newestLast: number]> {
    return this.#bounds.iterate();
  }

  /** How much of a queue is in chunks, above its head. */
  waiting(queue: SessionQueue): { count: number; bytes: number } {
    if (queue.oldestLast === 0) return { count: 0, bytes: 0 };
    let [count, bytes] = this.#sums.get(queue.session)!;
    const [first, , entries] = this.#oldest.get(queue.session)!;
    if (first > queue.head) return { count, bytes };
    readChunk(entries, queue.session, ({ position, size }) => {
      if (position > queue.head) return false;
      count -= 1;
      bytes -= size;
      return true;
    });
    return { count, bytes };
  }
}
