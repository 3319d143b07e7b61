import { copyOf } from '@cauldron/protocol';

const FEWEST = 16;
/** Of a client that has received nothing. */
const EMPTY: undefined[] = [];
const MOST = 1024;

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly topic: string;
  value: T | undefined;
  /** Of which generation `value` is. */
  generation: number;
}

/**
 * Topics seen lately, by their bytes: decoding one and looking up who wants it is done once, not for every message. Slots
 * are indexed by a hash; topics that push each other out make it grow, up to 1024.
 */
export class TopicCache<T> {
  #slots: (Entry<T> | undefined)[] = EMPTY;
  #evictions = 0;
  #generation = 0;

  /** Everything that was worked out is void. */
  invalidate(): void {
    this.#generation += 1;
  }

  /**
   * The topic in `bytes[start..end)` and what `maker` made of it.
   *
   * @param view whose bytes these are, or that has the same topic: decodes and checks one that is not here
   */
  find(
    bytes: Uint8Array,
    start: number,
    end: number,
    view: { topicName(): string },
    maker: { consumersOf(topic: string): T },
  ): { readonly topic: string; readonly value: T } {
    if (this.#slots.length === 0) this.#slots = new Array(FEWEST).fill(undefined);
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (this.#slots.length - 1);
    let entry = this.#slots[slot];
    if (entry === undefined || !same(entry.bytes, bytes, start, end)) {
      if (entry !== undefined) this.#evicted();
      entry = { bytes: copyOf(bytes, start, end), topic: view.topicName(), value: undefined, generation: -1 };
      this.#slots[(hash ^ (hash >>> 15)) & (this.#slots.length - 1)] = entry;
    }
    if (entry.generation !== this.#generation) {
      entry.value = maker.consumersOf(entry.topic);
      entry.generation = this.#generation;
    }
    return entry as { topic: string; value: T };
  }

  #evicted(): void {
    this.#evictions += 1;
    if (this.#evictions < this.#slots.length || this.#slots.length === MOST) return;
    this.#evictions = 0;
    // Starting empty costs one decoding for each topic.
    this.#slots = new Array(this.#slots.length * 4).fill(undefined);
  }
}

function same(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
