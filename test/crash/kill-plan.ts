import { PacketType } from '@cauldron/protocol';
import type { Random } from '@cauldron/testkit/simulation';

/** When a broker is killed, counted from where it begins. */
export type KillMoment =
  /** While it starts: this part of the time a start takes, 0 to 1. */
  | { readonly at: 'start'; readonly part: number }
  /** So many milliseconds after it listens. */
  | { readonly at: 'time'; readonly milliseconds: number }
  /** So many milliseconds after it was asked to stop, and that long after it listens. */
  | { readonly at: 'stop'; readonly before: number; readonly milliseconds: number }
  /** When so many packets of a type have come from it: right after it promised something. */
  | { readonly at: 'packet'; readonly type: PacketType; readonly count: number };

/** Milliseconds after which a broker is killed whose packets do not come. */
export const PATIENCE = 400;

const ANSWERS = [
  PacketType.puback,
  PacketType.pubrec,
  PacketType.pubcomp,
  PacketType.pubrel,
  PacketType.publish,
  PacketType.suback,
  PacketType.unsuback,
  PacketType.connack,
];

/** The moment of one kill. */
export function killMoment(random: Random): KillMoment {
  const kind = random.below(100);
  if (kind < 12) return { at: 'start', part: random.between(20, 100) / 100 };
  // Clients come back and send again what was not answered.
  if (kind < 40) return { at: 'time', milliseconds: random.between(5, 60) };
  if (kind < 66) return { at: 'time', milliseconds: random.between(60, 300) };
  // Long enough for what a store does when it is idle or has much to do, and for wills.
  if (kind < 70) return { at: 'time', milliseconds: random.between(1000, 2500) };
  if (kind < 75) return { at: 'stop', before: random.between(50, 300), milliseconds: random.between(0, 60) };
  const type = random.pick(ANSWERS);
  const rare = type === PacketType.suback || type === PacketType.unsuback || type === PacketType.connack;
  return { at: 'packet', type, count: random.between(1, rare ? 8 : 400) };
}

export function describeMoment(moment: KillMoment): string {
  switch (moment.at) {
    case 'start':
      return `while it starts (${Math.round(moment.part * 100)} %)`;
    case 'time':
      return `${moment.milliseconds} ms after it listens`;
    case 'stop':
      return `${moment.milliseconds} ms after it was asked to stop`;
    case 'packet':
      return `at packet ${moment.count} of type ${moment.type}`;
  }
}
