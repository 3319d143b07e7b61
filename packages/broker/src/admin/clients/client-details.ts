import type { Subscription as CoreSubscription, Message, Session } from '@cauldron/core';
import { parseSharedFilter } from '@cauldron/protocol';
import type { AccessSource, ExplainedClient } from '../ports.ts';
import type { Client, ClientRow, Payload, Subscription } from '../schema/index.ts';
import { toPayload } from '../traffic/payload-kind.ts';

/** Bytes of a will's payload that are shown. */
const MOST_PAYLOAD = 65_536;
/** Subscriptions that are shown with a client. */
const MOST_SUBSCRIPTIONS = 100;
/** A session expiry interval that means "never" (section 3.1.2.11.2). */
const NEVER = 0xffffffff;
const PROTOCOLS = { 3: '3.1', 4: '3.1.1', 5: '5.0' } as const;

/** A session as a row of the list. */
export function rowOf(session: Session): ClientRow {
  const { connection, client } = session;
  const known = clientOf(session);
  return {
    clientId: session.clientId,
    state: connection === null ? 'away' : 'connected',
    username: known.username ?? null,
    verified: known.verified && known.username !== undefined,
    address: client?.remoteAddress ?? null,
    listener: client?.listener ?? null,
    protocol: client === null ? null : PROTOCOLS[client.protocolVersion],
    connectedAt: connection?.connectedAt ?? null,
    subscriptions: session.subscriptions?.size ?? 0,
    queued: session.queuedMessages,
    inflight: session.inflight?.size ?? 0,
    dropped: session.drops?.count ?? 0,
    received: connection?.publishReceived ?? 0,
    sent: connection?.output.publishSent ?? 0,
    slow: connection !== null && (connection.output.congested || session.dropping),
  };
}

/** Everything about a session. */
export function detailsOf(session: Session, access: AccessSource): Client {
  const { connection, client, inflight } = session;
  const standing = access.standing(clientOf(session));
  const forever = session.expiryInterval >= NEVER;
  return {
    ...rowOf(session),
    keepAlive: connection === null ? (client?.keepAlive ?? null) : connection.keepAliveMs / 1000,
    cleanStart: client?.cleanStart ?? null,
    sessionExpiry: forever ? null : session.expiryInterval,
    endsAt: connection === null && Number.isFinite(session.endsAt) ? session.endsAt : null,
    durable: session.number > 0,
    roles: [...(standing?.roles ?? client?.rights?.roles ?? [])].sort(),
    groups: [...(standing?.groups ?? client?.rights?.groups ?? [])].sort(),
    bytesReceived: connection?.bytesReceived ?? 0,
    bytesSent: connection?.output.bytesSent ?? 0,
    queuedBytes: session.backlog?.bytes ?? 0,
    receiveMaximum: connection === null || inflight === null ? null : inflight.limit,
    lastSeenAt: connection?.lastSeen ?? (session.leftAt || null),
    will: willOf(session),
    subscriptionList: firstSubscriptions(session),
  };
}

/** Who has a session, or had it last, as far as is known: of one that an earlier broker kept, its owner. */
export function clientOf(session: Session): ExplainedClient {
  const { client, clientId, username } = session;
  if (client !== null) return client;
  return { clientId, username: username ?? undefined, verified: username !== null, rights: undefined };
}

/** What is looked for in a session; all of it in lower case. */
export function isFound(session: Session, search: string): boolean {
  if (session.clientId.toLowerCase().includes(search)) return true;
  const username = session.client?.username ?? session.username;
  if (username?.toLowerCase().includes(search) === true) return true;
  return session.client?.remoteAddress.includes(search) === true;
}

export function shownSubscription(filter: string, subscription: CoreSubscription): Subscription {
  return {
    filter,
    qos: subscription.qos,
    noLocal: subscription.noLocal,
    retainAsPublished: subscription.retainAsPublished,
    identifiers: [...(subscription.identifiers ?? [])],
    shareGroup: parseSharedFilter(filter)?.group ?? null,
  };
}

function firstSubscriptions({ subscriptions }: Session): Subscription[] {
  const first: Subscription[] = [];
  for (const [filter, subscription] of subscriptions ?? []) {
    if (first.length === MOST_SUBSCRIPTIONS) break;
    first.push(shownSubscription(filter, subscription));
  }
  return first;
}

function willOf({ will }: Session): Client['will'] {
  if (will === null) return null;
  const { message, delay } = will;
  const { topic, qos, retain } = message;
  return { topic, payload: payloadOf(message), qos, retain, delay };
}

function payloadOf(message: Message): Payload {
  const whole = message.payload();
  return toPayload(whole.subarray(0, MOST_PAYLOAD), whole.length);
}
