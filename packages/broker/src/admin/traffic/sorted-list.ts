/** What a {@link SortedList} holds. */
export interface Keyed {
  readonly key: string;
  /** It was taken out; the list drops it when it is next looked at. */
  readonly gone: boolean;
}

/**
 * Things in the order of their keys, by UTF-16 code units. New ones wait until somebody looks and are merged in then, so a
 * list of 100,000 is never sorted again for one more.
 */
export class SortedList<T extends Keyed> {
  readonly #items: T[] = [];
  #fresh: T[] = [];
  #gone = 0;

  get size(): number {
    return this.#items.length + this.#fresh.length - this.#gone;
  }

  add(item: T): void {
    this.#fresh.push(item);
  }

  /** One of the items is `gone` from now on. */
  dropped(): void {
    this.#gone += 1;
  }

  /** In order. Valid until the list changes. */
  get items(): readonly T[] {
    this.settle();
    return this.#items;
  }

  /** Does what the next look would have to do first. */
  settle(): void {
    if (this.#gone > 0) this.#compact();
    if (this.#fresh.length > 0) this.#merge();
  }

  /** Where an item of this key is, or would be. */
  indexOf(key: string): number {
    const { items } = this;
    return firstNotBefore(items, key, items.length);
  }

  #compact(): void {
    this.#gone = 0;
    this.#fresh = this.#fresh.filter((item) => !item.gone);
    const items = this.#items;
    let kept = 0;
    for (const item of items) if (!item.gone) items[kept++] = item;
    items.length = kept;
  }

  /** From the end on, so that what stands before the first new key is not touched. */
  #merge(): void {
    const items = this.#items;
    const fresh = this.#fresh.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#fresh = [];
    let end = items.length;
    for (const item of fresh) items.push(item); // room, filled below
    for (let i = fresh.length - 1; i >= 0; i--) {
      const item = fresh[i]!;
      const at = firstNotBefore(items, item.key, end);
      for (let from = end - 1; from >= at; from--) items[from + i + 1] = items[from]!;
      items[at + i] = item;
      end = at;
    }
  }
}

function firstNotBefore(items: readonly Keyed[], key: string, end: number): number {
  let from = 0;
  let to = end;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (items[middle]!.key < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
