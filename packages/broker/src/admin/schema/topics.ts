/** Topics and what is on them: `/api/v1/topics`, `/api/v1/publish`, `/api/v1/retained`. */
import { z } from 'zod';
import { count, pageOf, pageQuery, payload, qos, time } from './common.ts';

/** What a payload looks like, so that a page knows how to show it. */
export const payloadKind = z.enum(['empty', 'number', 'boolean', 'json', 'text', 'image', 'binary']);

/** The last message of a topic. */
export const topicValue = z.object({
  topic: z.string(),
  payload,
  kind: payloadKind,
  /** Of an image: `image/png`. */
  mediaType: z.string().nullable(),
  qos,
  retain: z.boolean().describe('The topic has this as its retained message'),
  /** Client identifier; null = the broker itself or its program, or not known any more. */
  publisher: z.string().nullable(),
  /** When it was published; of a retained message from before the broker started: null. */
  at: time.nullable(),
  /** Messages seen since somebody began to look. */
  count,
  /** Messages a second, over the last seconds. */
  rate: z.number(),
  /**
   * Messages came faster than they are looked at, so newer ones may have passed unseen; false = this is the last one.
   */
  sampled: z.boolean(),
  /** MQTT 5.0 properties worth showing. */
  properties: z
    .object({
      contentType: z.string().optional(),
      responseTopic: z.string().optional(),
      messageExpiryInterval: count.optional(),
      userProperties: z.array(z.tuple([z.string(), z.string()])).optional(),
    })
    .nullable(),
});

/** A row of the tree that a page shows: a level of a topic. */
export const topicRow = z.object({
  /** The topic down to this level, for example `house/kitchen`. */
  path: z.string(),
  /** The last level of it, for example `kitchen`; may be empty. */
  level: z.string(),
  depth: count,
  /** Levels right below. */
  children: count,
  /** Topics with messages below, itself not counted. */
  topics: count,
  expanded: z.boolean(),
  /** Messages a second of itself and everything below. */
  rate: z.number(),
  /** The last message of exactly this topic, shortened to a line; null = there is none. */
  value: z
    .object({
      /** Up to 120 characters; of an image or binary data a description. */
      preview: z.string(),
      kind: payloadKind,
      size: count,
      qos,
      retain: z.boolean(),
      publisher: z.string().nullable(),
      at: time.nullable(),
      count,
      sampled: z.boolean(),
    })
    .nullable(),
});

/** Which part of the tree a page shows. */
export const topicsView = z.strictObject({
  /** Paths of the levels that are open. */
  expanded: z.array(z.string().max(65_535)).max(2000).default([]),
  /** Topics with this in their name (whatever the case) or their text; then the rows are topics, not levels. */
  search: z.string().max(256).default(''),
  /** Rows before the first that is shown. */
  offset: z.number().int().min(0).default(0),
  limit: z.number().int().min(1).max(500).default(100),
  /** With `$SYS` and its like. */
  system: z.boolean().default(false),
});

export const topicRows = z.object({
  rows: z.array(topicRow),
  /** Rows there are, of which `rows` is a part. */
  total: count,
  offset: count,
  /** Topics known, and whether there are more than are looked at (`dashboard.maxTopics`). */
  topics: count,
  truncated: z.boolean(),
  /** There may be more: not everything has been gone through yet. */
  searching: z.boolean(),
  /** Messages a second of all of them. */
  rate: z.number(),
});

/** For scripts: topics in their order, a page at a time. */
export const topicsQuery = pageQuery.extend({
  search: z.string().max(256).default(''),
  prefix: z
    .string()
    .max(65_535)
    .default('')
    .describe('Only topics that begin with this; those below `$SYS` and its like only where it begins with `$`'),
});
export const topicsPage = pageOf(topicValue);

export const topicQuery = z.object({ topic: z.string().min(1).max(65_535) });

export const publishRequest = z.strictObject({
  topic: z.string().min(1).max(65_535),
  payload: z.string().default(''),
  encoding: z.enum(['utf8', 'base64']).default('utf8'),
  qos: qos.default(0),
  retain: z.boolean().default(false),
  /** Seconds. */
  messageExpiryInterval: z.number().int().min(0).max(0xffff_ffff).optional(),
  contentType: z.string().max(65_535).optional(),
});

export const publishResult = z.object({
  reasonCode: count,
  /** Whether anybody had a subscription to it. */
  matched: z.boolean(),
  /** In plain language. */
  message: z.string(),
});

export const retainedMessage = z.object({
  topic: z.string(),
  size: count,
  qos,
  publisher: z.string().nullable(),
  expiresAt: time.nullable(),
});

export const retainedQuery = pageQuery.extend({
  filter: z.string().default('#').describe('Topic filter'),
});
export const retainedPage = pageOf(retainedMessage);

/** Deletes the retained message of a topic, and of everything below where `subtree` says so. */
export const retainedDelete = z.strictObject({
  topic: z.string().min(1).max(65_535),
  subtree: z.boolean().default(false),
  /** True: nothing is deleted, and the answer says what would be. */
  dryRun: z.boolean().default(false),
});

export const retainedDeleted = z.object({
  count,
  bytes: count,
  /** The first fifty topics. */
  topics: z.array(z.string()),
  /** For `POST /retained/undo`; null = nothing was deleted, or too much to keep. */
  undo: z.string().nullable(),
  /** What `undo` is kept for, seconds; 0 = it cannot be undone. */
  undoSeconds: count,
  /** Why the broker did not delete the rest, in plain language; null = there is no rest. */
  refusal: z.string().nullable(),
});

export const undoRequest = z.strictObject({ undo: z.string() });
/** `skipped`: topics that have a newer retained message by now, which stays. */
export const undone = z.object({ restored: count, skipped: count });

/** A message of a feed: several topics, in the order they came. */
export const feedMessage = z.object({
  topic: z.string(),
  payload,
  kind: payloadKind,
  qos,
  retain: z.boolean(),
  publisher: z.string().nullable(),
  at: time,
});

export type PayloadKind = z.output<typeof payloadKind>;
export type TopicValue = z.output<typeof topicValue>;
export type TopicRow = z.output<typeof topicRow>;
export type TopicsView = z.input<typeof topicsView>;
export type TopicRows = z.output<typeof topicRows>;
export type PublishRequest = z.input<typeof publishRequest>;
export type PublishResult = z.output<typeof publishResult>;
export type RetainedMessage = z.output<typeof retainedMessage>;
export type RetainedDelete = z.input<typeof retainedDelete>;
export type RetainedDeleted = z.output<typeof retainedDeleted>;
export type Undone = z.output<typeof undone>;
export type FeedMessage = z.output<typeof feedMessage>;
