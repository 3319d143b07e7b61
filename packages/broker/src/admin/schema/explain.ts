/** Why something is refused, and where a message goes: `/api/v1/explain` and `/api/v1/receivers`. */
import { z } from 'zod';
import { count, pageOf, pageQuery, qos } from './common.ts';

export const action = z.enum(['publish', 'subscribe', 'receive']);

/** Whom to ask about: a connected client by its identifier, or one that is described. */
export const explainRequest = z.strictObject({
  clientId: z.string().max(65_535).default(''),
  /** Taken as checked; absent = that of the client with this identifier, where it is here, otherwise anonymous. */
  username: z.string().max(65_535).optional(),
  roles: z.array(z.string()).optional(),
  groups: z.array(z.string()).optional(),
  action,
  topic: z.string().min(1).max(65_535).describe('A topic name; for `subscribe` a topic filter'),
});

export const explanation = z.object({
  allowed: z.boolean(),
  /** The same lines as `cauldron explain` prints. */
  lines: z.array(z.string()),
  /** What decided: a rule, or one of the other ways. */
  decidedBy: z.enum(['rule', 'superuser', 'default', 'unsure']),
  /** The rules that speak of the topic, the weightiest first. */
  rules: z.array(
    z.object({
      text: z.string(),
      source: z.string().describe('Where it is written, with the line'),
      relation: z.enum(['covers', 'overlaps']),
      decided: z.boolean(),
    }),
  ),
  roles: z.array(z.string()),
  groups: z.array(z.string()),
});

export const receiversQuery = pageQuery.extend({
  topic: z.string().min(1).max(65_535).describe('A topic name, without wildcards'),
  qos: z.coerce.number().pipe(qos).default(2).describe('QoS the message would be published with'),
  publisher: z.string().optional().describe('Client identifier of the publisher, for No Local'),
});

/** Who would get a message. */
export const receiver = z.object({
  /** null = a subscription of the program the broker runs in. */
  clientId: z.string().nullable(),
  state: z.enum(['connected', 'away', 'local']),
  username: z.string().nullable(),
  /** QoS it would get it with: the lower of both. */
  qos,
  /** Filters of it that match, as it wrote them; up to ten. */
  filters: z.array(z.string()),
  /** One of this share group gets it, not necessarily this one; null = not shared. */
  shareGroup: z.string().nullable(),
  /** What becomes of it: it is sent, queued, or dropped, and why, in plain language. */
  outcome: z.enum(['sent', 'queued', 'dropped']),
  note: z.string(),
});

/** `matched` is false where nobody would get it; the message says so. */
export const receiversPage = pageOf(receiver).extend({
  retained: z.boolean().describe('The topic has a retained message now'),
  denied: count.describe('Subscribers that match and may not receive it'),
});

export type Action = z.output<typeof action>;
export type ExplainRequest = z.input<typeof explainRequest>;
export type Explanation = z.output<typeof explanation>;
export type Receiver = z.output<typeof receiver>;
export type ReceiversPage = z.output<typeof receiversPage>;
