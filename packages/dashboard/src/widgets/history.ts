/** A value at a time, milliseconds since 1970. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

interface Bucket {
  readonly index: number;
  min: Point;
  max: Point;
  last: Point;
}

/** Buckets in a window: about as many as a wide chart has pixels. */
const BUCKETS = 1000;

/**
 * How a value went, bounded in memory however fast it comes: of each small piece of the window the lowest, the highest and
 * the last value stay, so that no peak is lost.
 */
export class History {
  readonly #width: number;
  readonly #window: number;
  #buckets: Bucket[] = [];

  /** @param window seconds that are kept */
  constructor(window: number) {
    this.#window = window * 1000;
    this.#width = Math.max(1, this.#window / BUCKETS);
  }

  /** Adds a value that is newer than all before; an older one counts as of the same moment. */
  add(value: number, time: number): void {
    const newest = this.#buckets.at(-1);
    const at = Math.max(time, newest?.last.at ?? 0);
    const point = { at, value };
    const index = Math.floor(at / this.#width);
    if (newest?.index !== index) {
      this.#buckets.push({ index, min: point, max: point, last: point });
      this.#forget(at);
      return;
    }
    if (value < newest.min.value) newest.min = point;
    if (value > newest.max.value) newest.max = point;
    newest.last = point;
  }

  /** Oldest first. */
  points(): Point[] {
    return this.#buckets.flatMap(({ min, max, last }) => [...new Set([min, max, last])].sort((a, b) => a.at - b.at));
  }

  /** Keeps one value from before the window, so that a line enters it from the left. */
  #forget(now: number): void {
    const first = this.#buckets.findIndex(({ last }) => last.at >= now - this.#window);
    if (first > 1) this.#buckets = this.#buckets.slice(first - 1);
  }
}

/** Several series on one axis of time: times in seconds, then a list of values each, null where one has none. */
export function aligned(
  series: readonly (readonly Point[])[],
  now: number,
): [times: number[], ...values: (number | null)[][]] {
  const times = [...new Set([...series.flatMap((points) => points.map(({ at }) => at)), now])].sort((a, b) => a - b);
  const places = new Map(times.map((at, index) => [at, index]));
  const values = series.map((points) => {
    const row: (number | null)[] = new Array(times.length).fill(null);
    for (const { at, value } of points) row[places.get(at)!] = value;
    return row;
  });
  return [times.map((at) => at / 1000), ...values];
}
