/** Level identifiers of the wildcards; literal levels count from 3. 0 marks a free row. */
const SINGLE = 1;
const MULTI = 2;
const FIRST_LITERAL = 3;

/** Marks a row whose edge was removed: probing goes on past it. */
const REMOVED = -1;

/**
 * The edges of the subscription trie as one open-addressing hash table over typed arrays: (node, level) -> child node.
 * Node 0 is the root and, as a result, "none". Levels are interned, so a level shared by many filters is one string.
 *
 *     row = hash(node, level) & mask      nodes[row] levels[row] children[row]
 */
export class EdgeTable {
  #nodes = new Int32Array(64);
  #levels = new Int32Array(64);
  #children = new Int32Array(64);
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

  /** The node a literal level leads to, 0 = none. */
  child(node: number, level: string): number {
    const id = this.#levelIds.get(level);
    // A topic's level is never a wildcard, whatever it is spelled like: names with + or # were refused.
    return id === undefined || id < FIRST_LITERAL ? 0 : this.#lookup(node, id);
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
    const levels = this.#levels;
    const nodes = this.#nodes;
    let row = this.#hash(node, level);
    while (levels[row] !== 0) {
      if (levels[row] === level && nodes[row] === node) return row;
      row = (row + 1) & this.#mask;
    }
    return -1;
  }

  #lookup(node: number, level: number): number {
    const row = this.#row(node, level);
    return row < 0 ? 0 : this.#children[row]!;
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
    let row = this.#hash(node, level);
    while (this.#levels[row] !== 0) row = (row + 1) & this.#mask;
    this.#nodes[row] = node;
    this.#levels[row] = level;
    this.#children[row] = child;
    this.#used += 1;
  }

  #removeEdge(parent: number, level: string): void {
    const id = this.#levelIds.get(level)!;
    const row = this.#row(parent, id);
    this.#levels[row] = REMOVED;
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
    const nodes = this.#nodes;
    const levels = this.#levels;
    const children = this.#children;
    const live = this.size;
    let capacity = this.#mask + 1;
    while ((live + 1) * 3 > capacity) capacity *= 2;
    this.#nodes = new Int32Array(capacity);
    this.#levels = new Int32Array(capacity);
    this.#children = new Int32Array(capacity);
    this.#mask = capacity - 1;
    this.#used = 0;
    this.#removed = 0;
    for (let row = 0; row < levels.length; row++) {
      if (levels[row]! > 0) this.#place(nodes[row]!, levels[row]!, children[row]!);
    }
  }
}

function grown(array: Int32Array, index: number): Int32Array {
  if (index < array.length) return array;
  const larger = new Int32Array(Math.max(index + 1, array.length * 2));
  larger.set(array);
  return larger;
}
