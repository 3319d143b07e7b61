/** Seconds over which a rate is averaged. */
const SPAN = 4;

/** Something whose messages a second are known: an average in which the past counts less and less. */
export interface Rated {
  rate: number;
  /** When `rate` was worked out, milliseconds. */
  ratedAt: number;
  /** Messages since then. */
  pending: number;
}

/** Seconds the average covers at least. */
const SHORTEST = 0.5;

/**
 * Works what is pending into the rate.
 *
 * @param began when counting began: before, nobody knows what came, so the average covers only what is known
 */
export function settleRate(rated: Rated, now: number, began: number): void {
  const seconds = Math.max(0, now - rated.ratedAt) / 1000;
  const span = Math.min(SPAN, Math.max(SHORTEST, (now - began) / 1000));
  const left = Math.exp(-seconds / span);
  // As if they came evenly since the last time; after a silence, over the last seconds.
  const since = Math.min(Math.max(seconds, 0.05), span);
  rated.rate = rated.rate * left + (rated.pending / since) * (1 - Math.exp(-since / span));
  rated.ratedAt = now;
  rated.pending = 0;
}

/** Messages a second now; what is pending is not in it. Rounded to what a person reads. */
export function rateAt(rated: Rated, now: number): number {
  if (rated.rate === 0) return 0;
  const rate = rated.rate * Math.exp(-Math.max(0, now - rated.ratedAt) / 1000 / SPAN);
  return rate < 0.005 ? 0 : Math.round(rate * 100) / 100;
}
