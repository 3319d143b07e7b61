import { matchTopic, type PublishView, type QoS, ReasonCode } from '@cauldron/protocol';
import type { MemoryPressure } from '../guard/memory-pressure.ts';
import type { Metrics } from '../metrics.ts';
import type { CoreOptions, ListenerSettings } from '../options.ts';
import type { Refusal, Subscriber } from '../ports.ts';
import type { Router } from '../routing/router.ts';
import { type Delivery, withoutNoLocal } from '../routing/subscription.ts';
import type { Topic } from '../routing/topic-table.ts';
import { Session } from '../session/session.ts';
import type { Journal } from './journal.ts';
import { failureCode, failureReason, type StoreFailure } from './store.ts';

/** What admission needs of the broker around it. */
export interface AdmissionHost {
  readonly options: CoreOptions;
  readonly metrics: Metrics;
  readonly router: Router;
  readonly journal: Journal | null;
  readonly memory: MemoryPressure;
}

/** A publish that asks to be accepted. */
export interface Offer {
  readonly topic: Topic;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Bytes the store takes for it, at most. */
  readonly size: number;
  readonly publisher: Subscriber | null;
  /** Its publisher can be told of a full queue; it is no reason to refuse otherwise. */
  readonly tellable: boolean;
}

/** Most bytes the store takes for a message beside its topic, properties and payload. */
const MOST_BESIDE = 24;

/** Bytes the store takes at most for a packet that is being read. */
export function mostStoredBytes(topic: Topic, view: PublishView): number {
  return topic.bytes.length + view.end - view.propertiesStart + MOST_BESIDE;
}

/**
 * Whether what clients ask for can be kept: says no at once where it is known that it cannot, since the store does not
 * work, a queue is full or memory is critically short.
 */
export class Admission {
  readonly #host: AdmissionHost;

  constructor(host: AdmissionHost) {
    this.#host = host;
  }

  get #failure(): StoreFailure | null {
    return this.#host.journal?.failure ?? null;
  }

  /** A publish may have to be refused. */
  get mayRefuse(): boolean {
    const { options, memory } = this.#host;
    return options.limits.queueFull === 'refuse' || this.#failure !== null || memory.critical;
  }

  /**
   * Why a publish cannot be accepted: the store does not work and would have to keep it, or the queue of a session that
   * should get it is full and the policy is to refuse, or memory is critically short and it would have to wait there.
   * Null = it can.
   */
  refusal(offer: Offer): Refusal | null {
    if (offer.qos === 0) return null;
    const failure = this.#failure;
    if (failure !== null && offer.retain) return this.#failing(failure);
    const { deliveries, groups } = this.#host.router.match(offer.topic);
    for (const delivery of deliveries) {
      const refusal = this.#refusalOf(delivery, offer, failure);
      if (refusal !== null) return refusal;
    }
    for (const group of groups) {
      const delivery = group.peek();
      const refusal = delivery === null ? null : this.#refusalOf(delivery, offer, failure);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  #refusalOf(delivery: Delivery, offer: Offer, failure: StoreFailure | null): Refusal | null {
    const { subscriber } = delivery;
    if (delivery.qos === 0 || !(subscriber instanceof Session)) return null;
    if (subscriber === offer.publisher && withoutNoLocal(delivery) === null) return null;
    if (failure !== null && subscriber.number > 0) return this.#failing(failure);
    if (!offer.tellable) return null;
    const qos = delivery.qos < offer.qos ? delivery.qos : offer.qos;
    if (this.#host.memory.critical && subscriber.waitsInMemory(qos)) return this.#shortOfMemory(subscriber);
    if (this.#host.options.limits.queueFull !== 'refuse') return null;
    if (!subscriber.lacksRoomFor(qos, offer.size)) return null;
    this.#host.metrics.publishesRefusedQueueFull += 1;
    const reason = `the queue of '${subscriber.clientId}' is full (limits.queueFull = "refuse"); try again later`;
    return { reasonCode: ReasonCode.quotaExceeded, reason };
  }

  #shortOfMemory({ clientId }: Session): Refusal {
    this.#host.metrics.refusedMemoryPressure += 1;
    const reason = `the broker is short of memory, and the message would have to wait for '${clientId}'; try again later`;
    return { reasonCode: ReasonCode.quotaExceeded, reason };
  }

  /** Why a session can change nothing that is to last now; null = it can. */
  refusalToChange(session: Session): Refusal | null {
    const failure = this.#failure;
    return failure === null || session.number === 0 ? null : this.#failing(failure);
  }

  #failing(failure: StoreFailure): Refusal {
    this.#host.metrics.refusedStoreFailing += 1;
    return {
      reasonCode: failureCode(failure),
      reason: `nothing can be kept now: ${failureReason(failure)}; try again later`,
    };
  }

  /** Whether publishes to a topic are acknowledged before they are on the disk. */
  acksFromMemory(listener: ListenerSettings, topic: Topic): boolean {
    const { topics, default: usual } = this.#host.options.ack;
    if (topic.ack === undefined) topic.ack = topics.find(({ filter }) => matchTopic(filter, topic.name))?.ack ?? null;
    return (topic.ack ?? listener.ack ?? usual) === 'memory';
  }
}
