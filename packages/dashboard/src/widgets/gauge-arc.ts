import type { Threshold } from '@cauldron/broker/admin-api';

/** Degrees the arc of a gauge goes, from lower left over the top to lower right. */
export const SWEEP = 240;
const START = -90 - SWEEP / 2;

/** A piece of the arc, in parts of it: 0 = its beginning, 1 = its end. */
export interface Zone {
  readonly from: number;
  readonly to: number;
  /** null = no threshold says a colour. */
  readonly color: Threshold['color'] | null;
}

/** Where a value is on the arc, 0 to 1; what is outside of the range is at its end. */
export function partOf(value: number, min: number, max: number): number {
  if (max <= min) return 0;
  return Math.min(1, Math.max(0, (value - min) / (max - min)));
}

/** The whole arc in pieces of one colour each, without gaps. */
export function zonesOf(thresholds: readonly Threshold[], min: number, max: number): Zone[] {
  const sorted = [...thresholds].sort((a, b) => a.from - b.from);
  const edges = [{ at: 0, color: null as Zone['color'] }];
  for (const { from, color } of sorted) edges.push({ at: from <= min ? 0 : partOf(from, min, max), color });
  const zones: Zone[] = [];
  edges.forEach(({ at, color }, index) => {
    const to = edges[index + 1]?.at ?? 1;
    if (to > at) zones.push({ from: at, to, color });
  });
  return zones;
}

/** An SVG path along the arc. @param from,to parts of it */
export function arcPath(cx: number, cy: number, radius: number, from: number, to: number): string {
  const [x1, y1] = pointAt(cx, cy, radius, from);
  const [x2, y2] = pointAt(cx, cy, radius, to);
  const isLarge = (to - from) * SWEEP > 180 ? 1 : 0;
  return `M${x1} ${y1}A${radius} ${radius} 0 ${isLarge} 1 ${x2} ${y2}`;
}

/** A place on the arc. */
export function pointAt(cx: number, cy: number, radius: number, part: number): [x: number, y: number] {
  const angle = ((START + part * SWEEP) * Math.PI) / 180;
  return [round(cx + radius * Math.cos(angle)), round(cy + radius * Math.sin(angle))];
}

const round = (value: number): number => Math.round(value * 100) / 100;
