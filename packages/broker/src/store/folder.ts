import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CHUNK_ENTRIES, type Chunks } from './chunks.ts';
import type { QueueTail, SessionQueue } from './queue-tail.ts';

/** What is being folded: the entries up to `boundary`, which are all that rows up to `row` have. */
interface Pass {
  readonly row: number;
  readonly boundary: number;
  readonly entries: number;
  readonly queues: readonly SessionQueue[];
  next: number;
}

/** When and how fast queues are folded. */
export interface FoldOptions {
  /** Queue entries in tail rows above which they are folded into chunks by session. Default 50,000. */
  readonly foldEntries?: number;
  /** Entries that even the smallest step folds, at least 1. Default 256. */
  readonly foldStep?: number;
}

/**
 * Moves queue entries from the tail, which has them in the order of writing, into chunks by session, a step with every
 * group, so that no group waits for all of it. The rows go when the last of their entries is in a chunk; until then
 * those that are in both are known by their position, which is not behind the session's newest chunk.
 */
export class Folder {
  readonly #tail: QueueTail;
  readonly #chunks: Chunks;
  readonly #threshold: number;
  readonly #smallestStep: number;
  readonly #deleteRows: StatementSync;
  #pass: Pass | null = null;

  constructor(db: DatabaseSync, tail: QueueTail, chunks: Chunks, options: FoldOptions) {
    this.#tail = tail;
    this.#chunks = chunks;
    this.#threshold = options.foldEntries ?? 50_000;
    this.#smallestStep = options.foldStep ?? 256;
    this.#deleteRows = db.prepare('DELETE FROM tail WHERE seq <= ?');
  }

  get pending(): boolean {
    return this.#pass !== null || this.#tail.entries > this.#threshold;
  }

  /**
   * Folds a little.
   *
   * @param added entries the group has added: more than that are folded, so a pass ends before the tail has doubled
   */
  step(added: number): void {
    if (!this.pending) return;
    this.#pass ??= this.#begin();
    const pass = this.#pass;
    let budget = added + (added >> 1) + this.#smallestStep;
    while (pass.next < pass.queues.length && budget > 0) {
      const queue = pass.queues[pass.next]!;
      const taken = queue.ended ? 0 : this.#foldSome(queue, pass.boundary);
      budget -= taken;
      if (taken === CHUNK_ENTRIES) continue;
      this.#tail.keep(queue);
      pass.next += 1;
    }
    if (pass.next === pass.queues.length) this.#finish(pass);
  }

  /** Puts all that is left of a queue into chunks. */
  foldAll(queue: SessionQueue): void {
    while (this.#foldSome(queue, Number.POSITIVE_INFINITY) > 0);
  }

  #begin(): Pass {
    const { lastRow, highest, entries } = this.#tail;
    return { row: lastRow, boundary: highest, entries, queues: this.#tail.takeTouched(), next: 0 };
  }

  #foldSome(queue: SessionQueue, boundary: number): number {
    const entries = this.#tail.take(queue, boundary, CHUNK_ENTRIES);
    if (entries.length > 0) this.#chunks.append(queue, entries);
    return entries.length;
  }

  #finish(pass: Pass): void {
    this.#deleteRows.run(pass.row);
    this.#tail.entries -= pass.entries;
    this.#pass = null;
  }
}
