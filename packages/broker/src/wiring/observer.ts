import type { ClientInfo, DisconnectReason, DropReason, Observer, Refusal } from '@cauldron/core';
import { type QoS, ReasonCode } from '@cauldron/protocol';
import type { Health, HealthMonitor } from '../health.ts';
import type { Logger } from '../log.ts';
import type { StoreKeeper } from '../store-keeper.ts';
import { describeError } from './describe-error.ts';
import type { SecurityLog } from './security-log.ts';

/** What a broker tells the program around it, with the arguments of each event. */
export interface BrokerEvents {
  connect: [client: ClientInfo, sessionPresent: boolean];
  disconnect: [client: ClientInfo, reason: DisconnectReason];
  /** A connection was refused or never became a client. */
  refuse: [remoteAddress: string, clientId: string | undefined, refusal: Refusal];
  subscribe: [client: ClientInfo, filter: string, qos: QoS];
  unsubscribe: [client: ClientInfo, filter: string];
  /** A publish or subscribe was not allowed. */
  deny: [client: ClientInfo, action: 'publish' | 'subscribe', topic: string, refusal: Refusal];
  /** Messages are being dropped for a client; said once until it keeps up again. */
  drop: [clientId: string, reason: DropReason];
  /** A client sends more than its rate allows, and is read from more slowly; said once until it keeps to it. */
  throttle: [client: ClientInfo, limit: 'maxMessageRate' | 'maxByteRate'];
  /** A client identifier connects too often, and is refused for so many seconds. */
  ban: [clientId: string, remoteAddress: string, seconds: number];
  sessionEnd: [clientId: string, reason: 'expired' | 'cleaned' | 'discarded'];
  /** Something keeps the broker from doing all it should, or does so no more. */
  health: [health: Health];
}

/** Hands an event on to the program. */
export type Tell = <K extends keyof BrokerEvents & string>(event: K, ...args: BrokerEvents[K]) => void;

export interface ObserverParts {
  readonly log: Logger;
  readonly security: SecurityLog;
  readonly health: HealthMonitor;
  readonly keeper: StoreKeeper | null;
  readonly now: () => number;
  readonly tell: Tell;
  /** The rule that decided, and where it stands; undefined where rules did not. */
  readonly ruleOf: (client: ClientInfo, action: 'publish' | 'subscribe', topic: string) => string | undefined;
  /** Those who keep what happens to clients, for people who look later. They must not throw. */
  readonly history?: readonly Observer[] | undefined;
}

/** What the core says, for the log, the audit log and the program. */
export function observerOf(parts: ObserverParts): Observer {
  const { log, security, health, keeper, now, tell, ruleOf, history = [] } = parts;
  const keep = (hear: (one: Observer) => void) => history.forEach(hear);
  return {
    connected: (client, present) => {
      keep((one) => one.connected?.(client, present));
      log.debug(`client '${client.clientId}' connected`, { address: client.remoteAddress, present });
      tell('connect', client, present);
    },
    disconnected: (client, reason) => {
      keep((one) => one.disconnected?.(client, reason));
      log.debug(`client '${client.clientId}' disconnected: ${reason.reason}`, { by: reason.by });
      security.disconnected(client, reason);
      tell('disconnect', client, reason);
    },
    refused: (remoteAddress, clientId, refusal, username) => {
      keep((one) => one.refused?.(remoteAddress, clientId, refusal, username));
      security.refused(remoteAddress, clientId, refusal, username);
      tell('refuse', remoteAddress, clientId, refusal);
    },
    subscribed: (client, filter, qos) => {
      keep((one) => one.subscribed?.(client, filter, qos));
      tell('subscribe', client, filter, qos);
    },
    unsubscribed: (client, filter) => {
      keep((one) => one.unsubscribed?.(client, filter));
      tell('unsubscribe', client, filter);
    },
    denied: (client, action, topic, refusal) => {
      keep((one) => one.denied?.(client, action, topic, refusal));
      // While the store fails that may be every message; the failure itself was said.
      const expected = health.has('store-full', 'store-failing');
      const rule = refusal.reasonCode === ReasonCode.notAuthorized ? ruleOf(client, action, topic) : undefined;
      security.denied(client, action, topic, refusal, { expected, rule });
      tell('deny', client, action, topic, refusal);
    },
    throttled: (client, limit) => {
      keep((one) => one.throttled?.(client, limit));
      security.throttled(client, limit);
      tell('throttle', client, limit);
    },
    banned: (clientId, remoteAddress, seconds) => {
      keep((one) => one.banned?.(clientId, remoteAddress, seconds));
      security.banned(clientId, remoteAddress, seconds);
      tell('ban', clientId, remoteAddress, seconds);
    },
    dropping: (clientId, reason) => {
      keep((one) => one.dropping?.(clientId, reason));
      log.debug(`dropping messages for '${clientId}': ${reason}`);
      tell('drop', clientId, reason);
    },
    dropped: (clientId, reason) => keep((one) => one.dropped?.(clientId, reason)),
    sessionEnded: (clientId, reason) => {
      keep((one) => one.sessionEnded?.(clientId, reason));
      tell('sessionEnd', clientId, reason);
    },
    storeFailing: (failure) => keeper?.failing(failure, now()),
    storeRecovered: () => keeper?.recovered(),
    internalError: (error, address) => log.error(`internal error with ${address}: ${describeError(error)}`),
  };
}
