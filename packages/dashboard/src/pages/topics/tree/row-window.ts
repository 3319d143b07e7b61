import type { TopicRow, TopicRows } from '@cauldron/broker/admin-api';

/** Which rows are asked for. */
export interface RowWindow {
  readonly offset: number;
  readonly limit: number;
}

/** Rows asked for before and behind those that can be seen, so that a short way is scrolled without waiting. */
const BESIDE = 40;
/** Rows before and behind that are left when others are asked for. */
const ENOUGH = 10;
/** Most rows that are asked for. */
const MOST = 300;
/** Rows that are remembered. */
const REMEMBERED = 5000;

/**
 * Which rows to ask for when some can be seen. The same as before while those are within it: each change is a request.
 *
 * @param total rows there are, as far as is known
 */
export function windowFor(before: RowWindow, first: number, shown: number, total: number): RowWindow {
  const end = before.offset + before.limit;
  const reachesUp = before.offset === 0 || first - ENOUGH >= before.offset;
  const reachesDown = end >= total || first + shown + ENOUGH <= end;
  const covers = first >= before.offset && first + shown <= end;
  if (covers && reachesUp && reachesDown) return before;
  const offset = Math.max(0, first - BESIDE);
  return { offset, limit: Math.min(MOST, first - offset + shown + BESIDE) };
}

/**
 * The rows that came, those out of sight included, as long as the same levels are open: what was scrolled past is there at
 * once, until its news come.
 */
export class RowMemory {
  #rows = new Map<number, TopicRow>();
  #key = '';
  #total = 0;

  /** Rows there are. */
  get total(): number {
    return this.#total;
  }

  /** Takes what came. @param key what decides which rows there are: another one begins anew */
  put(key: string, { rows, offset, total }: TopicRows): void {
    if (key !== this.#key || this.#rows.size > REMEMBERED) this.#rows = new Map();
    this.#key = key;
    this.#total = total;
    rows.forEach((row, at) => void this.#rows.set(offset + at, row));
  }

  at(index: number): TopicRow | undefined {
    return index < this.#total ? this.#rows.get(index) : undefined;
  }

  /** Whether the rows are those of this key. */
  isOf(key: string): boolean {
    return key === this.#key;
  }

  /** Whether all rows of a window are here. */
  has({ offset, limit }: RowWindow): boolean {
    const end = Math.min(offset + limit, this.#total);
    for (let index = offset; index < end; index++) if (!this.#rows.has(index)) return false;
    return true;
  }

  /** -1 = it is not here. */
  indexOf(path: string): number {
    for (const [index, row] of this.#rows) if (row.path === path && index < this.#total) return index;
    return -1;
  }
}

/** The topics whose message is another one than before; what was not here before is not new. */
export function changedTopics(before: readonly TopicRow[], now: readonly TopicRow[]): string[] {
  const counts = new Map(before.map(({ path, value }) => [path, value?.count ?? null]));
  return now
    .filter(({ path, value }) => value !== null && (counts.get(path) ?? value.count) !== value.count)
    .map(({ path }) => path);
}

/**
 * The levels to open so that one more is seen: all closed ones of the uppermost level that has some.
 *
 * @param room most rows that may come of it; what is over it stays closed
 */
export function levelsToOpen(rows: readonly TopicRow[], room: number): string[] {
  const closed = rows.filter(({ children, expanded }) => children > 0 && !expanded);
  const top = Math.min(...closed.map(({ depth }) => depth));
  let left = room;
  return closed
    .filter(({ depth, children }) => {
      const fits = depth === top && children <= left;
      if (fits) left -= children;
      return fits;
    })
    .map(({ path }) => path);
}
