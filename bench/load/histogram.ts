/** Values below this are counted exactly; above, buckets keep `SUB` steps per doubling (about 1.6 % wide). */
const EXACT = 128;
const SUB = 64;
const BUCKETS = EXACT + SUB * 40;

/** Counts microsecond values with a relative error below 1.6 %, in constant memory and without allocating. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #max = 0;

  /** Adds one value in microseconds; negative values count as 0. */
  add(value: number): void {
    const whole = value > 0 ? Math.floor(value) : 0;
    this.#counts[bucketOf(whole)]! += 1;
    this.#total++;
    if (whole > this.#max) this.#max = whole;
  }

  /** Forgets all values. */
  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#max = 0;
  }

  get count(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  /** The smallest bucket bound that `fraction` (0 to 1) of the values do not exceed; null without values. */
  percentile(fraction: number): number | null {
    if (this.#total === 0) return null;
    const wanted = Math.max(1, Math.ceil(this.#total * fraction));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i]!;
      if (seen >= wanted) return Math.min(upperBound(i), this.#max);
    }
    return this.#max;
  }
}

function bucketOf(value: number): number {
  let scaled = value;
  let base = 0;
  while (scaled >= EXACT) {
    scaled = Math.floor(scaled / 2);
    base += SUB;
  }
  return Math.min(base + scaled, BUCKETS - 1);
}

function upperBound(bucket: number): number {
  let index = bucket;
  let scale = 1;
  while (index >= EXACT) {
    index -= SUB;
    scale *= 2;
  }
  return (index + 1) * scale - 1;
}

/** The smallest of `values` that `fraction` (0 to 1) of them do not exceed; null without values. Leaves them in order. */
export function percentileOf(values: readonly number[], fraction: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? null;
}
