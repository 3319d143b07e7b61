interface Entry<T> {
  readonly what: T;
  readonly since: number;
  count: number;
}

export interface RepeatsOptions {
  /** Milliseconds within which the same thing is said once. */
  readonly window: number;
  /** Different things that are told apart at a time; what comes beyond is counted together. */
  readonly keys: number;
}

/**
 * Says things once and counts their repetitions:
 *
 *     a        a        a        ...  |window over|  a        ...  |window over, none came|
 *     said     counted  counted        count told    counted        forgotten: the next one is said
 *
 * Time comes in; memory is bounded.
 */
export class Repeats<T> {
  readonly #options: RepeatsOptions;
  /** In the order their windows began. */
  readonly #entries = new Map<string, Entry<T>>();
  #beyond = 0;
  #beyondSince = 0;

  constructor(options: RepeatsOptions) {
    this.#options = options;
  }

  /** Counts one that was said before; false = it is a new one, and `begin` comes next. */
  repeated(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    entry.count += 1;
    return true;
  }

  /**
   * @param what for `tick`, kept meanwhile
   * @returns whether to say it; otherwise there is no room, and it is counted with others of that kind
   */
  begin(key: string, what: T, now: number): boolean {
    if (this.#entries.size >= this.#options.keys) {
      this.skip(now);
      return false;
    }
    this.#entries.set(key, { what, since: now, count: 0 });
    return true;
  }

  /** Counts something that is not to be said, with what found no room. */
  skip(now: number): void {
    if (this.#beyond === 0) this.#beyondSince = now;
    this.#beyond += 1;
  }

  /**
   * Tells what was counted in windows that are over.
   *
   * @param tell `what` is what was said first; undefined = different things that found no room
   */
  tick(now: number, tell: (what: T | undefined, count: number, since: number) => void): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.since < this.#options.window) break;
      this.#entries.delete(key);
      if (entry.count === 0) continue;
      tell(entry.what, entry.count, entry.since);
      this.#entries.set(key, { what: entry.what, since: now, count: 0 });
    }
    if (this.#beyond > 0 && now - this.#beyondSince >= this.#options.window) this.#tellBeyond(tell);
  }

  /** Tells everything that was counted, and forgets all. */
  flush(tell: (what: T | undefined, count: number, since: number) => void): void {
    for (const { what, count, since } of this.#entries.values()) if (count > 0) tell(what, count, since);
    this.#entries.clear();
    if (this.#beyond > 0) this.#tellBeyond(tell);
  }

  #tellBeyond(tell: (what: undefined, count: number, since: number) => void): void {
    const count = this.#beyond;
    this.#beyond = 0;
    tell(undefined, count, this.#beyondSince);
  }
}
