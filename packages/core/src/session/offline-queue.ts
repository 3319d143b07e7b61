import type { QueuedMessage } from './queued-message.ts';

/** Messages that wait in memory: first in, first out, counted in messages and bytes. A ring that grows. */
export class OfflineQueue {
  #items: (QueuedMessage | undefined)[] = [];
  #head = 0;
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of the messages; one that several sessions queue counts in each. */
  get bytes(): number {
    return this.#bytes;
  }

  push(item: QueuedMessage): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
    this.#bytes += item.size;
  }

  peek(): QueuedMessage | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }

  shift(): QueuedMessage | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head]!;
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length -= 1;
    this.#bytes -= item.size;
    if (this.#length === 0 && this.#items.length > 64) {
      this.#items = [];
      this.#head = 0;
    }
    return item;
  }

  #grow(): void {
    const old = this.#items;
    const items = new Array<QueuedMessage | undefined>(old.length === 0 ? 8 : old.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i++) items[i] = old[(this.#head + i) & (old.length - 1)];
    this.#items = items;
    this.#head = 0;
  }
}
