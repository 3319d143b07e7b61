import type { PublishRequest, TopicValue } from '@cauldron/broker/admin-api';
import { topicNameProblem } from '@cauldron/protocol';

/** How the payload is written: `json` is text that has to be JSON. */
export type PayloadFormat = 'text' | 'json' | 'base64';

/** A message as it is being written. */
export interface PublishDraft {
  readonly topic: string;
  readonly payload: string;
  readonly format: PayloadFormat;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Seconds, as written; empty = it does not expire. */
  readonly expiry: string;
  readonly contentType: string;
}

export const emptyDraft = (topic: string): PublishDraft => ({
  topic,
  payload: '',
  format: 'text',
  qos: 0,
  retain: false,
  expiry: '',
  contentType: '',
});

/** What is wrong, by field; nothing of it = it can be published. */
export interface DraftProblems {
  readonly topic?: string;
  readonly payload?: string;
  readonly expiry?: string;
}

/** Seconds that fit the protocol. */
const LONGEST = 4_294_967_295;

export function draftProblems({ topic, payload, format, expiry }: PublishDraft): DraftProblems {
  const problems: { topic?: string; payload?: string; expiry?: string } = {};
  const ofTopic = topicNameProblem(topic);
  if (ofTopic !== undefined) problems.topic = `${ofTopic[0]!.toUpperCase()}${ofTopic.slice(1)}`;
  const ofPayload = payloadProblem(payload, format);
  if (ofPayload !== undefined) problems.payload = ofPayload;
  if (!/^\d*$/.test(expiry.trim()) || Number(expiry) > LONGEST)
    problems.expiry = 'A whole number of seconds, or nothing';
  return problems;
}

function payloadProblem(payload: string, format: PayloadFormat): string | undefined {
  if (format === 'json') {
    try {
      JSON.parse(payload);
    } catch (error) {
      return `Not JSON: ${(error as SyntaxError).message}`;
    }
  }
  if (
    format === 'base64' &&
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact(payload))
  ) {
    return 'Not base64: it takes letters, digits, + and /, four at a time, with = at its end';
  }
  return undefined;
}

/** Base64 is often broken into lines. */
const compact = (payload: string): string => payload.replace(/\s+/g, '');

/** What the broker is asked to publish. */
export function requestOf({ topic, payload, format, qos, retain, expiry, contentType }: PublishDraft): PublishRequest {
  return {
    topic,
    payload: format === 'base64' ? compact(payload) : payload,
    encoding: format === 'base64' ? 'base64' : 'utf8',
    qos,
    retain,
    ...(expiry.trim() === '' ? {} : { messageExpiryInterval: Number(expiry) }),
    ...(contentType.trim() === '' ? {} : { contentType: contentType.trim() }),
  };
}

/** The message of a topic, to be changed; null = only its beginning is here. */
export function draftOf({ topic, payload, kind, qos, retain, properties }: TopicValue): PublishDraft | null {
  if (payload.truncated) return null;
  return {
    topic,
    payload: payload.data,
    format: payload.encoding === 'base64' ? 'base64' : kind === 'json' ? 'json' : 'text',
    qos,
    retain,
    expiry: properties?.messageExpiryInterval === undefined ? '' : String(properties.messageExpiryInterval),
    contentType: properties?.contentType ?? '',
  };
}
