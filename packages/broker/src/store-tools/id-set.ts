/** Numbers gathered before they are looked at. */
const BATCH = 1_000_000;

/**
 * A set of whole numbers that takes 8 bytes for each: first filled with `add`, then read in ascending order and by place.
 */
export class IdSet {
  #sorted = new Float64Array(0);
  #pending: number[] = [];

  add(id: number): void {
    if (this.#pending.push(id) >= BATCH) this.#merge();
  }

  /** The numbers in ascending order. */
  get ids(): Float64Array {
    if (this.#pending.length > 0) this.#merge();
    return this.#sorted;
  }

  /** Where a number stands among the others, from 0; -1 = it is not there. */
  indexOf(id: number): number {
    const { ids } = this;
    let low = 0;
    let high = ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (ids[middle]! < id) low = middle + 1;
      else if (ids[middle]! > id) high = middle - 1;
      else return middle;
    }
    return -1;
  }

  has(id: number): boolean {
    return this.indexOf(id) >= 0;
  }

  #merge(): void {
    const both = new Float64Array(this.#sorted.length + this.#pending.length);
    both.set(this.#sorted);
    both.set(this.#pending, this.#sorted.length);
    both.sort();
    this.#pending = [];
    let length = 0;
    for (const id of both) if (length === 0 || both[length - 1] !== id) both[length++] = id;
    this.#sorted = both.slice(0, length);
  }
}
