import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Chunks } from './chunks.ts';
import { readChunk } from './queue-codec.ts';
import type { References } from './references.ts';
import { RowQuery } from './rows.ts';

/** How fast the queues of ended sessions are dropped. */
export interface PurgeOptions {
  /** References dropped at most per group, chunks being whole. Default 2,000. */
  readonly purgeStep?: number;
}

/** Drops what ended sessions with long queues still refer to, a step with every group. */
export class Purger {
  readonly #chunks: Chunks;
  readonly #references: References;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #all: RowQuery<[session: number, head: number]>;
  #waiting: [session: number, head: number][] = [];
  readonly #step: number;
  #budget: number;

  constructor(db: DatabaseSync, chunks: Chunks, references: References, options: PurgeOptions) {
    this.#chunks = chunks;
    this.#references = references;
    this.#step = options.purgeStep ?? 2000;
    this.#budget = this.#step;
    this.#insert = db.prepare('INSERT INTO purge (session, head) VALUES (?, ?)');
    this.#delete = db.prepare('DELETE FROM purge WHERE session = ?');
    this.#all = new RowQuery(db, 'SELECT session, head FROM purge ORDER BY session');
  }

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** Reads what an earlier run left to do. */
  load(): void {
    this.#waiting = this.#all.all();
    this.#budget = this.#step;
  }

  /** Whether a queue of `entries` is dropped at once; then they count for this group's step. */
  fits(entries: number): boolean {
    if (entries > this.#budget) return false;
    this.#budget -= entries;
    return true;
  }

  /** Notes a session that has ended, whose chunks are to go. */
  add(session: number, head: number): void {
    this.#insert.run(session, head);
    this.#waiting.push([session, head]);
  }

  step(): void {
    while (this.#budget > 0 && this.#waiting.length > 0) {
      const [session, head] = this.#waiting[0]!;
      const entries = this.#chunks.takeOldest(session);
      if (entries === undefined) {
        this.#delete.run(session);
        this.#waiting.shift();
      } else {
        readChunk(entries, session, ({ position, messageId }) => {
          if (position > head) this.#references.add(messageId, -1);
          this.#budget -= 1;
          return true;
        });
      }
    }
    this.#budget = this.#step;
  }
}
