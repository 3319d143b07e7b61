import type { TopicNode } from './topic-node.ts';

/** A level that a page shows. */
export interface VisibleRow {
  readonly node: TopicNode;
  readonly depth: number;
  readonly expanded: boolean;
}

/**
 * The rows that a tree shows when some of its levels are open, without going through those that are not asked for: what
 * lies between two open levels is skipped at once.
 */
export class Flattening {
  /** Open levels by the level above them. */
  readonly #open = new Map<TopicNode, TopicNode[]>();
  readonly #sizes = new Map<TopicNode, number>();
  #skip = 0;
  #limit = 0;
  #rows: VisibleRow[] = [];

  /** @param open levels that are open; what is below a closed one does not matter */
  constructor(open: Iterable<TopicNode>) {
    for (const node of new Set(open)) {
      if (node.parent === null || node.size === 0) continue;
      const beside = this.#open.get(node.parent);
      if (beside === undefined) this.#open.set(node.parent, [node]);
      else beside.push(node);
    }
    for (const nodes of this.#open.values()) nodes.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Rows below a root, or below a level that is open. */
  size(node: TopicNode): number {
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    let size = node.size;
    for (const open of this.#open.get(node) ?? []) size += this.size(open);
    this.#sizes.set(node, size);
    return size;
  }

  /** Rows `offset` up to `offset + limit` of what is below these roots, one after the other. */
  rows(roots: readonly TopicNode[], offset: number, limit: number): VisibleRow[] {
    this.#skip = offset;
    this.#limit = limit;
    this.#rows = [];
    for (const root of roots) this.#below(root, 0);
    return this.#rows;
  }

  #below(node: TopicNode, depth: number): void {
    const size = this.size(node);
    if (this.#skip >= size) {
      this.#skip -= size;
      return;
    }
    let at = 0;
    for (const open of this.#open.get(node) ?? []) {
      const index = node.indexOf(open.key);
      this.#closed(node, at, index, depth);
      if (this.#take()) this.#rows.push({ node: open, depth, expanded: true });
      if (this.#full) return;
      this.#below(open, depth + 1);
      at = index + 1;
    }
    this.#closed(node, at, node.size, depth);
  }

  get #full(): boolean {
    return this.#rows.length >= this.#limit;
  }

  /** False = the row lies before the first that is asked for, or there are enough. */
  #take(): boolean {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return false;
    }
    return !this.#full;
  }

  /** Closed levels side by side. */
  #closed(node: TopicNode, from: number, to: number, depth: number): void {
    const skipped = Math.min(this.#skip, to - from);
    this.#skip -= skipped;
    const { children } = node;
    for (let i = from + skipped; i < to && !this.#full; i++) {
      this.#rows.push({ node: children[i]!, depth, expanded: false });
    }
  }
}
