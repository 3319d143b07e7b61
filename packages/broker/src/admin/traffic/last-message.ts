import type { BrokerCore, Message } from '@cauldron/core';
import { decodeBodyProperties, type Properties, type QoS } from '@cauldron/protocol';
import type { TopicValue } from '../schema/index.ts';
import { PAYLOAD_FOLLOWED, PAYLOAD_KEPT } from './limits.ts';
import { describePayload, toPayload } from './payload-kind.ts';
import { rateAt } from './rate.ts';
import type { Shown, TopicRecord } from './topic-node.ts';

/** The last message of a topic, from wherever it is known. */
export interface LastMessage {
  /** Its payload, or the beginning of it; valid until the next message. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole payload. */
  readonly size: number;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly publisher: string | null;
  /** Milliseconds; null = from before the broker started. */
  readonly at: number | null;
  readonly sampled: boolean;
  /** Where the core has it as the retained one. */
  readonly message: Message | null;
}

/**
 * The last message of a topic. What is retained is read from the core, which always has it exactly.
 *
 * @returns null where nothing is known of it
 */
export function lastMessage(core: BrokerCore, topic: string, record: TopicRecord | undefined): LastMessage | null {
  if (record === undefined || record.retained || (record.sampled && record.skippedRetained)) {
    const kept = core.retained.get(topic);
    if (kept !== null && !kept.expired(core.now)) return retainedMessage(core, kept);
  }
  if (record === undefined || record.retained || record.bytes === null) return null;
  const { bytes, start, length, size, qos, publisher, at, sampled } = record;
  return {
    bytes: bytes.subarray(start, start + length),
    size,
    qos,
    retain: false,
    publisher,
    at,
    sampled,
    message: null,
  };
}

function retainedMessage(core: BrokerCore, message: Message): LastMessage {
  const { bytes, payloadStart, end, payloadLength: size, qos } = message;
  const setAt = core.retained.setAt(message.topic);
  const at = setAt === 0 ? null : setAt;
  const publisher = core.retained.publisherOf(message.topic) ?? null;
  const payload = bytes.subarray(payloadStart, end);
  return { bytes: payload, size, qos, retain: true, publisher, at, sampled: false, message };
}

/** What a row shows of a message; remembered until the next one comes. */
export function shownOf(record: TopicRecord, last: LastMessage): Shown {
  const { version, shown } = record;
  if (shown !== null && shown.version === version && shown.message === last.message) return shown;
  const described = describePayload(last.bytes.subarray(0, PAYLOAD_KEPT), last.size);
  record.shown = { ...described, version, message: last.message };
  return record.shown;
}

/** The last message as answers carry it. `most`: bytes of the payload at most. */
export function topicValue(
  topic: string,
  record: TopicRecord | undefined,
  last: LastMessage,
  now: number,
  most = PAYLOAD_FOLLOWED,
): TopicValue {
  const { size, qos, retain, publisher, at, sampled } = last;
  const bytes = last.bytes.subarray(0, most);
  const { kind, mediaType } = describePayload(bytes, size);
  return {
    topic,
    payload: toPayload(bytes, size),
    kind,
    mediaType,
    qos,
    retain,
    publisher,
    at,
    count: record?.count ?? 0,
    rate: record === undefined ? 0 : rateAt(record, now),
    sampled,
    properties: shownProperties(last.message === null ? recordProperties(record) : last.message.properties()),
  };
}

function recordProperties(record: TopicRecord | undefined): Properties | undefined {
  const bytes = record?.properties;
  if (bytes === null || bytes === undefined) return undefined;
  return decodeBodyProperties({ bytes, propertiesStart: 0, propertiesEnd: bytes.length });
}

function shownProperties(properties: Properties | undefined): TopicValue['properties'] {
  if (properties === undefined) return null;
  const { contentType, responseTopic, messageExpiryInterval, userProperties } = properties;
  const shown = {
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(messageExpiryInterval === undefined ? {} : { messageExpiryInterval }),
    ...(userProperties === undefined ? {} : { userProperties }),
  };
  return Object.keys(shown).length === 0 ? null : shown;
}
