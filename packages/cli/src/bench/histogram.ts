/** Steps between one power of two and the next: what is told is at most 1/64 too high. */
const STEPS = 64;
const POWERS = 32;

/**
 * Counts times in buckets that grow with them, so that an hour of messages takes no more memory than a second of them.
 *
 * @example
 * const histogram = new Histogram();
 * for (let i = 1; i <= 100; i++) histogram.record(i);
 * histogram.percentile(50); // 50
 */
export class Histogram {
  readonly #counts = new Float64Array(STEPS * POWERS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** @param value a whole number from 0 to 2^32; what is larger counts as that */
  record(value: number): void {
    this.#counts[indexOf(Math.min(value, 0xffff_ffff))]! += 1;
    this.#count += 1;
    this.#sum += value;
    if (value > this.#max) this.#max = value;
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  /** 0 where nothing was recorded. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** The value that `percent` of all values do not exceed; 0 where nothing was recorded. */
  percentile(percent: number): number {
    const rank = Math.ceil((percent / 100) * this.#count);
    let seen = 0;
    for (let i = 0; i < this.#counts.length; i++) {
      seen += this.#counts[i]!;
      if (seen >= rank && seen > 0) return Math.min(highestOf(i), this.#max);
    }
    return 0;
  }
}

/** Below 128 each value has a bucket of its own; above, each power of two has 64. */
function indexOf(value: number): number {
  const whole = Math.max(0, Math.floor(value));
  const power = Math.max(0, 31 - Math.clz32(whole) - 6);
  return power * STEPS + Math.floor(whole / 2 ** power);
}

function highestOf(index: number): number {
  if (index < 2 * STEPS) return index;
  const power = Math.floor(index / STEPS) - 1;
  return (index - power * STEPS + 1) * 2 ** power - 1;
}
