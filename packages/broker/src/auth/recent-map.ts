/**
 * A map that holds the `size` entries used last, at least half as many exactly: when the young half is full it becomes
 * the old half, and what was old and not used meanwhile is forgotten. Every operation takes constant time, which a map
 * kept in order of use does not where entries leave at its front.
 */
export class RecentMap<V> {
  readonly #half: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** @param size entries at most; 0 = it stays empty */
  constructor(size: number) {
    this.#half = size <= 0 ? 0 : Math.max(1, Math.floor(size / 2));
  }

  /** Entries there are; none is in both halves. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    if (this.#half === 0) return;
    this.#old.delete(key);
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Forgets all entries that `what` holds for. */
  deleteWhere(what: (value: V) => boolean): void {
    for (const half of [this.#young, this.#old]) {
      for (const [key, value] of half) if (what(value)) half.delete(key);
    }
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
