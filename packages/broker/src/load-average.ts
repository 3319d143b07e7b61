const MINUTES = [1, 5, 15] as const;

/**
 * Events per minute, averaged over the last 1, 5 and 15 minutes with exponentially falling weight, as system loads are.
 */
export class LoadAverage {
  #last = 0;
  readonly #averages = [0, 0, 0];

  /**
   * Takes a counter's new total.
   *
   * @param total what was counted since the start
   * @param seconds time since the last call
   */
  update(total: number, seconds: number): void {
    const perMinute = ((total - this.#last) * 60) / seconds;
    this.#last = total;
    MINUTES.forEach((minutes, i) => {
      const weight = Math.exp(-seconds / (60 * minutes));
      this.#averages[i] = this.#averages[i]! * weight + perMinute * (1 - weight);
    });
  }

  /** `[minutes, events per minute]` for 1, 5 and 15 minutes. */
  values(): [minutes: number, perMinute: number][] {
    return MINUTES.map((minutes, i) => [minutes, this.#averages[i]!]);
  }
}
