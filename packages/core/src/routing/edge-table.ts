/** Level identifiers of the wildcards; literal levels count from 3. 0 marks a free row. */
const SINGLE = 1;
const MULTI = 2;
const FIRST_LITERAL = 3;

/** Marks a row whose edge was removed: probing goes on past it. */
const REMOVED = -1;

/** Numbers a row has: node, level, child, and one unused, so that no row straddles two cache lines. */
const ROW = 4;
const LEVEL = 1;
const CHILD = 2;

/**
 * The edges of the subscription trie as one open-addressing hash table over a typed array: (node, level) -> child node.
 * Node 0 is the root and, as a result, "none". Levels are interned, so a level shared by many filters is one string. A
 * look-up in a large table costs a cache miss and little else, so the three numbers of an edge lie together.
 *
 *     row = (hash(node, level) & mask) * 4      rows[row..row+3] = node, level, child, -
 */
export class EdgeTable {
  #rows = new Int32Array(64 * ROW);
  #mask = 63;
  #used = 0;
  #removed = 0;

  /** Number of edges that leave a node. */
  #degrees: Int32Array = new Int32Array(64);
  #nodeCount = 1;
  readonly #freeNodes: number[] = [];

  readonly #levelIds = new Map<string, number>([
    ['+', SINGLE],
    ['#', MULTI],
  ]);
  /** How many edges use a level, by level identifier. */
  #levelUses: Int32Array = new Int32Array(64);
  #levelCount = FIRST_LITERAL;
  readonly #freeLevels: number[] = [];

  /** Number of edges. */
  get size(): number {
    return this.#used - this.#removed;
  }

  /** The identifier of a topic's level, 0 where no filter has it. Topics have no wildcards, so it is none of theirs. */
  levelId(level: string): number {
    return this.#levelIds.get(level) ?? 0;
  }

  /** The node a literal level leads to, 0 = none. */
  child(node: number, levelId: number): number {
    return levelId === 0 ? 0 : this.#lookup(node, levelId);
  }

  /** The node `+` leads to, 0 = none. */
  single(node: number): number {
    return this.#lookup(node, SINGLE);
  }

  /** The node `#` leads to, 0 = none. */
  multi(node: number): number {
    return this.#lookup(node, MULTI);
  }

  /** The node of a whole filter, 0 = none. */
  find(filter: string): number {
    let node = 0;
    for (const level of filter.split('/')) {
      const id = this.#levelIds.get(level);
      node = id === undefined ? 0 : this.#lookup(node, id);
      if (node === 0) return 0;
    }
    return node;
  }

  /** The node of a whole filter, made where it is missing. */
  insert(filter: string): number {
    let node = 0;
    for (const level of filter.split('/')) {
      const id = this.#intern(level);
      node = this.#lookup(node, id) || this.#add(node, id);
    }
    return node;
  }

  /** Removes a filter's nodes from its end upward, as far as they lead nowhere else and `kept` does not want them. */
  prune(filter: string, kept: (node: number) => boolean): void {
    const path: [parent: number, level: string, node: number][] = [];
    let node = 0;
    for (const level of filter.split('/')) {
      const child = this.#lookup(node, this.#levelIds.get(level) ?? 0);
      if (child === 0) return;
      path.push([node, level, child]);
      node = child;
    }
    for (let i = path.length - 1; i >= 0; i--) {
      const [parent, level, child] = path[i]!;
      if (this.#degrees[child]! > 0 || kept(child)) return;
      this.#removeEdge(parent, level);
      this.#freeNodes.push(child);
    }
  }

  #hash(node: number, level: number): number {
    let h = Math.imul(node, 0x9e3779b1) ^ Math.imul(level, 0x85ebca6b);
    h ^= h >>> 15;
    h = Math.imul(h, 0x2c1b3c6d);
    return (h ^ (h >>> 13)) & this.#mask;
  }

  #row(node: number, level: number): number {
    const rows = this.#rows;
    let slot = this.#hash(node, level);
    for (;;) {
      const row = slot * ROW;
      const found = rows[row + LEVEL];
      if (found === 0) return -1;
      if (found === level && rows[row] === node) return row;
      slot = (slot + 1) & this.#mask;
    }
  }

  #lookup(node: number, level: number): number {
    const row = this.#row(node, level);
    return row < 0 ? 0 : this.#rows[row + CHILD]!;
  }

  #intern(level: string): number {
    const known = this.#levelIds.get(level);
    if (known !== undefined) return known;
    const id = this.#freeLevels.pop() ?? this.#levelCount++;
    this.#levelUses = grown(this.#levelUses, id);
    this.#levelUses[id] = 0;
    this.#levelIds.set(level, id);
    return id;
  }

  #add(node: number, level: number): number {
    if ((this.#used + 1) * 2 > this.#mask) this.#rehash();
    const child = this.#freeNodes.pop() ?? this.#nodeCount++;
    this.#degrees = grown(this.#degrees, child);
    this.#degrees[child] = 0;
    this.#degrees[node]! += 1;
    if (level >= FIRST_LITERAL) this.#levelUses[level]! += 1;
    this.#place(node, level, child);
    return child;
  }

  #place(node: number, level: number, child: number): void {
    const rows = this.#rows;
    let slot = this.#hash(node, level);
    while (rows[slot * ROW + LEVEL] !== 0) slot = (slot + 1) & this.#mask;
    const row = slot * ROW;
    rows[row] = node;
    rows[row + LEVEL] = level;
    rows[row + CHILD] = child;
    this.#used += 1;
  }

  #removeEdge(parent: number, level: string): void {
    const id = this.#levelIds.get(level)!;
    const row = this.#row(parent, id);
    this.#rows[row + LEVEL] = REMOVED;
    this.#removed += 1;
    this.#degrees[parent]! -= 1;
    if (id < FIRST_LITERAL) return;
    this.#levelUses[id]! -= 1;
    if (this.#levelUses[id] === 0) {
      this.#levelIds.delete(level);
      this.#freeLevels.push(id);
    }
  }

  /** Doubles the table, or only sweeps the removed rows out where these are what fills it. */
  #rehash(): void {
    const old = this.#rows;
    const live = this.size;
    let capacity = this.#mask + 1;
    while ((live + 1) * 3 > capacity) capacity *= 2;
    this.#rows = new Int32Array(capacity * ROW);
    this.#mask = capacity - 1;
    this.#used = 0;
    this.#removed = 0;
    for (let row = 0; row < old.length; row += ROW) {
      if (old[row + LEVEL]! > 0) this.#place(old[row]!, old[row + LEVEL]!, old[row + CHILD]!);
    }
  }
}

function grown(array: Int32Array, index: number): Int32Array {
  if (index < array.length) return array;
  const larger = new Int32Array(Math.max(index + 1, array.length * 2));
  larger.set(array);
  return larger;
}
