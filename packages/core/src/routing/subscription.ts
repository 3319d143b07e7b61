import type { QoS } from '@cauldron/protocol';
import type { Subscriber } from '../ports.ts';

/** How one subscriber gets a message: what is left of its subscriptions once they matched. */
export interface Delivery {
  readonly subscriber: Subscriber;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** Subscription identifiers to send along, null = none. */
  readonly identifiers: readonly number[] | null;
  /** The subscriptions merged here where several of one subscriber match; null = this is one. */
  readonly parts: readonly Subscription[] | null;
}

/** What a subscription asks for beside its filter (section 3.8.3.1). */
export interface SubscriptionOptions {
  readonly qos: QoS;
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly identifiers?: readonly number[] | null;
}

/**
 * How a subscriber wants what a filter matches. It does not name the filter, so one object serves all filters for which
 * a subscriber asked the same: with a million subscriptions, a publish touches the few objects of its subscribers, not one
 * more for each match.
 */
export class Subscription implements Delivery {
  readonly subscriber: Subscriber;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[] | null;

  constructor(subscriber: Subscriber, options: SubscriptionOptions) {
    this.subscriber = subscriber;
    this.qos = options.qos;
    this.noLocal = options.noLocal ?? false;
    this.retainAsPublished = options.retainAsPublished ?? false;
    this.identifiers = options.identifiers ?? null;
  }

  get parts(): null {
    return null;
  }
}

/**
 * Overlapping subscriptions of one subscriber as one delivery: the highest QoS and every identifier.
 * // [MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4]
 */
export function mergeSubscriptions(parts: readonly Subscription[]): Delivery {
  let qos: QoS = 0;
  let identifiers: number[] | null = null;
  let noLocal = false;
  let retainAsPublished = false;
  for (const part of parts) {
    if (part.qos > qos) qos = part.qos;
    if (part.identifiers !== null) identifiers = [...(identifiers ?? []), ...part.identifiers];
    noLocal ||= part.noLocal;
    retainAsPublished ||= part.retainAsPublished;
  }
  return { subscriber: parts[0]!.subscriber, qos, noLocal, retainAsPublished, identifiers, parts };
}

/**
 * What remains of a delivery when the message comes from the subscriber itself: the subscriptions without No Local, or
 * null. // [MQTT-3.8.3-3]
 */
export function withoutNoLocal(delivery: Delivery): Delivery | null {
  if (!delivery.noLocal) return delivery;
  if (delivery.parts === null) return null;
  const rest = delivery.parts.filter((part) => !part.noLocal);
  if (rest.length === 0) return null;
  return rest.length === 1 ? rest[0]! : mergeSubscriptions(rest);
}
