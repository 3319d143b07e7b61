/** Pixels that browsers lay out without mistakes. */
const TALLEST = 8_000_000;
/** Rows drawn before and behind those that can be seen, at least. */
const SPARE = 6;
/** The first row is a multiple of this, so that scrolling draws anew only now and then and the rows between stay painted. */
const STEP = 8;

/** How places of the scroll bar stand for places of the list. */
export interface ScrollMap {
  /** Pixels that the scrolled element is high. */
  readonly space: number;
  /** Pixels of scrolling for one pixel of the list: below 1 where the list is higher than browsers can lay out. */
  readonly scale: number;
}

/** @param count rows @param rowHeight pixels @param height pixels that can be seen */
export function mapScroll(count: number, rowHeight: number, height: number): ScrollMap {
  const whole = count * rowHeight;
  if (whole <= TALLEST) return { space: whole, scale: 1 };
  return { space: TALLEST, scale: (TALLEST - height) / (whole - height) };
}

/** Which rows to draw. @param top pixels scrolled */
export function visibleRange(
  map: ScrollMap,
  top: number,
  height: number,
  count: number,
  rowHeight: number,
): { readonly first: number; readonly shown: number } {
  const from = Math.floor(top / map.scale / rowHeight);
  const first = Math.max(0, Math.min(inSteps(from - SPARE), count));
  const last = Math.min(count, first + Math.ceil(height / rowHeight) + 1 + 2 * SPARE + STEP);
  return { first, shown: Math.max(0, last - first) };
}

const inSteps = (row: number): number => Math.floor(row / STEP) * STEP;
