import { isUtf8 } from 'node:buffer';
import { ByteWriter, Message } from '@cauldron/core';
import type { Properties } from '@cauldron/protocol';
import { LineProblem, objectOf, optional, required, type Values, whole } from './fields.ts';
import { base64Bytes, seconds, text, time, topicName, userProperties, utf8Bytes } from './kinds.ts';

/** The properties of MQTT 5.0 that stay with a message (section 3.3.2.3). */
export const propertyFields = {
  payloadFormatIndicator: optional(whole(0, 1), 'not said', '1: the payload is text in UTF-8'),
  messageExpiryInterval: optional(seconds, 'never', 'how long the message is worth delivering, from its publication'),
  contentType: optional(text, 'not said', 'what the payload is'),
  responseTopic: optional(topicName, 'none', 'where an answer is expected'),
  correlationData: optional(utf8Bytes, 'none', 'what an answer has to carry'),
  correlationDataBase64: optional(base64Bytes, 'none', 'the same, where it is no text'),
  userProperties: optional(userProperties, 'none', 'names and values, in their order; names may repeat'),
};

const properties = objectOf(propertyFields, 'an object with properties of MQTT 5.0');

/** What every message has. */
export const contentFields = {
  topic: required(topicName, 'its topic'),
  payload: optional(utf8Bytes, 'empty', 'the payload, where it is text'),
  payloadBase64: optional(base64Bytes, 'empty', 'the payload, where it is no text'),
  properties: optional(properties, 'none', 'properties of MQTT 5.0, in their order; see below'),
};

/** What a message that was published has beside its content. */
export const publishedFields = {
  publishedAt: optional(time, 'the time of the import', 'when it was published'),
  expiresAt: optional(
    time,
    '`publishedAt` and `messageExpiryInterval` seconds, or never without one',
    'when it is worth nothing any more',
  ),
};

/** What is read of a message, whatever else its line has. */
export type MessageValues = Values<typeof contentFields> &
  Partial<Values<typeof publishedFields>> & {
    readonly qos?: 0 | 1 | 2 | undefined;
    readonly retain?: boolean | undefined;
  };

/** A message as the object of a line, without what its line adds. */
export function messageJson(message: Message): Record<string, unknown> {
  const properties = message.properties();
  return {
    topic: message.topic,
    ...bytesJson('payload', message.payload()),
    qos: message.qos,
    ...(properties === undefined ? {} : { properties: propertiesJson(properties) }),
  };
}

/** The times of a message as keys of its line. */
export function timesJson(message: Message, at: number): Record<string, unknown> {
  const expires = Number.isFinite(message.expiresAt);
  return { publishedAt: timeJson(at), ...(expires ? { expiresAt: timeJson(message.expiresAt) } : {}) };
}

/** A moment as ISO 8601; as milliseconds where the year has more than four digits. */
export function timeJson(moment: number): string | number {
  return moment >= 0 && moment < 253_402_300_800_000 && Number.isInteger(moment)
    ? new Date(moment).toISOString()
    : Math.floor(moment);
}

function propertiesJson(properties: Properties): Record<string, unknown> {
  const { entries, fromEntries } = Object;
  return fromEntries(
    entries(properties).flatMap(([name, value]) =>
      value instanceof Uint8Array ? entries(bytesJson(name, value)) : [[name, value]],
    ),
  );
}

function bytesJson(name: string, bytes: Uint8Array): Record<string, string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return isUtf8(buffer) ? { [name]: buffer.toString('utf8') } : { [`${name}Base64`]: buffer.toString('base64') };
}

/**
 * The message that a line tells of.
 *
 * @param at when it was published, milliseconds
 * @throws {LineProblem} where payload or correlation data are given twice
 */
export function messageFrom(values: MessageValues, at: number, retain: boolean): Message {
  const payload = either(values, 'payload');
  let properties = values.properties === undefined ? undefined : mqttProperties(values.properties);
  let from = at;
  if (values.expiresAt !== undefined) {
    const interval = properties?.messageExpiryInterval ?? Math.max(0, Math.ceil((values.expiresAt - at) / 1000));
    properties = { ...properties, messageExpiryInterval: interval };
    // What it is published at decides when it expires: to the millisecond when the line says.
    from = values.expiresAt - interval * 1000;
  }
  const { topic, qos = 0 } = values;
  return Message.create({ topic, payload: payload ?? new Uint8Array(0), qos, retain, properties }, from);
}

function mqttProperties(values: Values<typeof propertyFields>): Properties | undefined {
  const correlationData = either(values, 'correlationData');
  const { entries, fromEntries } = Object;
  const named = entries(values).map(([name, value]) =>
    name.startsWith('correlationData') ? ['correlationData', correlationData] : [name, value],
  );
  return named.length === 0 ? undefined : (fromEntries(named) as Properties);
}

/** The bytes under a name, given as text or in Base64. */
function either(values: object, name: string): Uint8Array | undefined {
  const given = values as Readonly<Record<string, Uint8Array | undefined>>;
  const encoded = `${name}Base64`;
  if (given[name] !== undefined && given[encoded] !== undefined) {
    throw new LineProblem(`both "${name}" and "${encoded}" are given; leave one of them out`);
  }
  return given[name] ?? given[encoded];
}

/** A message as stores keep it. */
export function storedBytes(message: Message): Uint8Array {
  const out = new ByteWriter(new Uint8Array(message.storedSize));
  message.write(out);
  return out.bytes.subarray(0, out.length);
}
