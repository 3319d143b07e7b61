// What a fault proxy does to connections, as data: made from a seed, printed, and replayed exactly.
import type { Random } from '@cauldron/testkit/simulation';

export type Direction = 'toBroker' | 'toClient';

/** One thing that happens to a connection. */
export type Fault =
  /** Both sides are closed; then nobody listens for so many milliseconds. */
  | { readonly kind: 'cut'; readonly refuseFor: number }
  /** Both sides get a TCP reset; then nobody listens for so many milliseconds. */
  | { readonly kind: 'reset'; readonly refuseFor: number }
  /** The receiver is told that nothing more comes this way, and nothing does; the other way stays open. */
  | { readonly kind: 'halfClose' }
  /** Nothing passes this way for so many milliseconds; null = until the proxy is healed. */
  | { readonly kind: 'stall'; readonly milliseconds: number | null }
  /** From here on this way's bytes come in pieces of 1 to `most` bytes, one a turn of the event loop. */
  | { readonly kind: 'split'; readonly most: number; readonly seed: number };

/** A fault, and when: as soon as exactly `at` bytes have been passed on in a direction; 0 = when the connection begins. */
export interface FaultPoint {
  readonly direction: Direction;
  readonly at: number;
  readonly fault: Fault;
}

/** What happens to the connections of a proxy, in the order they are made; those after the last one are left alone. */
export type FaultSchedule = readonly (readonly FaultPoint[])[];

/** Bounds of {@link faultSchedule}. */
export interface FaultBounds {
  /** How many connections come to an end, from..to. */
  readonly endings: readonly [from: number, to: number];
  /** Something happens before so many bytes have been passed on in a direction. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** The longest stall and the longest time in which nobody listens, milliseconds. */
  readonly longest: number;
}

/** A schedule by the numbers of `random`. */
export function faultSchedule(random: Random, bounds: FaultBounds): FaultSchedule {
  const endings = random.between(...bounds.endings);
  return Array.from({ length: endings }, () => {
    const points: FaultPoint[] = [];
    for (const direction of DIRECTIONS) {
      if (random.chance(30)) points.push(pointOf(direction, split(random), random, bounds));
      if (random.chance(20)) points.push(pointOf(direction, stall(random, bounds), random, bounds));
    }
    points.push(pointOf(random.pick(DIRECTIONS), ending(random, bounds), random, bounds));
    return points;
  });
}

const DIRECTIONS = ['toBroker', 'toClient'] as const;

/** Early offsets, where connections are made, come as often as late ones. */
function pointOf(direction: Direction, fault: Fault, random: Random, bounds: FaultBounds): FaultPoint {
  const bytes = bounds.bytes[direction];
  const at = random.below(random.chance(25) ? Math.min(EARLY, bytes) : bytes);
  return { direction, at, fault };
}

/** Within so many bytes a connection is made. */
const EARLY = 80;

const split = (random: Random): Fault => ({ kind: 'split', most: random.pick([1, 3, 20, 200]), seed: random.next() });

const stall = (random: Random, { longest }: FaultBounds): Fault => ({
  kind: 'stall',
  milliseconds: random.between(1, longest),
});

function ending(random: Random, { longest }: FaultBounds): Fault {
  const refuseFor = random.chance(30) ? random.between(1, longest) : 0;
  const kind = random.pick(['cut', 'cut', 'reset', 'reset', 'halfClose'] as const);
  return kind === 'halfClose' ? { kind } : { kind, refuseFor };
}

/** A line per connection, for whoever reads about a seed that failed. */
export function describeSchedule(schedule: FaultSchedule): string {
  return schedule.map((points, at) => `connection ${at + 1}: ${points.map(describePoint).join('; ')}`).join('\n');
}

export function describePoint({ direction, at, fault }: FaultPoint): string {
  return `${describeFault(fault)} after ${at} bytes ${direction === 'toBroker' ? 'to the broker' : 'to the client'}`;
}

function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'stall':
      return fault.milliseconds === null ? 'stall until healed' : `stall for ${fault.milliseconds} ms`;
    case 'split':
      return `split into 1 to ${fault.most} bytes`;
    case 'halfClose':
      return 'half-close';
    default:
      return fault.refuseFor === 0 ? fault.kind : `${fault.kind} and ${fault.refuseFor} ms of refusal`;
  }
}
