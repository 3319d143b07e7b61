/**
 * So many tokens a second, of which at most a second's worth is saved up: what is taken beyond that is a debt, paid before
 * anything more is there. A debt rather than a refusal, since what is counted has already arrived.
 *
 *     tokens   burst ---+
 *                       |\        taken
 *              0 -------+-\----/----  refilled with time
 *                          \  /
 *                           debt
 */
export class TokenBucket {
  /** Tokens a second. */
  readonly rate: number;
  /** The most there can be: a second's worth, and never less than one. */
  readonly burst: number;
  #tokens: number;
  #at: number;

  /**
   * @param rate tokens a second, above 0
   * @param now milliseconds; it starts full
   */
  constructor(rate: number, now: number) {
    this.rate = rate;
    this.burst = Math.max(1, rate);
    this.#tokens = this.burst;
    this.#at = now;
  }

  /** Counts what time brought. Returns whether it is full: whoever takes from it has kept to the rate. */
  refill(now: number): boolean {
    const elapsed = now - this.#at;
    if (elapsed > 0) {
      this.#at = now;
      this.#tokens = Math.min(this.burst, this.#tokens + (elapsed * this.rate) / 1000);
    }
    return this.#tokens >= this.burst;
  }

  /** Tokens there are as of the last {@link refill}; below 0 = so many too much were taken. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Takes tokens, those included that are not there. */
  take(count: number): void {
    this.#tokens -= count;
  }

  /** Milliseconds from the last {@link refill} until there are `wanted`; 0 = there are. */
  millisecondsUntil(wanted: number): number {
    return this.#tokens >= wanted ? 0 : Math.ceil(((wanted - this.#tokens) * 1000) / this.rate);
  }
}
