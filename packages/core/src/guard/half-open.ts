/** A connection that waits for its CONNECT, or for the next AUTH of a login in several steps. */
export interface HalfOpen {
  /** There are too many like it, and it has waited longest: it ends. */
  crowdedOut(limit: number): void;
}

/**
 * The connections whose CONNECT has not come yet, in the order they came: `limits.maxHalfOpen` of them may wait, so that
 * who opens connections and says nothing takes places only from others that say nothing either. One whose client owes the
 * next step of an enhanced authentication is among them again, and so is one that was refused and does not close its side;
 * those that wait for an authenticator are not.
 */
export class HalfOpenList {
  readonly #waiting = new Set<HalfOpen>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** One more waits; where that is one too many, the one that has waited longest ends. */
  add(connection: HalfOpen): void {
    this.#waiting.add(connection);
    if (this.#waiting.size <= this.#limit) return;
    const [oldest] = this.#waiting;
    this.#waiting.delete(oldest!);
    oldest!.crowdedOut(this.#limit);
  }

  /** Its CONNECT came, or it is gone. */
  remove(connection: HalfOpen): void {
    this.#waiting.delete(connection);
  }
}
