import type { Point } from './history.ts';

export type Trend = 'rising' | 'falling' | 'steady';

/**
 * Where a number is going: its last values against those before them.
 *
 * @param smallest a difference nobody can see, because it is not shown
 * @returns null = too few values to say
 */
export function trendOf(points: readonly Point[], smallest: number): Trend | null {
  if (points.length < 4) return null;
  const third = Math.max(1, Math.floor(points.length / 3));
  const change = mean(points.slice(-third)) - mean(points.slice(0, third));
  if (Math.abs(change) < smallest) return 'steady';
  return change > 0 ? 'rising' : 'falling';
}

const mean = (points: readonly Point[]): number => points.reduce((sum, { value }) => sum + value, 0) / points.length;
