import { COPIES_FOR_QUIET, COPIES_PER_MS, COPIES_SAVED } from './limits.ts';

/**
 * How many messages are looked at. While there is plenty, all are; the less is left, the more lie between two looks, so a
 * flood of any size is seen up to nearly its end and not only at its beginning:
 *
 *     left of 5,000:   5,000 .. 2,500   1,250   625    312
 *     one of           1                4       16     64
 */
export class CopyBudget {
  #left = COPIES_SAVED;
  #quiet = COPIES_FOR_QUIET;
  /** Messages until the next look. */
  #wait = 0;
  #random = 1;

  /** Time went by, milliseconds. */
  refill(elapsed: number): void {
    this.#left = Math.min(COPIES_SAVED, this.#left + elapsed * COPIES_PER_MS);
    this.#quiet = COPIES_FOR_QUIET;
  }

  /** Whether to look at a message. `first`: nothing of its topic was looked at in this tick. */
  take(first: boolean): boolean {
    if (first && this.#quiet > 0) {
      this.#quiet -= 1;
      if (this.#left > 0) this.#left -= 1;
      return true;
    }
    if (this.#wait > 0) {
      this.#wait -= 1;
      return false;
    }
    if (this.#left < 1) return false;
    this.#left -= 1;
    if (this.#left < COPIES_SAVED / 2) this.#wait = this.#distance();
    return true;
  }

  /** Around the distance that what is left asks for: a fixed one would always meet the same of several topics in turn. */
  #distance(): number {
    const scarcity = COPIES_SAVED / 2 / Math.max(this.#left, 1);
    const between = Math.min(scarcity * scarcity - 1, 1 << 20);
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round((2 * between * this.#random) / 4_294_967_296);
  }
}
