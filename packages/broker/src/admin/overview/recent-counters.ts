import type { Metrics } from '@cauldron/core';

/** Counters of the core that are numbers. */
export type Counter = {
  [K in keyof Metrics]: Metrics[K] extends number ? K : never;
}[keyof Metrics];

/** Those whose growth over the last minute somebody wants to know. */
export const COUNTED = [
  'droppedSlowConsumer',
  'droppedQueueFull',
  'droppedOffline',
  'droppedExpired',
  'droppedTooOld',
  'droppedTooLarge',
  'droppedLost',
  'droppedMemoryPressure',
  'droppedNotAllowed',
  'protocolErrors',
  'publishersStalled',
  'refusedMemoryPressure',
  'refusedStoreFailing',
  'queuedMessages',
] as const satisfies readonly Counter[];

export type Counted = (typeof COUNTED)[number];

/** One more than there are seconds in what is asked for. */
const KEPT = 61;

/** What counters were in the last minute, a second apart. */
export class RecentCounters {
  readonly #at = new Float64Array(KEPT);
  readonly #values = new Float64Array(KEPT * COUNTED.length);
  #noted = 0;

  /** @param now milliseconds */
  note(metrics: Metrics, now: number): void {
    const row = this.#noted % KEPT;
    this.#at[row] = now;
    for (let i = 0; i < COUNTED.length; i++) this.#values[row * COUNTED.length + i] = metrics[COUNTED[i]!];
    this.#noted += 1;
  }

  /** How much a counter grew since a minute before `now`, or since the first time it was noted. */
  growth(counter: Counted, metrics: Metrics, now: number): number {
    const row = this.#rowBefore(now - 60_000);
    return row < 0 ? 0 : metrics[counter] - this.#values[row * COUNTED.length + COUNTED.indexOf(counter)]!;
  }

  /** The last row that is not after a time, or the oldest there is; -1 = there is none. */
  #rowBefore(time: number): number {
    const oldest = Math.max(0, this.#noted - KEPT);
    for (let i = this.#noted - 1; i >= oldest; i--) if (this.#at[i % KEPT]! <= time) return i % KEPT;
    return this.#noted === 0 ? -1 : oldest % KEPT;
  }
}
