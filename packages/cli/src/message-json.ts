import type { Properties, PublishPacket } from '@cauldron/protocol';
import { type Moment, strftime } from './strftime.ts';

/** What is printed of a message. */
export type Printable = Omit<PublishPacket, 'type' | 'dup'>;

/** A payload that was to be printed as JSON and is none. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
}

const text = new TextDecoder();

/** ISO 8601 with microseconds and the local zone. */
export const timestamp = (moment: Moment): string => {
  const micros = String(Math.floor(moment.nanoseconds / 1000)).padStart(6, '0');
  return `${strftime('F', moment)}T${strftime('T', moment)}.${micros}${strftime('z', moment)}`;
};

/**
 * A message as one JSON object, with the keys of `mosquitto_sub -F %j`.
 *
 * @param raw put the payload in as the JSON it is (`%J`) instead of as a string (`%j`)
 * @throws {PayloadError} when `raw` and the payload is no JSON
 */
export function messageJson(message: Printable, moment: Moment, options: { raw: boolean; pretty: boolean }): string {
  const head = {
    tst: timestamp(moment),
    topic: message.topic,
    qos: message.qos,
    retain: message.retain ? 1 : 0,
    payloadlen: message.payload.length,
    ...(message.qos > 0 ? { mid: message.packetId } : {}),
    ...propertiesJson(message.properties),
  };
  const payload = message.payload.length === 0 ? null : text.decode(message.payload);
  if (!options.raw || payload === null)
    return JSON.stringify({ ...head, payload }, null, options.pretty ? 2 : undefined);
  const value = parse(payload, message.topic);
  if (options.pretty) return JSON.stringify({ ...head, payload: value }, null, 2);
  // The publisher's own spelling of numbers is kept. In valid JSON a line break stands only between tokens.
  return `${JSON.stringify(head).slice(0, -1)},"payload":${payload.trim().replaceAll(/[\r\n]/g, ' ')}}`;
}

function parse(payload: string, topic: string): unknown {
  try {
    return JSON.parse(payload);
  } catch (cause) {
    throw new PayloadError(`the payload on ${topic} is not valid JSON, as %J needs it; %j prints it as a string`, {
      cause,
    });
  }
}

function propertiesJson(properties: Properties | undefined): { properties?: Record<string, unknown> } {
  if (properties === undefined) return {};
  const p = properties;
  const found = {
    'user-properties': p.userProperties && userProperties(p.userProperties),
    'content-type': p.contentType,
    'response-topic': p.responseTopic,
    'correlation-data': p.correlationData && text.decode(p.correlationData),
    'payload-format-indicator': p.payloadFormatIndicator,
    'message-expiry-interval': p.messageExpiryInterval,
    'topic-alias': p.topicAlias,
    'subscription-identifier':
      p.subscriptionIdentifiers?.length === 1 ? p.subscriptionIdentifiers[0] : p.subscriptionIdentifiers,
  };
  const given = Object.entries(found).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { properties: Object.fromEntries(given) };
}

/** Names may repeat; such a name gets a list, so that nothing is lost and the JSON has each key once. */
function userProperties(pairs: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries([...values].map(([name, list]) => [name, list.length === 1 ? list[0]! : list]));
}
