import { MqttError, malformed, protocolError } from '../error.ts';
import { PacketType, type PublishPacket, type QoS } from '../packet.ts';
import type { Properties } from '../property.ts';
import { ReasonCode } from '../reason-code.ts';
import { topicNameProblem } from '../topic.ts';
import { copyOf } from './bytes.ts';
import type { FrameLimits } from './frame-limits.ts';
import { readPropertyList } from './properties.ts';
import { Reader } from './reader.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * A PUBLISH parsed in place, as far as a client needs it. One view serves every packet of a decoder: it is valid only
 * during the call that hands it over, and whoever keeps something copies it.
 *
 *     | fixed header | topic length | topic | id | property length | properties | payload |
 *     ^frameStart                    ^topicStart  ^topicEnd          ^propertiesStart    ^payloadStart  ^end
 *
 * What the properties hold is not looked at before {@link properties} decodes them.
 */
export class MessageView {
  bytes: Uint8Array = new Uint8Array(0);
  /** True when `bytes` was assembled for this packet alone and will not be reused: keeping it needs no copy. */
  owned = false;
  version5 = false;
  frameStart = 0;
  topicStart = 0;
  topicEnd = 0;
  /** Properties as on the wire, without their length; empty in 3.x. */
  propertiesStart = 0;
  propertiesEnd = 0;
  payloadStart = 0;
  end = 0;
  qos: QoS = 0;
  retain = false;
  dup = false;
  /** 0 for QoS 0. */
  packetId = 0;

  /**
   * Parses the packet whose body lies at `start..end`; `frameStart` is its first byte.
   *
   * @param limits what is accepted of its properties; anything where it is left out
   * @throws {MqttError} malformed packet or protocol error, with the statement that was broken; packet too large
   */
  read(
    bytes: Uint8Array,
    frameStart: number,
    start: number,
    end: number,
    version5: boolean,
    limits?: FrameLimits,
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
    let length = 0;
    if (version5) {
      if (at < end && bytes[at]! < 128) {
        length = bytes[at++]!;
      } else {
        const reader = new Reader(bytes, at, end);
        length = reader.varint();
        at = reader.at;
      }
      if (length > 0) {
        if (length > end - at) throw malformed('the properties of a PUBLISH run past the end of the packet');
        limits?.checkPropertiesSize(length);
      }
    }
    this.propertiesStart = at;
    this.propertiesEnd = this.payloadStart = at + length;
    this.inspect(start);
  }

  /**
   * What a kind of view wants to know beside the parts, which are read; called once for each packet.
   *
   * @param _start where the body starts, behind the fixed header
   */
  protected inspect(_start: number): void {}

  /** False where {@link properties} would give undefined. */
  get hasProperties(): boolean {
    return this.propertiesEnd !== this.propertiesStart;
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

  /** The payload in memory that outlives the call: a copy, or the packet's own memory where nobody will reuse it. */
  payload(): Uint8Array {
    return this.owned
      ? this.bytes.subarray(this.payloadStart, this.end)
      : copyOf(this.bytes, this.payloadStart, this.end);
  }

  /**
   * The properties decoded and checked, or undefined where there are none. Decodes at each call.
   *
   * @throws {MqttError} malformed packet, protocol error or topic alias invalid (0x94)
   */
  properties(): Properties | undefined {
    return decodeBodyProperties(this);
  }

  /**
   * A copy of everything as a packet that outlives the call.
   *
   * @throws {MqttError} as {@link topicName} and {@link properties}; protocol error where neither topic nor alias is
   * there (section 3.3.2.1)
   */
  toPacket(): PublishPacket {
    const properties = this.properties();
    const empty = this.topicEnd === this.topicStart;
    const aliased = properties?.topicAlias !== undefined;
    if (empty && !aliased && this.version5) {
      throw protocolError('a PUBLISH has neither a topic nor a topic alias', 'MQTT-4.7.3-1');
    }
    return {
      type: PacketType.publish,
      topic: empty && aliased ? '' : this.topicName(),
      payload: copyOf(this.bytes, this.payloadStart, this.end),
      qos: this.qos,
      retain: this.retain,
      dup: this.dup,
      packetId: this.packetId,
      properties,
    };
  }
}

/** Where properties of a PUBLISH lie in some bytes. */
interface PropertySection {
  readonly bytes: Uint8Array;
  readonly propertiesStart: number;
  readonly propertiesEnd: number;
}

/** Decodes the properties of a body, or undefined where there are none. */
export function decodeBodyProperties(body: PropertySection): Properties | undefined {
  if (body.propertiesEnd === body.propertiesStart) return undefined;
  return readPropertyList(new Reader(body.bytes, body.propertiesStart, body.propertiesEnd), PacketType.publish);
}
