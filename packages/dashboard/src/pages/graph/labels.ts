/** A rectangle of the picture, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A label that would like to stand somewhere. */
export interface Wish<T> {
  readonly of: T;
  /** Where it may stand, the best first. */
  readonly places: readonly Box[];
  /** The highest choose first. */
  readonly priority: number;
  /** It stands there whatever is in its way. */
  readonly always?: boolean;
}

/** Which labels stand where, so that none covers another or what is in `taken`. */
export function placeLabels<T>(wishes: readonly Wish<T>[], taken: readonly Box[] = []): ReadonlyMap<T, Box> {
  const placed = new Map<T, Box>();
  const boxes = new Rows(taken);
  for (const { of, places, always } of [...wishes].sort((a, b) => b.priority - a.priority)) {
    const free = places.find((box) => boxes.isFree(box)) ?? (always ? places[0] : undefined);
    if (free === undefined) continue;
    placed.set(of, free);
    boxes.add(free);
  }
  return placed;
}

/** Pixels of a row in which boxes are looked for. */
const ROW = 24;

/** Boxes by the rows they touch: few are compared with each other. */
class Rows {
  readonly #rows = new Map<number, Box[]>();

  constructor(boxes: readonly Box[]) {
    for (const box of boxes) this.add(box);
  }

  add(box: Box): void {
    for (let row = Math.floor(box.top / ROW); row <= Math.floor(box.bottom / ROW); row++) {
      const there = this.#rows.get(row);
      if (there === undefined) this.#rows.set(row, [box]);
      else there.push(box);
    }
  }

  isFree(box: Box): boolean {
    for (let row = Math.floor(box.top / ROW); row <= Math.floor(box.bottom / ROW); row++) {
      if (this.#rows.get(row)?.some((other) => overlap(box, other))) return false;
    }
    return true;
  }
}

export const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** At most so many characters: names of topics keep their end, which tells more, others their beginning. */
export function shorten(text: string, most: number, keepEnd: boolean): string {
  if (text.length <= most) return text;
  return keepEnd ? `…${text.slice(text.length - most + 1)}` : `${text.slice(0, most - 1)}…`;
}
