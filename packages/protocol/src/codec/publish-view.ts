import { MqttError, malformed, protocolError } from '../error.ts';
import { ReasonCode } from '../reason-code.ts';
import { MessageView } from './message-view.ts';
import { Reader } from './reader.ts';
import { isValidUtf8 } from './utf8.ts';
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
 * A PUBLISH parsed in place, with what a server needs to route it and to send it on without decoding its properties:
 * they are checked, and the places of those that change on the way are noted.
 */
export class PublishView extends MessageView implements PublishBody {
  /** False where the remaining length has more bytes than it needs, which 3.x does not forbid: not to be passed on. */
  minimal = true;
  /** 0 = none. */
  topicAlias = 0;
  aliasAt = -1;
  /** Message Expiry Interval in seconds, -1 = none. */
  expiry = -1;
  expiryAt = -1;
  /** True when the packet carries Subscription Identifiers, which only a server may send. */
  hasSubscriptionIdentifiers = false;

  protected override inspect(start: number): void {
    const header = start - this.frameStart;
    this.minimal = header === 2 || header === 1 + varintSize(this.end - start);
    this.topicAlias = 0;
    this.aliasAt = -1;
    this.expiry = -1;
    this.expiryAt = -1;
    this.hasSubscriptionIdentifiers = false;
    const { propertiesStart, propertiesEnd } = this;
    if (propertiesEnd !== propertiesStart) scanProperties(this, this.bytes, propertiesStart, propertiesEnd);
  }
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
