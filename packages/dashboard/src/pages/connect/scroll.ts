export interface ScrollCase {
  /** What was shown before, oldest first. */
  readonly old: readonly { readonly id: number }[];
  readonly entries: readonly { readonly id: number }[];
  readonly newestFirst: boolean;
  /** The newest is to stay in sight. */
  readonly follow: boolean;
  /** Pixels scrolled now, of a row, and scrolled at the end of the list. */
  readonly top: number;
  readonly rowHeight: number;
  readonly end: number;
}

/** Where a list of messages is to be scrolled to when others are in it: to the newest, or what was in sight stays there. */
export function followScroll({ old, entries, newestFirst, follow, top, rowHeight, end }: ScrollCase): number {
  if (follow) return newestFirst ? 0 : end;
  const newestBefore = old.at(-1)?.id ?? Number.POSITIVE_INFINITY;
  const oldestNow = entries[0]?.id ?? 0;
  // New ones push down what stands below them; those no longer kept let it move up.
  const shift = newestFirst
    ? entries.length - entries.findLastIndex(({ id }) => id <= newestBefore) - 1
    : -old.findIndex(({ id }) => id >= oldestNow);
  if (newestFirst && top === 0) return 0;
  return Math.max(0, top + (Math.abs(shift) >= entries.length ? 0 : shift) * rowHeight);
}
