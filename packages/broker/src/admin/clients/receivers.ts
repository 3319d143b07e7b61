import {
  type BrokerCore,
  type Delivery,
  isSubscription,
  mergeSubscriptions,
  type Route,
  Session,
  type Subscriber,
  type Subscription,
  withoutNoLocal,
} from '@cauldron/core';
import { type QoS, topicNameProblem } from '@cauldron/protocol';
import { ApiProblem } from '../problem.ts';
import type { Receiver, ReceiversPage } from '../schema/index.ts';
import { countOf } from '../words.ts';
import { DROPPED } from './describe-event.ts';
import { OrderedPage } from './ordered-page.ts';
import type { SlicedWork } from './sliced.ts';

/** Filters of one receiver that are told. */
const MOST_FILTERS = 10;

/** What is asked. */
export interface ReceiversQuery {
  readonly topic: string;
  readonly qos: QoS;
  readonly publisher?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface Candidate {
  readonly delivery: Delivery;
  readonly group: string | null;
}

type Outcome = Pick<Receiver, 'outcome' | 'note'>;

/**
 * Who would get a message, and what would become of it: by the subscriptions, rights and queues there are now.
 *
 * Rejects with {@link ApiProblem} TOPIC_INVALID, INVALID_CURSOR.
 */
export async function receiversOf(core: BrokerCore, work: SlicedWork, query: ReceiversQuery): Promise<ReceiversPage> {
  const { topic, qos, publisher } = query;
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new ApiProblem(
      400,
      'TOPIC_INVALID',
      `'${topic}' is no topic name: ${problem}. Give one that a message could be published to.`,
    );
  }
  const page = new OrderedPage<Candidate>(`receivers ${topic}`.slice(0, 200), query);
  const { routes, filters } = core.router.audience(topic);
  const found = new Found();
  await work.each(routes, (route) => found.add(route));
  const from = publisher === undefined ? undefined : core.sessions.get(publisher);
  let denied = 0;
  await work.each(found.candidates(from), (candidate) => {
    const { subscriber } = candidate.delivery;
    if (subscriber.mayReceive?.(topic) === false) denied += 1;
    else page.add({ number: 0, name: `${subscriber.clientId ?? ''}\n${candidate.group ?? ''}` }, candidate);
  });
  const { items, total, next } = page.page();
  const message = { core, topic, qos, filters };
  const retained = core.retained.get(topic);
  return {
    items: items.map((candidate) => shown(candidate, message)),
    total,
    next,
    retained: retained !== null && retained.expiresAt > core.now,
    denied,
  };
}

/** The subscriptions that match, put together by their subscribers. */
class Found {
  readonly #own = new Map<Subscriber, Subscription | Subscription[]>();
  readonly #shared: Candidate[] = [];

  add(route: Route): void {
    if (!isSubscription(route)) {
      for (const delivery of route.members) this.#shared.push({ delivery, group: route.name });
      return;
    }
    const before = this.#own.get(route.subscriber);
    if (before === undefined) this.#own.set(route.subscriber, route);
    else if (Array.isArray(before)) before.push(route);
    else this.#own.set(route.subscriber, [before, route]);
  }

  /** Everybody who has a subscription that matches, but not where it wants nothing of its own. */
  *candidates(publisher: Subscriber | undefined): Generator<Candidate, void> {
    for (const [subscriber, parts] of this.#own) {
      const delivery = Array.isArray(parts) ? mergeSubscriptions(parts) : parts;
      const left = subscriber === publisher ? withoutNoLocal(delivery) : delivery; // [MQTT-3.8.3-3]
      if (left !== null) yield { delivery: left, group: null };
    }
    yield* this.#shared;
  }
}

interface Asked {
  readonly core: BrokerCore;
  readonly topic: string;
  readonly qos: QoS;
  /** Those that match the topic, whoever has them. */
  readonly filters: readonly string[];
}

function shown({ delivery, group }: Candidate, asked: Asked): Receiver {
  const { subscriber } = delivery;
  const qos = Math.min(asked.qos, delivery.qos) as QoS; // [MQTT-3.8.4-8]
  if (!(subscriber instanceof Session)) {
    return {
      clientId: subscriber.clientId ?? null,
      state: 'local',
      username: null,
      qos,
      filters: [],
      shareGroup: group,
      outcome: 'sent',
      note: 'the program that runs the broker gets it',
    };
  }
  const { outcome, note } = outcomeFor(subscriber, qos, asked.core);
  const turn = group === null ? '' : `, where it is its turn in the group '${group}'`;
  return {
    clientId: subscriber.clientId,
    state: subscriber.away ? 'away' : 'connected',
    username: subscriber.client?.username ?? subscriber.username,
    qos,
    filters: filtersOf(subscriber, group, asked.filters),
    shareGroup: group,
    outcome,
    note: `${note}${turn}`,
  };
}

function filtersOf({ subscriptions }: Session, group: string | null, filters: readonly string[]): string[] {
  const written = group === null ? filters : filters.map((filter) => `$share/${group}/${filter}`);
  return written.filter((filter) => subscriptions?.has(filter) === true).slice(0, MOST_FILTERS);
}

/** What becomes of a message for a session, as `Session.deliver` would have it. */
function outcomeFor(session: Session, qos: QoS, core: BrokerCore): Outcome {
  const { connection } = session;
  const waits = session.queuedMessages > 0 ? ` (${session.queuedMessages.toLocaleString('en')} waiting)` : '';
  if (connection === null) {
    if (qos === 0 && core.memory.short) return dropped('memory-pressure');
    if (qos === 0 && !core.options.mqtt.queueQos0) {
      return { outcome: 'dropped', note: 'away, and QoS 0 does not wait unless mqtt.queueQos0 says so' };
    }
    return fullQueue(session, core) ?? { outcome: 'queued', note: `away: it waits in its session${waits}` };
  }
  if (qos === 0) {
    if (session.backlog?.ordersQos0 === true) {
      if (core.memory.short) return dropped('memory-pressure');
      const note = `connected: it waits behind what must come before it${waits}`;
      return fullQueue(session, core) ?? { outcome: 'queued', note };
    }
    if (connection.output.congested) return dropped('slow-consumer');
    return { outcome: 'sent', note: 'connected, will get it at QoS 0' };
  }
  const inflight = session.inflight;
  if (connection.output.congested || session.queuedMessages > 0) {
    return (
      fullQueue(session, core) ?? { outcome: 'queued', note: `connected, and behind: it waits in its session${waits}` }
    );
  }
  if (inflight !== null && !inflight.hasRoom) {
    const note = `connected: it waits until the client acknowledges what is in flight (${countOf(inflight.size, 'message')})`;
    return fullQueue(session, core) ?? { outcome: 'queued', note };
  }
  return { outcome: 'sent', note: `connected, will get it at QoS ${qos}` };
}

const dropped = (reason: keyof typeof DROPPED): Outcome => ({ outcome: 'dropped', note: DROPPED[reason] });

/** What becomes of a message for which there is no room; null = there is. */
function fullQueue(session: Session, core: BrokerCore): Outcome | null {
  if (core.memory.critical && session.number === 0) return dropped('memory-pressure');
  const { maxQueuedMessages, maxQueuedBytes, queueFull } = session.limits;
  const bytes = session.backlog?.bytes ?? 0;
  if (session.queuedMessages < maxQueuedMessages && bytes < maxQueuedBytes) return null;
  const full = `its queue is full (${countOf(session.queuedMessages, 'message')}, ${countOf(bytes, 'byte')})`;
  if (queueFull === 'drop-oldest') return { outcome: 'queued', note: `${full}: the oldest message is dropped for it` };
  const why = queueFull === 'refuse' ? 'its publisher is told, and nobody gets it' : 'it is dropped';
  return { outcome: 'dropped', note: `${full}: ${why} (limits.queueFull)` };
}
