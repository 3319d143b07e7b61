import {
  hasWildcard,
  isShared,
  PacketType,
  type QoS,
  ReasonCode,
  type SubscribePacket,
  type SubscriptionRequest,
  topicFilterProblem,
} from '@cauldron/protocol';
import type { Decision, Refusal } from '../../ports.ts';
import type { Subscription } from '../../routing/subscription.ts';
import type { Owed } from '../../session/retained-feed.ts';
import { whenDurable } from '../answers.ts';
import type { Connection } from '../connection.ts';

/** The answer of every 3.1 and 3.1.1 subscription that was not granted (MQTT 3.1.1 section 3.9.3). */
const FAILURE_3X = 0x80;

/** What refusing a filter costs, beside what the router counts. */
const REFUSAL = 64;

/**
 * SUBSCRIBE (section 3.8), in named steps: each filter is checked and authorized, then all are entered, answered in one
 * SUBACK, and what is retained follows. // [MQTT-3.8.4-5]
 */
export function handleSubscribe(connection: Connection, packet: SubscribePacket): void {
  const identifier = packet.properties?.subscriptionIdentifiers?.[0];
  const decisions = packet.subscriptions.map((request) => decide(connection, request, identifier));
  if (decisions.some((decision) => decision instanceof Promise)) {
    connection.wait(Promise.all(decisions), (answers) => finish(connection, packet, answers));
    return;
  }
  finish(connection, packet, decisions as Decision[]);
}

function decide(
  connection: Connection,
  request: SubscriptionRequest,
  identifier: number | undefined,
): Decision | Promise<Decision> {
  const problem = filterRefusal(connection, request.filter, identifier);
  if (problem !== null) return problem;
  const authorizer = connection.core.ports.authorizer;
  return authorizer === null || authorizer.authorizeSubscribe(connection.client!, request.filter, request.qos);
}

/** What this broker does not do, or not for a filter like this one. */
function filterRefusal(connection: Connection, filter: string, identifier: number | undefined): Refusal | null {
  const { mqtt } = connection.listener;
  const failing = connection.core.admission.refusalToChange(connection.session!);
  if (failing !== null) return failing;
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) return { reasonCode: ReasonCode.topicFilterInvalid, reason: problem };
  const tooLong = connection.core.topicProblem(filter);
  if (tooLong !== null) return { reasonCode: ReasonCode.topicFilterInvalid, reason: tooLong };
  if (!mqtt.sharedSubscriptions && isShared(filter)) {
    const reason = 'shared subscriptions are switched off (mqtt.sharedSubscriptions)';
    return { reasonCode: ReasonCode.sharedSubscriptionsNotSupported, reason };
  }
  if (!mqtt.wildcardSubscriptions && hasWildcard(filter)) {
    const reason = 'wildcard subscriptions are switched off (mqtt.wildcardSubscriptions)';
    return { reasonCode: ReasonCode.wildcardSubscriptionsNotSupported, reason };
  }
  if (!mqtt.subscriptionIdentifiers && identifier !== undefined) {
    const reason = 'subscription identifiers are switched off (mqtt.subscriptionIdentifiers)';
    return { reasonCode: ReasonCode.subscriptionIdentifiersNotSupported, reason };
  }
  return null;
}

function finish(connection: Connection, packet: SubscribePacket, decisions: readonly Decision[]): void {
  const identifiers = packet.properties?.subscriptionIdentifiers ?? null;
  const session = connection.session!;
  const owed: Owed[] = [];
  let reason: string | undefined;
  const reasonCodes = packet.subscriptions.map((request, i) => {
    const decision = decisions[i]!;
    const refusal = decision === true ? limitRefusal(connection, request.filter) : decision;
    if (refusal !== null) {
      reason ??= refusal.reason;
      return refused(connection, request, refusal);
    }
    const [subscription, isNew] = enter(connection, request, identifiers);
    if (wantsRetained(request, isNew)) owed.push(session.retainedFeed.owe(request.filter));
    return subscription.qos; // [MQTT-3.8.4-7] [MQTT-3.9.3-2]
  });
  const properties =
    reason !== undefined && connection.output.problemInformation ? { reasonString: reason } : undefined;
  const answer = () => {
    // [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6] [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT-3.9.2-1] [MQTT-3.9.2-2]
    connection.output.sendPacket({ type: PacketType.suback, packetId: packet.packetId, reasonCodes, properties });
    session.feed?.begin(owed);
    session.pump();
  };
  if (session.number === 0) answer();
  else whenDurable(connection, answer);
}

function limitRefusal(connection: Connection, filter: string): Refusal | null {
  const subscriptions = connection.session!.subscriptions;
  const limit = connection.limits.maxSubscriptionsPerClient;
  if (subscriptions?.has(filter)) return null;
  if ((subscriptions?.size ?? 0) < limit) return totalRefusal(connection);
  connection.core.metrics.subscriptionsOverLimit += 1;
  return {
    reasonCode: ReasonCode.quotaExceeded,
    reason: `a client may have ${limit} subscriptions (limits.maxSubscriptionsPerClient); unsubscribe from some first`,
  };
}

/** All clients together may have so many. */
function totalRefusal({ core }: Connection): Refusal | null {
  const { maxSubscriptions } = core.options.limits;
  if (core.router.subscriptions < maxSubscriptions) return null;
  core.metrics.subscriptionsOverTotal += 1;
  return {
    reasonCode: ReasonCode.quotaExceeded,
    reason: `all clients together have ${maxSubscriptions} subscriptions (limits.maxSubscriptions); try again later`,
  };
}

function refused(connection: Connection, request: SubscriptionRequest, refusal: Refusal): number {
  const { core } = connection;
  core.metrics.subscriptionsDenied += 1;
  core.turns.spend(REFUSAL);
  core.observer.denied?.(connection.client!, 'subscribe', request.filter, refusal);
  return connection.version5 ? refusal.reasonCode : FAILURE_3X;
}

/** Enters a subscription, in place of one to the same filter. // [MQTT-3.8.4-3] */
function enter(
  connection: Connection,
  request: SubscriptionRequest,
  identifiers: readonly number[] | null,
): [subscription: Subscription, isNew: boolean] {
  const { core } = connection;
  const session = connection.session!;
  const subscription = session.subscription({
    qos: Math.min(request.qos, connection.listener.mqtt.maximumQoS) as QoS, // [MQTT-3.2.2-9] [MQTT-3.2.2-10]
    noLocal: request.noLocal || connection.bridge,
    retainAsPublished: request.retainAsPublished || connection.bridge,
    identifiers,
  });
  session.subscriptions ??= new Map();
  const isNew = !session.subscriptions.has(request.filter);
  // Nothing is lost between the two: no message is routed before this returns. // [MQTT-3.8.4-4]
  if (!isNew) core.router.remove(request.filter, session);
  core.router.add(request.filter, subscription);
  session.subscriptions.set(request.filter, subscription);
  core.journal?.touchFilter(session, request.filter);
  core.observer.subscribed?.(connection.client!, request.filter, subscription.qos);
  return [subscription, isNew];
}

/** Whether retain handling lets a subscription have what is retained. // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] */
function wantsRetained(request: SubscriptionRequest, isNew: boolean): boolean {
  return request.retainHandling === 0 || (request.retainHandling === 1 && isNew);
}
