// What a run saw, and what of it breaks a promise of the client.
import type { QoS } from '@cauldron/protocol';

/** One publish, from the call to its end. */
export interface Published {
  readonly qos: QoS;
  readonly number: number;
  outcome: 'pending' | 'done' | Error;
}

/** One message that a handler got. */
export interface Received {
  readonly qos: QoS;
  readonly number: number;
}

export interface History {
  readonly published: readonly Published[];
  readonly received: readonly Received[];
  /** What cannot be, noted when it happened. */
  readonly complaints: readonly string[];
  /** For a broker that itself repeats and reorders: what it sent is then the measure. null = what was published is. */
  readonly wire: {
    /** What it delivered, in its order. */
    readonly delivered: readonly Received[];
    /** What it delivered so that no client could see it. */
    readonly masked: readonly Received[];
  } | null;
}

/** What the client promises, by the name it has in reports. */
export const promises = {
  lost: 'a message whose publish succeeded reaches the subscriber',
  duplicate: 'a QoS 2 message reaches the subscriber once',
  order: 'messages of a QoS are first received in the order they were published',
  unsettled: 'every publish ends once the faults have',
  rejected: 'a publish does not fail because of a bad connection',
  over: 'a client lives on, whatever its connections do',
  unasked: 'only what was published is received, as it was',
} as const;

export interface Violation {
  readonly promise: keyof typeof promises;
  readonly what: string;
}

/** Every promise that a run broke, empty = none. */
export function checkHistory({ published, received, complaints, wire }: History): Violation[] {
  const violations: Violation[] = complaints.map((what) => ({ promise: 'unasked', what }));
  for (const qos of [1, 2] as const) {
    const counts = countsOf(qos, received);
    const measure = countsOf(qos, wire?.delivered ?? published);
    const masked = countsOf(qos, wire?.masked ?? []);
    for (const message of published) {
      if (message.qos !== qos) continue;
      const isExcused = !counts.has(message.number) && masked.has(message.number);
      if (!isExcused) violations.push(...checkOne(message, counts, measure));
    }
    violations.push(...checkOrder(qos, [...counts.keys()], [...measure.keys()]));
  }
  return violations;
}

/** How often each message is in a list, in the order in which they come first. */
function countsOf(qos: QoS, list: readonly Received[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const message of list) {
    if (message.qos === qos) counts.set(message.number, (counts.get(message.number) ?? 0) + 1);
  }
  return counts;
}

type Counts = ReadonlyMap<number, number>;

function* checkOne({ qos, number, outcome }: Published, counts: Counts, measure: Counts): Generator<Violation> {
  const name = `QoS ${qos} message ${number}`;
  const count = counts.get(number) ?? 0;
  if (outcome === 'pending') yield { promise: 'unsettled', what: `${name} is neither published nor refused` };
  else if (outcome !== 'done') yield { promise: 'rejected', what: `${name}: ${outcome.message}` };
  else if (count === 0) yield { promise: 'lost', what: `${name} was published, and never received` };
  const most = measure.get(number) ?? 0;
  if (qos === 2 && count > most)
    yield { promise: 'duplicate', what: `${name} was received ${count} times, not ${most}` };
}

/** @param firsts numbers of messages in the order in which they came first; `due`: in which they should have */
function* checkOrder(qos: QoS, firsts: readonly number[], due: readonly number[]): Generator<Violation> {
  const places = new Map(due.map((number, place) => [number, place]));
  let furthest = -1;
  for (const number of firsts) {
    const place = places.get(number) ?? Number.POSITIVE_INFINITY;
    if (place < furthest) {
      const what = `QoS ${qos} message ${number} was received after message ${due[furthest]}`;
      yield { promise: 'order', what };
    } else furthest = place;
  }
}
