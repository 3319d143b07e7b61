/** The keys of a tree, as the ARIA practices give them, over rows of which only some are here. */

/** What the keys need to know of a row. */
export interface KeyRow {
  readonly path: string;
  readonly level: string;
  readonly depth: number;
  readonly children: number;
  readonly expanded: boolean;
}

export interface KeyState {
  /** The row that has the focus; -1 = none yet. */
  readonly index: number;
  /** Rows there are. */
  readonly total: number;
  /** Rows that fit the window. */
  readonly page: number;
  /** undefined = the row is not here. */
  readonly rowAt: (index: number) => KeyRow | undefined;
}

export type TreeMove =
  | { readonly kind: 'go'; readonly index: number }
  /** `go-above`: to the level above, which is not among the rows that are here. */
  | { readonly kind: 'open' | 'close' | 'choose' | 'open-beside' | 'go-above'; readonly row: KeyRow }
  /** Characters to find the next row by. */
  | { readonly kind: 'type'; readonly character: string };

/** What a key does; null = nothing, and it is not the tree's. */
export function treeMove(key: string, state: KeyState): TreeMove | null {
  const { index, total, page } = state;
  if (total === 0) return null;
  const row = state.rowAt(index);
  switch (key) {
    case 'ArrowDown':
      return go(index + 1, total);
    case 'ArrowUp':
      return go(index < 0 ? 0 : index - 1, total);
    case 'Home':
      return go(0, total);
    case 'End':
      return go(total - 1, total);
    case 'PageDown':
      return go(index + Math.max(1, page - 1), total);
    case 'PageUp':
      return go(index - Math.max(1, page - 1), total);
    case 'ArrowRight':
      return row === undefined ? null : toTheRight(row, index, total);
    case 'ArrowLeft':
      return row === undefined ? null : toTheLeft(row, state);
    case 'Enter':
    case ' ':
      return row === undefined ? null : { kind: 'choose', row };
    case '*':
      return row === undefined ? null : { kind: 'open-beside', row };
    default:
      return key.length === 1 ? { kind: 'type', character: key } : null;
  }
}

const go = (index: number, total: number): TreeMove => ({
  kind: 'go',
  index: Math.max(0, Math.min(total - 1, index)),
});

function toTheRight(row: KeyRow, index: number, total: number): TreeMove | null {
  if (row.children === 0) return null;
  return row.expanded ? go(index + 1, total) : { kind: 'open', row };
}

function toTheLeft(row: KeyRow, { index, rowAt }: KeyState): TreeMove | null {
  if (row.expanded && row.children > 0) return { kind: 'close', row };
  if (row.depth === 0) return null;
  for (let at = index - 1; at >= 0; at--) {
    const above = rowAt(at);
    if (above === undefined) return { kind: 'go-above', row };
    if (above.depth < row.depth) return { kind: 'go', index: at };
  }
  return null;
}

/** The path of the level above: `a/b` of `a/b/c`; null at the top. */
export function pathAbove({ path, level, depth }: KeyRow): string | null {
  return depth === 0 ? null : path.slice(0, path.length - level.length - 1);
}

/** The paths of all levels above a topic, from the top: `a`, `a/b` of `a/b/c`. */
export function pathsAbove(topic: string): string[] {
  const levels = topic.split('/');
  return levels.slice(1).map((_, at) => levels.slice(0, at + 1).join('/'));
}

/**
 * The next row from `index` on, around the end, whose level begins with what was typed; the one at `index` itself counts only
 * where more than one character was typed. Rows that are not here are passed over.
 *
 * @returns -1 = none
 */
export function findTyped(typed: string, state: KeyState): number {
  const wanted = typed.toLowerCase();
  const from = typed.length > 1 ? 0 : 1;
  const start = Math.max(0, state.index);
  for (let step = from; step <= state.total; step++) {
    const at = (start + step) % state.total;
    if (state.rowAt(at)?.level.toLowerCase().startsWith(wanted)) return at;
  }
  return -1;
}
