import type { Point } from './camera.ts';
import type { Link } from './scene.ts';

/** A cubic Bézier curve, eight numbers: from, two handles, to. */
export type Curve = readonly [number, number, number, number, number, number, number, number];

/** The edge in world units: it leaves and arrives level, so that many edges flow together. */
export function curveOf({ from, to, bend }: Link): Curve {
  const reach = (to.x - from.x) * 0.5;
  return [from.x, from.y, from.x + reach, from.y + bend, to.x - reach, to.y + bend, to.x, to.y];
}

/** @param at from 0 to 1 */
export function pointOf(curve: Curve, at: number): Point {
  const rest = 1 - at;
  const a = rest * rest * rest;
  const b = 3 * rest * rest * at;
  const c = 3 * rest * at * at;
  const d = at * at * at;
  return {
    x: a * curve[0] + b * curve[2] + c * curve[4] + d * curve[6],
    y: a * curve[1] + b * curve[3] + c * curve[5] + d * curve[7],
  };
}
