import { ReasonCode } from '@cauldron/protocol';
import type { BrokerCore } from './broker-core.ts';
import type { Session } from './session/session.ts';
import type { PendingWill } from './session/will.ts';

/** The will was allowed at CONNECT; what its client lost since, it lost for its will as well. */
export function willDenied(core: BrokerCore, { message }: PendingWill, { client }: Session): boolean {
  const { authorizer } = core.ports;
  if (client === null || authorizer?.epoch === undefined) return false;
  const decision = authorizer.authorizePublish(client, message.topic, message.qos, message.retain);
  if (decision === true || decision instanceof Promise) return false;
  core.metrics.willsDenied += 1;
  core.observer.denied?.(client, 'publish', message.topic, decision);
  return true;
}

/** {@link BrokerCore.recheck}: takes subscriptions that would not be granted any more. */
export function recheck(core: BrokerCore, session: Session): string[] {
  const { authorizer } = core.ports;
  const { client, subscriptions, connection } = session;
  if (authorizer === null || client === null || subscriptions === null) return [];
  const taken: string[] = [];
  for (const [filter, { qos }] of subscriptions) {
    const decision = authorizer.authorizeSubscribe(client, filter, qos);
    if (decision === true || decision instanceof Promise) continue;
    taken.push(filter);
    core.sessions.unsubscribe(session, filter);
    core.observer.denied?.(client, 'subscribe', filter, decision);
  }
  if (taken.length > 0) {
    const reason = `the rules have changed: it may no longer subscribe to '${taken[0]}'`;
    connection?.end(ReasonCode.notAuthorized, taken.length === 1 ? reason : `${reason} and ${taken.length - 1} more`);
  }
  return taken;
}
