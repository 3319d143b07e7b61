import type { BrokerCore, PublishDraft } from '@cauldron/core';
import { ReasonCode, topicNameProblem } from '@cauldron/protocol';
import type { z } from 'zod';
import { ApiProblem } from '../problem.ts';
import type * as schema from '../schema/index.ts';
import type { PublishResult } from '../schema/index.ts';

type Request = z.output<typeof schema.publishRequest>;

/**
 * Publishes a message of whoever operates the broker.
 *
 * @throws {ApiProblem} INVALID_TOPIC, TOPIC_RESERVED, INVALID_PAYLOAD, INVALID_PROPERTY
 */
export function publishAsOperator(core: BrokerCore, request: Request): PublishResult {
  checkTopic(core, request.topic);
  const subscribers = subscribersOf(core, request.topic);
  const reasonCode = core.publish(draftOf(request));
  const matched = reasonCode < 0x80 && reasonCode !== ReasonCode.noMatchingSubscribers;
  return { reasonCode, matched, message: inWords(request, reasonCode, matched, subscribers) };
}

/** @throws {ApiProblem} INVALID_TOPIC, TOPIC_RESERVED */
export function checkTopic(core: BrokerCore, topic: string): void {
  const problem = topicNameProblem(topic) ?? core.topicProblem(topic);
  if (problem !== undefined && problem !== null) {
    throw new ApiProblem(400, 'INVALID_TOPIC', `This is no topic to publish to: ${problem}.`);
  }
  if (topic === '$SYS' || topic.startsWith('$SYS/')) {
    const reason = 'Topics below $SYS belong to the broker, which sets them itself. Choose another topic.';
    throw new ApiProblem(403, 'TOPIC_RESERVED', reason);
  }
}

function draftOf(request: Request): PublishDraft {
  const { topic, qos, retain, messageExpiryInterval, contentType } = request;
  const problem = contentType === undefined ? undefined : fieldProblem(contentType);
  if (problem !== undefined) {
    throw new ApiProblem(400, 'INVALID_PROPERTY', `This is no content type: it ${problem}. Send another, or none.`);
  }
  const properties = {
    ...(messageExpiryInterval === undefined ? {} : { messageExpiryInterval }),
    ...(contentType === undefined ? {} : { contentType }),
  };
  const plain = Object.keys(properties).length === 0;
  return { topic, payload: bytesOf(request), qos, retain, properties: plain ? undefined : properties };
}

/** Its length is looked at beside it: a pattern of groups takes ten times as long, and fails on megabytes. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function bytesOf({ payload, encoding }: Request): Uint8Array {
  if (encoding === 'utf8') {
    if (payload.isWellFormed()) return new TextEncoder().encode(payload);
    const reason =
      'The payload contains half of a surrogate pair, which is no valid Unicode. Send its bytes as base64.';
    throw new ApiProblem(400, 'INVALID_PAYLOAD', reason);
  }
  if (payload.length % 4 !== 0 || !BASE64.test(payload)) {
    throw new ApiProblem(400, 'INVALID_PAYLOAD', 'The payload is not base64. Encode its bytes so, or send it as utf8.');
  }
  return new Uint8Array(Buffer.from(payload, 'base64'));
}

/** Why a text cannot be a field of a packet (section 1.5.4); undefined = it can. */
function fieldProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return 'contains half of a surrogate pair, which is no valid Unicode';
  if (text.includes('\0')) return 'contains a NUL character'; // [MQTT-1.5.4-2]
  const bytes = Buffer.byteLength(text);
  return bytes > 65_535 ? `takes ${bytes} bytes; at most 65535 are allowed` : undefined;
}

/** How many get a message of this topic; of a share group one does. */
function subscribersOf(core: BrokerCore, topic: string): number {
  const { deliveries, groups } = core.router.match(core.router.topics.intern(topic));
  return deliveries.length + groups.length;
}

function inWords(request: Request, reasonCode: number, matched: boolean, subscribers: number): string {
  if (reasonCode >= 0x80) {
    const code = `0x${reasonCode.toString(16)}`;
    return `The broker did not accept it (${code}). See what it says of its health: a limit is reached, or its store fails.`;
  }
  const cleared = request.retain && request.payload === '';
  const done = cleared ? 'The retained message is deleted' : request.retain ? 'Published and retained' : 'Published';
  if (!matched) return `${done}; nobody subscribes to it.`;
  return subscribers === 1 ? `${done}; 1 subscriber.` : `${done}; ${subscribers} subscribers.`;
}
