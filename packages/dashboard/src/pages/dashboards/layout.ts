/**
 * Where widgets are on the grid: twelve columns, rows without end. Pure. Whatever is asked for, no two widgets overlap, none
 * leaves the grid, and those that have to make room go down, in the order they had.
 */

/** A widget's place, in columns and rows. */
export interface Place {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export const COLUMNS = 12;
/** The last row a widget may begin in, and the most rows it may have: what the broker takes. */
export const LAST_ROW = 10_000;
export const MOST_ROWS = 20;

const within = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, Math.round(Number.isFinite(value) ? value : low)));

/** The same inside of the grid. */
function inside<P extends Place>(place: P): P {
  const w = within(place.w, 1, COLUMNS);
  const h = within(place.h, 1, MOST_ROWS);
  return { ...place, w, h, x: within(place.x, 0, COLUMNS - w), y: within(place.y, 0, LAST_ROW) };
}

export const overlap = (a: Place, b: Place): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** As people read: by rows, from left to right. */
export const readingOrder = (a: Place, b: Place): number => a.y - b.y || a.x - b.x;

/**
 * Makes room: every widget that another one is in the way of goes down until it is free.
 *
 * @param first the widget that stays where it is, whoever is there
 * @returns in the order of the argument
 */
export function settle<P extends Place>(places: readonly P[], first?: string): P[] {
  const asked = places.map(inside);
  const order = [...asked].sort((a, b) => Number(b.id === first) - Number(a.id === first) || readingOrder(a, b));
  let settled = pushDown(order, first);
  // Beyond the last row nothing may begin: rows that nobody uses make room for all.
  if (settled.some(({ y }) => y > LAST_ROW)) settled = withoutEmptyRows(settled);
  const byId = new Map(settled.map((place) => [place.id, place]));
  return asked.map(({ id }) => byId.get(id)!);
}

/** @param order the one that stays first, where there is one, then as people read */
function pushDown<P extends Place>(order: readonly P[], stays: string | undefined): P[] {
  const settled: P[] = [];
  for (const place of order) settled.push({ ...place, y: freeRow(place, settled, stays) });
  return settled;
}

/** The first row, from its own on, below all that were above it, and not where the one is that stays. */
function freeRow(place: Place, settled: readonly Place[], stays: string | undefined): number {
  let { y } = place;
  for (const other of settled) {
    if (other.id !== stays && other.x < place.x + place.w && place.x < other.x + other.w)
      y = Math.max(y, other.y + other.h);
  }
  const there = settled.find(({ id }) => id === stays);
  return there !== undefined && overlap({ ...place, y }, there) ? there.y + there.h : y;
}

function withoutEmptyRows<P extends Place>(places: readonly P[]): P[] {
  const sorted = [...places].sort(readingOrder);
  let bottom = 0;
  let removed = 0;
  const rows = new Map<string, number>();
  for (const { id, y, h } of sorted) {
    removed += Math.max(0, y - removed - bottom);
    rows.set(id, y - removed);
    bottom = Math.max(bottom, y - removed + h);
  }
  return places.map((place) => ({ ...place, y: rows.get(place.id)! }));
}

/** Puts a widget somewhere, or gives it another size; others make room. */
export function put<P extends Place>(places: readonly P[], id: string, change: Partial<Omit<Place, 'id'>>): P[] {
  return settle(
    places.map((place) => (place.id === id ? { ...place, ...change } : place)),
    id,
  );
}

/** A widget by some columns and rows elsewhere, or so much larger; at the edge of the grid it stays. */
export function nudge<P extends Place>(
  places: readonly P[],
  id: string,
  kind: 'move' | 'size',
  dx: number,
  dy: number,
): P[] {
  const place = places.find((one) => one.id === id);
  if (place === undefined) return [...places];
  if (kind === 'move') return put(places, id, { x: place.x + dx, y: place.y + dy });
  // It grows to the right as far as the grid goes, and does not slide to the left for more.
  return put(places, id, { w: Math.min(COLUMNS - place.x, place.w + dx), h: place.h + dy });
}

/** The first place, as people read, where something of this size fits. */
export function freePlace(places: readonly Place[], w: number, h: number): { x: number; y: number } {
  const width = Math.min(w, COLUMNS);
  const bottom = Math.max(0, ...places.map((place) => place.y + place.h));
  for (let y = 0; y < bottom; y++) {
    for (let x = 0; x + width <= COLUMNS; x++) {
      if (!places.some((place) => overlap({ id: '', x, y, w: width, h }, place))) return { x, y };
    }
  }
  return { x: 0, y: bottom };
}

/** Everything goes up as far as it can. */
export function closeGaps<P extends Place>(places: readonly P[]): P[] {
  const settled: P[] = [];
  for (const place of [...places].sort(readingOrder)) {
    let y = place.y;
    while (y > 0 && !settled.some((other) => overlap({ ...place, y: y - 1 }, other))) y--;
    settled.push({ ...place, y });
  }
  const byId = new Map(settled.map((place) => [place.id, place]));
  return places.map(({ id }) => byId.get(id)!);
}

/** Changes places with the widget before or behind it in reading order: how one moves where there is a single column. */
export function swapInOrder<P extends Place>(places: readonly P[], id: string, step: -1 | 1): P[] {
  const order = [...places].sort(readingOrder);
  const at = order.findIndex((place) => place.id === id);
  const one = order[at];
  const other = order[at + step];
  if (one === undefined || other === undefined) return [...places];
  const [before, behind] = step === 1 ? [one, other] : [other, one];
  const swapped = places.map((place) => {
    if (place.id === behind.id) return { ...place, x: Math.min(before.x, COLUMNS - place.w), y: before.y };
    if (place.id === before.id) return { ...place, x: Math.min(behind.x, COLUMNS - place.w), y: behind.y };
    return place;
  });
  const settled = settle(swapped, behind.id);
  const now = (wanted: string): P => settled.find((place) => place.id === wanted)!;
  if (readingOrder(now(behind.id), now(before.id)) < 0) return settled;
  // Sizes were in the way: then it goes right below.
  return settle(
    settled.map((place) => (place.id === before.id ? { ...place, y: now(behind.id).y + now(behind.id).h } : place)),
    behind.id,
  );
}
