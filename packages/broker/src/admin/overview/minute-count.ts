const SECONDS = 60;

/** How often something happened in the last minute, to the second. */
export class MinuteCount {
  readonly #seconds = new Uint32Array(SECONDS);
  #second = 0;
  #total = 0;

  /** @param now milliseconds, never going back */
  add(now: number): void {
    this.#forgetUntil(now);
    this.#seconds[this.#second % SECONDS]! += 1;
    this.#total += 1;
  }

  /** Times in the minute before `now`. */
  total(now: number): number {
    this.#forgetUntil(now);
    return this.#total;
  }

  #forgetUntil(now: number): void {
    const second = Math.floor(now / 1000);
    if (second - this.#second >= SECONDS) {
      this.#seconds.fill(0);
      this.#total = 0;
    } else {
      for (let passed = this.#second + 1; passed <= second; passed++) {
        this.#total -= this.#seconds[passed % SECONDS]!;
        this.#seconds[passed % SECONDS] = 0;
      }
    }
    if (second > this.#second) this.#second = second;
  }
}
