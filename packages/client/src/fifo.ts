/** What all queues hold that were never used: nothing is ever put into it. */
const EMPTY: undefined[] = [];

/** A queue: what came first leaves first. */
export class Fifo<T> {
  #items: (T | undefined)[] = EMPTY;
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    if (this.#items === EMPTY) this.#items = [];
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.size === 0) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length || (this.#head > 1023 && this.#head * 2 > this.#items.length)) {
      this.#items = this.size === 0 ? EMPTY : this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes one item out, wherever it is; false when it is not there. */
  remove(item: T): boolean {
    if (this.size > 0 && this.first === item) {
      this.shift();
      return true;
    }
    const at = this.#items.indexOf(item, this.#head);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    return true;
  }

  /** The first item that passes. */
  find(passes: (item: T) => boolean): T | undefined {
    for (let i = this.#head; i < this.#items.length; i++) if (passes(this.#items[i]!)) return this.#items[i];
    return undefined;
  }

  /** Takes everything out. */
  drain(): T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = EMPTY;
    this.#head = 0;
    return items;
  }
}
