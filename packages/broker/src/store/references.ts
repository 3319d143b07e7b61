import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { progressions } from './progressions.ts';

/**
 * Collects what a group changes in the reference counts and applies it at the group's end, sorted: a message goes when
 * nothing refers to it then.
 */
export class References {
  readonly #changes = new Map<number, number>();
  readonly #deleteLast: StatementSync;
  readonly #deleteLasts: StatementSync;
  readonly #lessBy1: StatementSync;
  readonly #change: StatementSync;
  readonly #deleteUnused: StatementSync;

  constructor(db: DatabaseSync) {
    const progression = 'id BETWEEN ? AND ? AND (id - ?) % ? = 0';
    this.#deleteLast = db.prepare('DELETE FROM message WHERE id = ? AND refs = 1');
    this.#deleteLasts = db.prepare(`DELETE FROM message WHERE ${progression} AND refs = 1`);
    this.#lessBy1 = db.prepare(`UPDATE message SET refs = refs - 1 WHERE ${progression}`);
    this.#change = db.prepare('UPDATE message SET refs = refs + ? WHERE id = ?');
    this.#deleteUnused = db.prepare('DELETE FROM message WHERE id = ? AND refs <= 0');
  }

  add(messageId: number, change: number): void {
    this.#changes.set(messageId, (this.#changes.get(messageId) ?? 0) + change);
  }

  /** Applies what was collected. */
  flush(): void {
    if (this.#changes.size === 0) return;
    const single: number[] = [];
    for (const [id, change] of this.#changes) {
      if (change === -1) single.push(id);
      else if (change !== 0) this.#changeBy(id, change);
    }
    this.#changes.clear();
    single.sort((a, b) => a - b);
    progressions(single, (first, last, step, count) => this.#less(first, last, step, count));
  }

  /** One reference less for `count` messages: first, first + step, ... last. */
  #less(first: number, last: number, step: number, count: number): void {
    if (count === 1) {
      if (Number(this.#deleteLast.run(first).changes) === 0) this.#change.run(-1, first);
      return;
    }
    const { changes } = this.#deleteLasts.run(first, last, first, step);
    if (Number(changes) < count) this.#lessBy1.run(first, last, first, step);
  }

  #changeBy(id: number, change: number): void {
    this.#change.run(change, id);
    if (change < 0) this.#deleteUnused.run(id);
  }
}
