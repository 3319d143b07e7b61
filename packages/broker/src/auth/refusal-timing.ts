import type { Timers } from './authentication-options.ts';

export interface RefusalTimingOptions {
  /** Seconds; 0 = refusals leave at once. */
  readonly refusalTime: number;
  /** Refusals that may wait. */
  readonly maximum: number;
  readonly clock: () => number;
  readonly timers: Timers;
}

/**
 * Lets refusals leave at full multiples of a time after their requests came, so that how long one took says nothing of
 * why: a name nobody has, a wrong password or a wait for failures before all look the same.
 *
 *     request    work    |                 |
 *     0 ---------x.......250 ms ----------500 ms     x ends before 250 ms: leaves at 250 ms
 *     0 ---------------------------x......500 ms     slower: leaves at 500 ms
 */
export class RefusalTiming {
  readonly #options: RefusalTimingOptions;
  readonly #waiting = new Map<() => void, unknown>();

  constructor(options: RefusalTimingOptions) {
    this.#options = options;
  }

  /** Refusals that wait to leave. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Nothing more may wait: the next refusal has to be another one, that leaves at once. */
  get full(): boolean {
    return this.#waiting.size >= this.#options.maximum;
  }

  /**
   * @param startedAt when the request came, milliseconds
   * @returns `answer`, when it may leave
   */
  hold<A>(startedAt: number, answer: A): A | Promise<A> {
    const { refusalTime, clock, timers } = this.#options;
    if (refusalTime === 0) return answer;
    const period = refusalTime * 1000;
    const elapsed = clock() - startedAt;
    const due = Math.max(1, Math.ceil(elapsed / period)) * period;
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting.delete(leave);
        resolve(answer);
      };
      this.#waiting.set(leave, timers.set(due - elapsed, leave));
    });
  }

  /** Lets everything leave now: the broker stops. */
  release(): void {
    for (const [leave, timer] of [...this.#waiting]) {
      this.#options.timers.clear(timer);
      leave();
    }
  }
}
