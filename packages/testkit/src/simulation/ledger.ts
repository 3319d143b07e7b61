import type { QoS } from '@cauldron/protocol';
import { matchTopic, parseSharedFilter } from '@cauldron/protocol';

/** A promise of MQTT that did not hold in a run. `invariant` is one of {@link invariants}. */
export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** What every run is checked for, by name. */
export const invariants = {
  'acknowledged-delivered': 'an acknowledged QoS 1 or 2 message reaches every session that was subscribed all along',
  'exactly-once': 'a QoS 2 message reaches a QoS 2 subscriber once',
  'at-least-once': 'a QoS 1 message comes again only with DUP, or when its publisher sent it again',
  order: 'messages of one publisher, topic and QoS arrive in the order they were sent',
  'retained-fresh': 'a retained message is never older than one acknowledged before the SUBSCRIBE',
  'retained-delivered': 'a new subscription gets what is retained',
  will: 'a will is published when its connection ended without a goodbye and its delay is over, and not otherwise',
  'shared-once': 'a message goes to one member of a share group',
  subscribed: 'nobody gets a message without a subscription that matches it, or with a higher QoS than was asked for',
  'well-formed': 'the broker sends only packets that are whole, valid and of the size the client takes',
  'receive-maximum': 'no more messages are in flight than the client takes',
  'topic-alias': 'topic aliases stay below the maximum of the client and stand for a topic',
  'packet-id': 'no packet identifier is in use twice',
  answer: 'every answer belongs to a request, and correct clients are not refused',
  session: 'a session is there exactly as long as it was agreed on',
  'no-error': 'nothing throws inside the broker',
  drained: 'when everybody is connected and reads, everything comes to rest',
  'nothing-left': 'when everybody has left, nothing is left: no session, queue, subscription, connection or timer',
} as const;
export type Invariant = keyof typeof invariants;

/** A message a client published. Times are moments of {@link Ledger.moment}; Infinity = has not happened. */
export interface SentMessage {
  readonly index: number;
  readonly publisher: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** No payload: deletes a retained message. */
  readonly empty: boolean;
  /** Bytes of its largest encoding, about. */
  readonly size: number;
  readonly expires: boolean;
  readonly firstSentAt: number;
  transmissions: number;
  /** PUBACK, or the PUBREC of QoS 2, with a success code. */
  acknowledgedAt: number;
}

/** A SUBSCRIBE and what came of it: surely there in one span, possibly in a wider one. */
export interface SubscriptionModel {
  readonly written: string;
  readonly filter: string;
  readonly group: string | undefined;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  readonly identifier: number;
  /** SUBSCRIBE sent. */
  readonly possibleFrom: number;
  /** SUBACK got. */
  sureFrom: number;
  /** UNSUBSCRIBE, or a SUBSCRIBE in its place, sent. */
  sureTo: number;
  /** UNSUBACK, or the SUBACK of the SUBSCRIBE in its place, got. */
  possibleTo: number;
}

interface Receipts {
  /** Times it came as a live message. */
  live: number;
  /** Of those, without DUP. */
  fresh: number;
  /** Of those, with QoS 2. */
  exact: number;
  /** Highest QoS it came with. */
  qos: QoS;
}

interface RetainedReceipt {
  readonly message: SentMessage;
  readonly at: number;
  readonly identifier: number;
}

/** One session of one client, from the CONNACK that began it to where the client gives it up. */
export class Generation {
  readonly clientId: string;
  readonly number: number;
  readonly maxPacketSize: number;
  /** It outlives its connection. */
  persistent: boolean;
  endedAt = Number.POSITIVE_INFINITY;
  /** The next session of the client began: until then the broker may still have this one. */
  replacedAt = Number.POSITIVE_INFINITY;
  readonly subscriptions: SubscriptionModel[] = [];
  readonly receipts = new Map<SentMessage, Receipts>();
  readonly retained: RetainedReceipt[] = [];
  /** The last message per publisher, topic and QoS. */
  readonly last = new Map<string, SentMessage>();

  constructor(clientId: string, number: number, maxPacketSize: number, persistent: boolean) {
    this.clientId = clientId;
    this.number = number;
    this.maxPacketSize = maxPacketSize;
    this.persistent = persistent;
  }

  get alive(): boolean {
    return this.endedAt === Number.POSITIVE_INFINITY;
  }

  /** The subscriptions to a topic that existed, or may have, in some part of a span. */
  *possible(topic: string, from: number, to: number): Generator<SubscriptionModel> {
    for (const subscription of this.subscriptions) {
      if (subscription.possibleFrom > to || subscription.possibleTo < from) continue;
      if (matchTopic(subscription.filter, topic)) yield subscription;
    }
  }

  /** Whether a message is too large for the client: then it counts as delivered. */
  takes(message: SentMessage): boolean {
    return message.size <= this.maxPacketSize;
  }

  toString(): string {
    return `session ${this.number} of ${this.clientId}`;
  }
}

/** What clients sent, asked for and got in a run: the memory that the invariants are checked against. */
export class Ledger {
  readonly messages: SentMessage[] = [];
  readonly generations: Generation[] = [];
  /** Moments at which the broker crashed. */
  readonly crashes: number[] = [];
  /** Those at which the store began to fail or recovered, and those at which the broker found the latter out. */
  readonly failures: number[] = [];
  readonly #latest = new Map<string, Generation>();
  #moment = 0;

  /** The next moment: every thing that happens has one of its own, so that any two have an order. */
  moment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** How often the broker has crashed since a moment. */
  crashesSince(moment: number): number {
    return this.crashes.filter((at) => at > moment).length;
  }

  /** Whether what happened at a moment may have been lost: the broker crashed later, or the store failed. */
  troubledSince(moment: number): boolean {
    return this.failedSince(moment) || (this.crashes.at(-1) ?? 0) > moment;
  }

  /** Whether the store failed after a moment: then a message may have been refused, unheard by its publisher. */
  failedSince(moment: number): boolean {
    return (this.failures.at(-1) ?? 0) > moment;
  }

  /** A session began. */
  begin(clientId: string, maxPacketSize: number, persistent: boolean): Generation {
    const generation = new Generation(clientId, this.generations.length, maxPacketSize, persistent);
    this.generations.push(generation);
    const before = this.#latest.get(clientId);
    if (before !== undefined) before.replacedAt = this.moment();
    this.#latest.set(clientId, generation);
    return generation;
  }
}

/** A subscription as it is asked for, from now on possible. */
export function subscriptionModel(
  request: Pick<
    SubscriptionModel,
    'written' | 'qos' | 'noLocal' | 'retainAsPublished' | 'retainHandling' | 'identifier'
  >,
  now: number,
): SubscriptionModel {
  const shared = parseSharedFilter(request.written);
  const never = Number.POSITIVE_INFINITY;
  return {
    ...request,
    filter: shared?.filter ?? request.written,
    group: shared?.group,
    possibleFrom: now,
    sureFrom: never,
    sureTo: never,
    possibleTo: never,
  };
}
