/** How the broker is: `/api/v1/overview` and `/api/v1/metrics`. */
import { z } from 'zod';
import { count, time } from './common.ts';

/** Why messages did not reach a subscriber. */
export const dropReason = z.enum([
  'slow-consumer',
  'queue-full',
  'offline',
  'expired',
  'too-old',
  'too-large',
  'memory-pressure',
  'lost',
  'not-allowed',
]);

/** Something a person should know, in plain language. */
export const finding = z.object({
  /** Stable, for programs: a code of `Health`, or of what the overview itself found (`slow-consumers`, `refused-logins`, ...). */
  code: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  /** What is the matter: "3 clients dropped messages in the last minute: too slow". */
  message: z.string(),
  /** What to do about it; null = nothing. */
  advice: z.string().nullable(),
  since: time,
  /** Clients it is about, the first few. */
  clients: z.array(z.string()),
});

/** One second of the broker's life: a point of the charts. Rates are per second, over that second. */
export const sample = z.object({
  at: time,
  clients: count,
  /** PUBLISH packets in and out. */
  publishIn: z.number(),
  publishOut: z.number(),
  /** All bytes of MQTT in and out. */
  bytesIn: z.number(),
  bytesOut: z.number(),
  dropped: z.number(),
  retained: count,
  subscriptions: count,
  queued: count,
  inflight: count,
  /** Milliseconds the event loop was late, 99th percentile and maximum of the second. */
  loopDelayP99: z.number(),
  loopDelayMax: z.number(),
  /** Bytes. */
  residentMemory: count,
  heapUsed: count,
  /** Share of one processor core, 0 to 1 and above. */
  cpu: z.number(),
  /** Milliseconds a commit of the store took, of the last ones; null = nothing is stored on disk. */
  commitP50: z.number().nullable(),
  commitP99: z.number().nullable(),
});

export const listener = z.object({
  name: z.string(),
  url: z.string(),
  connections: count,
  tls: z.boolean(),
  webSocket: z.boolean(),
});

export const overview = z.object({
  version: z.string(),
  node: z.string(),
  pid: count,
  startedAt: time,
  now: time,
  health: z.object({ ok: z.boolean(), findings: z.array(finding) }),
  /** The newest sample. */
  current: sample,
  clients: z.object({ connected: count, sessions: count, maximum: count }),
  retained: z.object({ count, bytes: count }),
  subscriptions: z.object({ count, shared: count }),
  /** What waits for clients. */
  queue: z.object({ messages: count, bytes: count, inflight: count }),
  /** Since the start, and in the last minute. */
  drops: z.array(z.object({ reason: dropReason, total: count, lastMinute: count })),
  totals: z.object({
    publishIn: count,
    publishOut: count,
    bytesIn: count,
    bytesOut: count,
    connectionsAccepted: count,
    connectionsRefused: count,
    protocolErrors: count,
  }),
  /** null = everything is kept in memory. */
  store: z
    .object({
      folder: z.string(),
      state: z.enum(['ok', 'full', 'failing']),
      commits: count,
      commitP50: z.number(),
      commitP99: z.number(),
      commitMax: z.number(),
    })
    .nullable(),
  memory: z.object({
    resident: count,
    heapUsed: count,
    pressure: z.enum(['none', 'high', 'critical']),
    limit: count.nullable(),
  }),
  listeners: z.array(listener),
});

/** `GET /metrics/history`: oldest first, up to ten minutes of seconds. */
export const history = z.object({ samples: z.array(sample) });

export type DropReason = z.output<typeof dropReason>;
export type Finding = z.output<typeof finding>;
export type Sample = z.output<typeof sample>;
export type ListenerInfo = z.output<typeof listener>;
export type Overview = z.output<typeof overview>;
export type History = z.output<typeof history>;
