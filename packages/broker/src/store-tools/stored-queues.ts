import type { DatabaseSync } from 'node:sqlite';
import type { EntryRecord } from '@cauldron/core';
import { readChunk, readTail } from '../store/queue-codec.ts';
import { RowQuery } from '../store/rows.ts';

/** How much waits in a queue. `bytes` as they count for queue limits. */
export interface Waiting {
  readonly count: number;
  readonly bytes: number;
}

type ChunkRow = [last: number, entries: Uint8Array];
type ChunkSummary = [first: number, last: number, count: number, bytes: number];

/**
 * Reads sessions' queues from a database that somebody else may be writing: within one transaction, it sees one moment.
 * Of the queues only what is in tail rows is in memory, which the store keeps short.
 */
export class StoredQueues {
  readonly #head: RowQuery<[head: number]>;
  readonly #newest: RowQuery<[last: number | null]>;
  readonly #chunks: RowQuery<ChunkRow>;
  readonly #summaries: RowQuery<ChunkSummary>;
  readonly #chunk: RowQuery<[entries: Uint8Array]>;
  readonly #tails: ReadonlyMap<number, readonly EntryRecord[]>;

  /**
   * Reads the tail: call it within the transaction.
   *
   * @param damaged told of every part of the tail that cannot be read; what it throws is thrown
   */
  constructor(db: DatabaseSync, damaged: (error: unknown) => void) {
    this.#head = new RowQuery(db, 'SELECT head FROM delivery WHERE session = ?');
    this.#newest = new RowQuery(db, 'SELECT max(last) FROM chunk WHERE session = ?');
    this.#chunks = new RowQuery(db, 'SELECT last, entries FROM chunk WHERE session = ? AND last > ? ORDER BY first');
    this.#summaries = new RowQuery(
      db,
      'SELECT first, last, count, bytes FROM chunk WHERE session = ? AND last > ? ORDER BY first',
    );
    this.#chunk = new RowQuery(db, 'SELECT entries FROM chunk WHERE session = ? AND first = ?');
    this.#tails = readTails(db, damaged);
  }

  /** Entries that wait in a session's queue, in order. @throws {RangeError} where a chunk is damaged */
  *entries(session: number): Generator<EntryRecord> {
    const head = this.#head.get(session)?.[0] ?? 0;
    let last = head;
    for (const [chunkLast, bytes] of this.#chunks.iterate(session, head)) {
      yield* entriesAbove(bytes, session, head);
      last = chunkLast;
    }
    for (const entry of this.#tails.get(session) ?? []) if (entry.position > last) yield entry;
  }

  /** How much waits in a session's queue, without reading the queue. @throws {RangeError} where it is damaged */
  waiting(session: number): Waiting {
    const head = this.#head.get(session)?.[0] ?? 0;
    let [count, bytes] = [0, 0];
    const add = (entries: Iterable<EntryRecord>): void => {
      for (const { size } of entries) {
        count += 1;
        bytes += size;
      }
    };
    for (const [first, , entries, size] of this.#summaries.iterate(session, head)) {
      if (first > head) {
        count += entries;
        bytes += size;
      } else add(entriesAbove(this.#chunk.get(session, first)![0], session, head));
    }
    const last = Math.max(head, this.#newest.get(session)?.[0] ?? 0);
    add((this.#tails.get(session) ?? []).filter(({ position }) => position > last));
    return { count, bytes };
  }
}

function entriesAbove(bytes: Uint8Array, session: number, head: number): EntryRecord[] {
  const entries: EntryRecord[] = [];
  readChunk(bytes, session, (entry) => {
    if (entry.position > head) entries.push(entry);
    return true;
  });
  return entries;
}

function readTails(db: DatabaseSync, damaged: (error: unknown) => void): Map<number, EntryRecord[]> {
  const tails = new Map<number, EntryRecord[]>();
  const rows = new RowQuery<[entries: Uint8Array]>(db, 'SELECT entries FROM tail ORDER BY seq');
  const add = (entry: EntryRecord): void => {
    const entries = tails.get(entry.session);
    if (entries === undefined) tails.set(entry.session, [entry]);
    else entries.push(entry);
  };
  try {
    for (const [bytes] of rows.iterate()) {
      try {
        readTail(bytes, add);
      } catch (error) {
        damaged(error);
      }
    }
  } catch (error) {
    damaged(error);
  }
  // A group may have written entries of one session out of order.
  for (const entries of tails.values()) entries.sort((a, b) => a.position - b.position);
  return tails;
}
