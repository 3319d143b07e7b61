/** How many of the latest times are kept. */
const KEPT = 2048;

/** Times in milliseconds. */
export interface TimeSummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The latest 2,048 times of something: noting one costs nothing to speak of, the summary sorts them when it is asked for. */
export class RecentTimes {
  readonly #times = new Float64Array(KEPT);
  #noted = 0;

  note(milliseconds: number): void {
    this.#times[this.#noted++ % KEPT] = milliseconds;
  }

  /** All 0 where nothing was noted yet. */
  get summary(): TimeSummary {
    const sorted = this.#times.slice(0, Math.min(this.#noted, KEPT)).sort();
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
