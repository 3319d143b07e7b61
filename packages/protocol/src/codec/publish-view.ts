import { MqttError, malformed, packetTooLarge, protocolError } from '../error.ts';
import type { PublishPacket, QoS } from '../packet.ts';
import type { Properties } from '../property.ts';
import { ReasonCode } from '../reason-code.ts';
import { topicNameProblem } from '../topic.ts';
import { copyOf } from './bytes.ts';
import { readPropertyList } from './properties.ts';
import { Reader } from './reader.ts';
import { decodeUtf8, isValidUtf8 } from './utf8.ts';
import { varintSize } from './writer.ts';

/**
 * Where the parts of a PUBLISH lie in some bytes: all that is needed to route it and to send it on. A view into a read
 * buffer and a stored message have this in common, so one encoder serves both.
 *
 *     | fixed header | topic length | topic | id | property length | properties | payload |
 *     ^frameStart                    ^topicStart  ^topicEnd          ^propertiesStart    ^payloadStart  ^end
 */
export interface PublishBody {
  readonly bytes: Uint8Array;
  readonly topicStart: number;
  readonly topicEnd: number;
  /** Properties as on the wire, without their length; empty in 3.x. */
  readonly propertiesStart: number;
  readonly propertiesEnd: number;
  readonly payloadStart: number;
  readonly end: number;
  /** Offset of the three bytes of a Topic Alias property within `bytes`, or -1. It is never forwarded. */
  readonly aliasAt: number;
  /** Offset of the four bytes of the Message Expiry Interval within `bytes`, or -1. */
  readonly expiryAt: number;
}

/**
 * A PUBLISH parsed in place. One view serves every packet of a decoder: it is valid only during the call that hands it
 * over, and whoever keeps something copies it.
 */
export class PublishView implements PublishBody {
  bytes: Uint8Array = new Uint8Array(0);
  /** True when `bytes` was assembled for this packet alone and will not be reused: keeping it needs no copy. */
  owned = false;
  version5 = false;
  /** False where the remaining length has more bytes than it needs, which 3.x does not forbid: not to be passed on. */
  minimal = true;
  frameStart = 0;
  topicStart = 0;
  topicEnd = 0;
  propertiesStart = 0;
  propertiesEnd = 0;
  payloadStart = 0;
  end = 0;
  qos: QoS = 0;
  retain = false;
  dup = false;
  /** 0 for QoS 0. */
  packetId = 0;
  /** 0 = none. */
  topicAlias = 0;
  aliasAt = -1;
  /** Message Expiry Interval in seconds, -1 = none. */
  expiry = -1;
  expiryAt = -1;
  /** True when the packet carries Subscription Identifiers, which only a server may send. */
  hasSubscriptionIdentifiers = false;

  /**
   * Parses the packet whose body lies at `start..end`; `frameStart` is its first byte.
   *
   * @param maxProperties bytes of properties that are accepted
   * @throws {MqttError} malformed packet or protocol error, with the statement that was broken; packet too large
   */
  read(
    bytes: Uint8Array,
    frameStart: number,
    start: number,
    end: number,
    version5: boolean,
    maxProperties: number = Number.POSITIVE_INFINITY,
  ): void {
    const first = bytes[frameStart]!;
    const qos = (first >> 1) & 3;
    if (qos === 3) throw malformed('a PUBLISH has both QoS bits set', 'MQTT-3.3.1-4'); // [MQTT-3.3.1-4]
    this.qos = qos as QoS;
    this.dup = (first & 8) !== 0;
    if (qos === 0 && this.dup) throw protocolError('a QoS 0 PUBLISH has the DUP flag set', 'MQTT-3.3.1-2'); // [MQTT-3.3.1-2]
    this.retain = (first & 1) !== 0;
    this.bytes = bytes;
    this.owned = false;
    this.minimal = start - frameStart === 2 || start - frameStart === 1 + varintSize(end - start);
    this.version5 = version5;
    this.frameStart = frameStart;
    this.end = end;
    if (end - start < 2) throw malformed('a PUBLISH ends before its topic');
    const topicStart = start + 2;
    let at = topicStart + ((bytes[start]! << 8) | bytes[start + 1]!);
    if (at > end) throw malformed('the topic of a PUBLISH runs past the end of the packet');
    this.topicStart = topicStart;
    this.topicEnd = at;
    if (qos === 0) {
      this.packetId = 0; // [MQTT-2.2.1-2]
    } else {
      if (end - at < 2) throw malformed('a PUBLISH ends before its packet identifier');
      this.packetId = (bytes[at]! << 8) | bytes[at + 1]!;
      if (this.packetId === 0) throw malformed('a PUBLISH has packet identifier 0', 'MQTT-2.2.1-3');
      at += 2;
    }
    this.topicAlias = 0;
    this.aliasAt = -1;
    this.expiry = -1;
    this.expiryAt = -1;
    this.hasSubscriptionIdentifiers = false;
    if (!version5) {
      this.propertiesStart = this.propertiesEnd = this.payloadStart = at;
    } else if (at < end && bytes[at] === 0) {
      this.propertiesStart = this.propertiesEnd = this.payloadStart = at + 1;
    } else {
      this.#readProperties(at, maxProperties);
    }
  }

  #readProperties(at: number, most: number): void {
    const reader = new Reader(this.bytes, at, this.end);
    const length = reader.varint();
    const start = reader.at;
    const end = start + length;
    if (end > this.end) throw malformed('the properties of a PUBLISH run past the end of the packet');
    if (length > most) throw tooManyProperties(length, most);
    this.propertiesStart = start;
    this.propertiesEnd = this.payloadStart = end;
    scanProperties(this, this.bytes, start, end);
  }

  /**
   * The topic as a string, checked: well-formed UTF-8, no NUL, no wildcard.
   *
   * @throws {MqttError} malformed packet, or topic name invalid (0x90)
   */
  topicName(): string {
    const topic = decodeUtf8(this.bytes, this.topicStart, this.topicEnd); // [MQTT-3.3.2-1]
    const problem = topicNameProblem(topic); // [MQTT-3.3.2-2]
    if (problem !== undefined) {
      throw new MqttError(`the topic of a PUBLISH is not valid: ${problem}`, {
        code: 'TOPIC_NAME_INVALID',
        reasonCode: ReasonCode.topicNameInvalid,
        spec: 'MQTT-3.3.2-2',
      });
    }
    return topic;
  }

  /** The decoded properties, or undefined where there are none. */
  properties(): Properties | undefined {
    return decodeBodyProperties(this);
  }

  /**
   * A copy of everything as a packet that outlives the call.
   *
   * @throws {MqttError} as {@link topicName}; protocol error where neither topic nor alias is there (section 3.3.2.1)
   */
  toPacket(): PublishPacket {
    const empty = this.topicEnd === this.topicStart;
    if (empty && this.topicAlias === 0 && this.version5) {
      throw protocolError('a PUBLISH has neither a topic nor a topic alias', 'MQTT-4.7.3-1');
    }
    const topic = empty && this.topicAlias !== 0 ? '' : this.topicName();
    return {
      type: 3,
      topic,
      payload: copyOf(this.bytes, this.payloadStart, this.end),
      qos: this.qos,
      retain: this.retain,
      dup: this.dup,
      packetId: this.packetId,
      properties: this.properties(),
    };
  }
}

/** Decodes the properties of a body, or undefined where there are none. */
export function decodeBodyProperties(body: PublishBody): Properties | undefined {
  if (body.propertiesEnd === body.propertiesStart) return undefined;
  return readPropertyList(new Reader(body.bytes, body.propertiesStart, body.propertiesEnd), 'PUBLISH');
}

const seen = { format: 1, expiry: 2, contentType: 4, responseTopic: 8, correlation: 16, alias: 32 };

/** Checks the properties of a PUBLISH without decoding them and notes the two that routing needs. */
function scanProperties(view: PublishView, bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  let found = 0;
  while (at < end) {
    const id = bytes[at++]!;
    let bit = 0;
    switch (id) {
      case 0x01: // Payload Format Indicator
        bit = seen.format;
        if (at < end && bytes[at]! > 1) throw protocolError('the Payload Format Indicator is neither 0 nor 1');
        at += 1;
        break;
      case 0x02: // Message Expiry Interval
        bit = seen.expiry;
        if (end - at >= 4) {
          view.expiryAt = at;
          view.expiry = bytes[at]! * 16_777_216 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
        }
        at += 4;
        break;
      case 0x03: // Content Type
        bit = seen.contentType;
        at = skipText(bytes, at, end, 'Content Type'); // [MQTT-3.3.2-19]
        break;
      case 0x08: {
        bit = seen.responseTopic;
        const from = at;
        at = skipText(bytes, at, end, 'Response Topic'); // [MQTT-3.3.2-13]
        for (let i = from + 2; i < at; i++) {
          if (bytes[i] === 0x2b || bytes[i] === 0x23) {
            throw protocolError('the Response Topic of a PUBLISH has a wildcard', 'MQTT-3.3.2-14'); // [MQTT-3.3.2-14]
          }
        }
        break;
      }
      case 0x09: // Correlation Data
        bit = seen.correlation;
        at = skipBinary(bytes, at, end);
        break;
      case 0x0b: // Subscription Identifier
        at = skipIdentifier(view, bytes, at, end);
        break;
      case 0x23: // Topic Alias
        bit = seen.alias;
        if (end - at >= 2) {
          view.aliasAt = at - 1;
          view.topicAlias = (bytes[at]! << 8) | bytes[at + 1]!;
          if (view.topicAlias === 0) {
            throw new MqttError('the Topic Alias of a PUBLISH is 0; an alias is 1 to 65,535', {
              code: 'TOPIC_ALIAS_INVALID',
              reasonCode: ReasonCode.topicAliasInvalid,
              spec: 'MQTT-3.3.2-8',
            });
          }
        }
        at += 2;
        break;
      case 0x26: // User Property
        at = skipText(bytes, at, end, 'User Property');
        at = skipText(bytes, at, end, 'User Property');
        break;
      default:
        throw malformed(`a PUBLISH carries property 0x${id.toString(16)}, which it may not`);
    }
    if (at > end) throw malformed('a property of a PUBLISH runs past the end of the properties');
    if ((found & bit) !== 0) throw protocolError(`a PUBLISH carries property 0x${id.toString(16)} twice`);
    found |= bit;
  }
}

function skipBinary(bytes: Uint8Array, at: number, end: number): number {
  return end - at < 2 ? end + 1 : at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
}

function skipText(bytes: Uint8Array, at: number, end: number, what: string): number {
  const next = skipBinary(bytes, at, end);
  if (next <= end && !isValidUtf8(bytes, at + 2, next)) {
    throw malformed(`the ${what} of a PUBLISH is not well-formed UTF-8`, 'MQTT-1.5.4-1'); // [MQTT-1.5.4-1]
  }
  return next;
}

function skipIdentifier(view: PublishView, bytes: Uint8Array, at: number, end: number): number {
  const reader = new Reader(bytes, at, end);
  if (reader.varint() === 0) throw protocolError('a Subscription Identifier is 0; it is 1 to 268,435,455');
  view.hasSubscriptionIdentifiers = true;
  return reader.at;
}

/** The refusal of a PUBLISH with too many bytes of properties. */
export function tooManyProperties(length: number, most: number): MqttError {
  const reason = `a PUBLISH carries ${length} bytes of properties; at most ${most} are accepted, so send what is large as payload`;
  return packetTooLarge(reason, undefined, 'maxPropertiesSize');
}
