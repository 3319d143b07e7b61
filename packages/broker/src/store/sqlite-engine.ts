import type { DatabaseSync } from 'node:sqlite';
import { decodeOperations, type OperationVisitor, type StoreEngine, StoreError, type StoreRead } from '@cauldron/core';
import { Chunks } from './chunks.ts';
import {
  closeUntouched,
  damaged,
  isDamage,
  type OpenOptions,
  openDatabase,
  openWitness,
  StoreRefused,
} from './database.ts';
import { asStoreError } from './failure.ts';
import { Folder, type FoldOptions } from './folder.ts';
import { type EngineParts, GroupWriter } from './group-writer.ts';
import { type PurgeOptions, Purger } from './purger.ts';
import { readTail } from './queue-codec.ts';
import { QueueReader } from './queue-reader.ts';
import { QueueTail } from './queue-tail.ts';
import { References } from './references.ts';
import { RowQuery } from './rows.ts';
import { writeSnapshot } from './snapshot.ts';

export interface EngineOptions extends OpenOptions, FoldOptions, PurgeOptions {}

/**
 * The durable store on one thread, over SQLite: a group is a transaction, on the disk when `apply` returns.
 *
 * Memory holds per session a few numbers and the queue entries that were not folded yet. After a failure it is read
 * again from the database, which has nothing of the group that failed.
 */
export class SqliteEngine implements StoreEngine {
  readonly #path: string;
  readonly #options: EngineOptions;
  #db: DatabaseSync;
  #state: EngineState;
  #stale = false;

  /** Of a damaged store, which is not to be changed any more: see {@link openWitness}. */
  #witness: DatabaseSync | null = null;

  private constructor(path: string, options: EngineOptions, db: DatabaseSync) {
    this.#path = path;
    this.#options = options;
    this.#db = db;
    this.#state = new EngineState(db, options);
  }

  /**
   * Opens the store in a file, and makes one where there is none.
   *
   * @throws {StoreRefused} for what is no store, a newer one, or damaged: it is left as it is
   * @throws {StoreError} where the disk fails
   */
  static open(path: string, options: EngineOptions = {}): SqliteEngine {
    const db = openDatabase(path, options);
    try {
      return new SqliteEngine(path, options, db);
    } catch (error) {
      closeUntouched(db, path);
      throw explain(error, path, 'cannot open the store');
    }
  }

  /** The connection, for checkpoints and backups: nothing may be written with it, nor after a failure be kept. */
  get database(): DatabaseSync {
    return this.#db;
  }

  apply(operations: Uint8Array, length: number): void {
    this.#transaction('cannot write to the store', ({ writer }) => {
      decodeGroup(operations, length, writer);
      writer.finish();
    });
  }

  /**
   * Does a step of what can wait (folding, dropping the queues of ended sessions), for when nothing else is to do.
   *
   * @returns whether there is more
   * @throws {StoreError}
   */
  maintain(): boolean {
    if (!this.#stale && !this.#state.pending) return false;
    this.#transaction('cannot tidy up the store', (state) => state.writer.finish());
    return this.#state.pending;
  }

  read(request: StoreRead): { readonly entries: Uint8Array; readonly more: boolean } {
    return this.#attempt('cannot read from the store', (state) => state.reader.read(request));
  }

  snapshot(visit: (operations: Uint8Array) => void): void {
    this.#attempt('cannot read the store', ({ tail, chunks }) => writeSnapshot(this.#db, tail, chunks, visit));
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #transaction(doing: string, work: (state: EngineState) => void): void {
    this.#attempt(doing, (state) => {
      try {
        this.#db.exec('BEGIN IMMEDIATE');
        work(state);
        this.#db.exec('COMMIT');
      } catch (error) {
        this.#stale = true;
        this.#rollBack();
        throw error;
      }
    });
  }

  /** SQLite rolls back by itself after some errors. Where it cannot, the next operation takes a new connection. */
  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      this.#db.close();
    }
  }

  #attempt<T>(doing: string, work: (state: EngineState) => T): T {
    try {
      if (this.#stale) this.#recover();
      return work(this.#state);
    } catch (error) {
      const failure = explain(error, this.#path, doing);
      // Kept for as long as this engine is, so that it outlives every other connection of this process.
      if (failure instanceof StoreRefused && failure.reason === 'damaged') this.#witness ??= openWitness(this.#path);
      throw failure;
    }
  }

  /** After a failed write: reads again what memory must hold. */
  #recover(): void {
    if (!this.#db.isOpen) this.#db = openDatabase(this.#path, { ...this.#options, create: false, again: true });
    this.#state = new EngineState(this.#db, this.#options);
    this.#stale = false;
  }
}

/** What is in memory and every prepared statement. */
class EngineState implements EngineParts {
  readonly tail = new QueueTail();
  readonly chunks: Chunks;
  readonly references: References;
  readonly folder: Folder;
  readonly purger: Purger;
  readonly writer: GroupWriter;
  readonly reader: QueueReader;

  constructor(db: DatabaseSync, options: EngineOptions) {
    this.chunks = new Chunks(db);
    this.references = new References(db);
    this.folder = new Folder(db, this.tail, this.chunks, options);
    this.purger = new Purger(db, this.chunks, this.references, options);
    this.writer = new GroupWriter(db, this);
    this.reader = new QueueReader(db, this.tail, this.chunks);
    this.#load(db);
  }

  get pending(): boolean {
    return this.folder.pending || this.purger.pending;
  }

  #load(db: DatabaseSync): void {
    const { tail } = this;
    const heads = new RowQuery<[session: number, head: number | null]>(
      db,
      'SELECT s.number, d.head FROM session s LEFT JOIN delivery d ON d.session = s.number',
    );
    for (const [session, head] of heads.iterate()) tail.open(session).head = head ?? 0;
    for (const [session, oldestLast, newestFirst, newestLast] of this.chunks.bounds()) {
      const queue = tail.sessions.get(session);
      if (queue !== undefined) Object.assign(queue, { oldestLast, newestFirst, newestLast });
    }
    this.purger.load();
    const rows = new RowQuery<[seq: number, entries: Uint8Array]>(db, 'SELECT seq, entries FROM tail ORDER BY seq');
    for (const [seq, entries] of rows.iterate()) {
      tail.lastRow = seq;
      readTail(entries, (entry) => {
        tail.entries += 1;
        const queue = tail.sessions.get(entry.session);
        if (queue !== undefined && entry.position > Math.max(queue.head, queue.newestLast)) tail.add(queue, entry);
      });
    }
  }
}

function decodeGroup(operations: Uint8Array, length: number, visitor: OperationVisitor): void {
  try {
    decodeOperations(operations, 0, length, visitor);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StoreError('io', `the group is not whole operations: ${error.message}`, error);
  }
}

function explain(error: unknown, path: string, doing: string): Error {
  if (isDamage(error) || error instanceof RangeError) {
    return damaged(path, `${doing} ${path}: ${(error as Error).message}`, error);
  }
  return asStoreError(error, path, `${doing} ${path}`);
}
