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
export function checkHistory({ published, received, complaints }: History): Violation[] {
  const violations: Violation[] = complaints.map((what) => ({ promise: 'unasked', what }));
  for (const qos of [1, 2] as const) {
    const got = received.filter((message) => message.qos === qos).map(({ number }) => number);
    const counts = new Map<number, number>();
    for (const number of got) counts.set(number, (counts.get(number) ?? 0) + 1);
    for (const message of published) if (message.qos === qos) violations.push(...checkOne(message, counts));
    violations.push(...checkOrder(qos, [...counts.keys()]));
  }
  return violations;
}

function* checkOne({ qos, number, outcome }: Published, counts: ReadonlyMap<number, number>): Generator<Violation> {
  const name = `QoS ${qos} message ${number}`;
  const count = counts.get(number) ?? 0;
  if (outcome === 'pending') yield { promise: 'unsettled', what: `${name} is neither published nor refused` };
  else if (outcome !== 'done') yield { promise: 'rejected', what: `${name}: ${outcome.message}` };
  else if (count === 0) yield { promise: 'lost', what: `${name} was published, and never received` };
  if (qos === 2 && count > 1) yield { promise: 'duplicate', what: `${name} was received ${count} times` };
}

/** @param firsts numbers of messages in the order in which they came first */
function* checkOrder(qos: QoS, firsts: readonly number[]): Generator<Violation> {
  for (const [at, number] of firsts.entries()) {
    const before = firsts[at - 1];
    if (before !== undefined && number < before) {
      yield { promise: 'order', what: `QoS ${qos} message ${number} was received after message ${before}` };
    }
  }
}
