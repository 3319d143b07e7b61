import type { Body } from './scene.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

const STEP: Readonly<Record<Direction, readonly [number, number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

/** The next node in a direction; the one nearest to the middle where none is chosen; undefined where there is no other. */
export function nodeToward(bodies: readonly Body[], from: Body | null, direction: Direction): Body | undefined {
  const [dx, dy] = STEP[direction];
  const origin = from ?? { x: 0, y: 0 };
  let best: Body | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    const [x, y] = [body.x - origin.x, body.y - origin.y];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (body === from || (from !== null && along <= 0.5)) continue;
    // What lies straight ahead is meant, even where something aside is nearer.
    const cost = from === null ? Math.hypot(x, y) : along + aside * 2.5;
    if (cost < least) [best, least] = [body, cost];
  }
  return best;
}
