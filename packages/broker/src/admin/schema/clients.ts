/** Clients and their sessions: `/api/v1/clients`, and what happened to them: `/api/v1/events`. */
import { z } from 'zod';
import { count, pageOf, pageQuery, payload, qos, time } from './common.ts';
import { action } from './explain.ts';

export const clientState = z.enum(['connected', 'away']).describe('`away`: the session waits for its client');

export const clientsQuery = pageQuery.extend({
  search: z
    .string()
    .max(256)
    .default('')
    .describe('Part of client identifier, user name or address, whatever the case'),
  state: clientState.optional(),
  sort: z
    .enum(['clientId', 'connectedAt', 'queued', 'dropped', 'received', 'sent'])
    .default('clientId')
    .describe('Numbers: largest first'),
});

/** A row of the list. */
export const clientRow = z.object({
  clientId: z.string(),
  state: clientState,
  username: z.string().nullable(),
  /** Somebody checked that it is this user. */
  verified: z.boolean(),
  address: z.string().nullable(),
  listener: z.string().nullable(),
  protocol: z.enum(['3.1', '3.1.1', '5.0']).nullable().describe('null = it has not been here since the broker started'),
  connectedAt: time.nullable(),
  subscriptions: count,
  queued: count,
  inflight: count,
  /** Messages that did not reach it. */
  dropped: count,
  /** PUBLISH packets from it and to it on this connection. */
  received: count,
  sent: count,
  /** It cannot take what it is sent as fast as that comes. */
  slow: z.boolean(),
});

export const clientsPage = pageOf(clientRow);

export const subscription = z.object({
  filter: z.string(),
  qos,
  noLocal: z.boolean(),
  retainAsPublished: z.boolean(),
  identifiers: z.array(count),
  /** Group of `$share/GROUP/...`; null = not shared. */
  shareGroup: z.string().nullable(),
});

export const will = z.object({
  topic: z.string(),
  payload,
  qos,
  retain: z.boolean(),
  /** Seconds. */
  delay: count,
});

/** Everything about one client. */
export const client = clientRow.extend({
  /** Seconds; 0 = off. */
  keepAlive: count.nullable(),
  cleanStart: z.boolean().nullable(),
  /** Seconds the session outlives its connection; null = it never ends. */
  sessionExpiry: count.nullable(),
  /** When a session that waits ends; null = it does not wait, or never ends. */
  endsAt: time.nullable(),
  /** Kept on the disk. */
  durable: z.boolean(),
  /** Roles and groups the rules give it. */
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  bytesReceived: count,
  bytesSent: count,
  queuedBytes: count,
  /** Most messages in flight to it. */
  receiveMaximum: count.nullable(),
  lastSeenAt: time.nullable(),
  will: will.nullable(),
  /** The first hundred; `GET /clients/:clientId/subscriptions` has them all. */
  subscriptionList: z.array(subscription),
});

export const subscriptionsPage = pageOf(subscription);

export const eventKind = z.enum([
  'connected',
  'disconnected',
  'refused',
  'denied',
  'kicked',
  'slow',
  'throttled',
  'banned',
  'session-ended',
  'subscribed',
  'unsubscribed',
]);

/** Something that happened to a client, for its timeline. */
export const event = z.object({
  /** Grows by one with each. */
  id: count,
  at: time,
  kind: eventKind,
  /** null = it never said. */
  clientId: z.string().nullable(),
  username: z.string().nullable(),
  address: z.string().nullable(),
  /** In plain language: what happened and why. */
  message: z.string(),
  reasonCode: count.nullable(),
  /** What a client that was `denied` wanted to do, so that `POST /explain` can be asked why; null with other kinds. */
  action: action.nullable(),
  /** Topic or filter it was about. */
  topic: z.string().nullable(),
});

export const eventsQuery = pageQuery.extend({
  clientId: z.string().optional(),
  kind: z.string().optional().describe('Kinds with commas between them: `refused,denied`'),
});

/** Newest first. */
export const eventsPage = pageOf(event);

export const disconnectRequest = z.strictObject({
  /** What a 5.0 client is told. */
  reason: z.string().max(1024).default('disconnected by an administrator'),
  /** MQTT 5.0 reason code, default 0x98. */
  reasonCode: z.number().int().min(0x80).max(0xff).default(0x98),
});

export type ClientRow = z.output<typeof clientRow>;
export type ClientsQuery = z.input<typeof clientsQuery>;
export type Client = z.output<typeof client>;
export type Subscription = z.output<typeof subscription>;
export type EventKind = z.output<typeof eventKind>;
export type ClientEvent = z.output<typeof event>;
