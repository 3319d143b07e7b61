/** The middle value of `values` (the mean of the middle two when even in number); null without values. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1]!;
  return sorted.length % 2 === 1 ? upper : (upper + sorted[(sorted.length >> 1) - 1]!) / 2;
}

/** The median of the figures that could be measured; null when none could. */
export function medianOfKnown(values: readonly (number | null | undefined)[]): number | null {
  return median(values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value)));
}

/**
 * The median of the ratios round by round: `a` and `b` of one round ran next to each other in time, so a drift of the
 * machine between rounds cancels out.
 */
export function medianRatio(
  a: readonly (number | null | undefined)[],
  b: readonly (number | null | undefined)[],
): number | null {
  const ratios = a.map((value, i) => {
    const other = b[i];
    return typeof value === 'number' && typeof other === 'number' && other !== 0 ? value / other : null;
  });
  return medianOfKnown(ratios);
}

/** A number as people read it: three significant digits, thousands in groups, k and M for large counts. */
export function readable(value: number | null): string {
  if (value === null) return 'n/a';
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(size >= 1e5 ? 0 : 1)} k`;
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size < 0.005 ? '0' : value.toFixed(size < 1 ? 3 : 2);
}
