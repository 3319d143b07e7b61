/** The lines of a small drawing of values, in the coordinates of its box. */
export interface SparkPath {
  readonly line: string;
  /** The same, closed along the bottom. */
  readonly area: string;
}

/**
 * Draws values from left to right, the largest at the top and zero (or the least, where it is below) at the bottom.
 *
 * @param values null = nothing there, a gap
 * @returns null = there is nothing to draw
 */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): SparkPath | null {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const low = Math.min(0, ...known);
  const span = Math.max(...known) - low;
  const step = width / (values.length - 1);
  // A line at the very edge would be cut in half.
  const room = height - 2;
  const y = (value: number): number => round(height - 1 - (span === 0 ? 0 : ((value - low) / span) * room));
  let line = '';
  let area = '';
  let start: number | null = null;
  const close = (end: number): void => {
    if (start !== null) area += `L${end} ${height}L${start} ${height}Z`;
    start = null;
  };
  for (const [index, value] of values.entries()) {
    const x = round(index * step);
    if (value === null) {
      close(round((index - 1) * step));
      continue;
    }
    const point = `${start === null ? 'M' : 'L'}${x} ${y(value)}`;
    start ??= x;
    line += point;
    area += point;
  }
  close(round(width));
  return { line, area };
}

const round = (value: number): number => Math.round(value * 10) / 10;
