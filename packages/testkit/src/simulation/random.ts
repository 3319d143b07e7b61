/**
 * Random numbers from a seed: the same seed gives the same run, on every machine. A counter that is mixed well
 * (splitmix): not for secrets.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x5bd1e995, 0x2c1b3c6d) >>> 0;
  }

  /** 0..2^32-1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** 0..limit-1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  /** from..to, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of the items; there is at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** A generator of its own, so that one part of a run does not shift the numbers of another. */
  fork(): Random {
    return new Random(this.next());
  }
}
