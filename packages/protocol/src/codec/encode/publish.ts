import { malformed, packetTooLarge } from '../../error.ts';
import { PacketType, type ProtocolVersion, type PublishPacket, type QoS } from '../../packet.ts';
import { copyBytes } from '../bytes.ts';
import { encodeProperties } from '../properties.ts';
import type { PublishBody } from '../publish-view.ts';
import { encodeUtf8 } from '../utf8.ts';
import { maximumFieldLength, maximumVarint, putVarint, varintSize } from '../writer.ts';
import { requirePacketId } from './fields.ts';

/** The first byte of a PUBLISH (section 3.3.1). */
export function publishHeader(qos: number, retain: boolean, dup: boolean): number {
  return 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
}

/** What a frame's receiver needs beside the message itself. */
export interface FrameLayout {
  readonly version5: boolean;
  /** Room for a packet identifier, to be patched at {@link PublishFrame.idAt}. */
  readonly hasId: boolean;
  /** Subscription Identifiers to carry, 5.0 only. */
  readonly identifiers: readonly number[] | null;
  /** Topic Alias to carry, 0 = none; 5.0 only. */
  readonly topicAlias: number;
  /** The alias is known to the receiver, so the topic is left empty. */
  readonly omitTopic: boolean;
  /** Message Expiry Interval to write instead of the received one, in seconds; -1 = leave as it is. */
  readonly expiry: number;
}

/**
 * A PUBLISH encoded once for every receiver that wants the same layout: first byte and packet identifier are patched
 * while it is copied out. Its bytes are either a scratch buffer of its own or, raw, the read buffer.
 */
export class PublishFrame {
  bytes: Uint8Array = new Uint8Array(256);
  start = 0;
  end = 0;
  /** Offset of the packet identifier from `start`, -1 = none. */
  idAt = -1;
  /** True when `bytes` never changes, so that it may be sent by reference. */
  shared = false;

  /** Points the frame at bytes that already have the wanted layout. */
  point(bytes: Uint8Array, start: number, end: number, idAt: number, shared: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.idAt = idAt;
    this.shared = shared;
  }
}

/** Frames at least this long get memory of their own, so that a slow receiver can hold them without a copy. */
export const LARGE_FRAME = 16_384;

/**
 * Encodes a body for a layout into `frame`. `scratch` is the frame's reusable buffer and comes back, grown where needed.
 *
 * Where what the layout adds makes the packet exceed the protocol's maximum, nothing is encoded and the frame's length
 * is above {@link LARGEST_PACKET}: compare it with what the receiver takes before using its bytes.
 */
export function encodeFrame(
  body: PublishBody,
  layout: FrameLayout,
  frame: PublishFrame,
  scratch: Uint8Array,
): Uint8Array {
  const topicLength = layout.omitTopic ? 0 : body.topicEnd - body.topicStart;
  const payloadLength = body.end - body.payloadStart;
  const propertiesLength = layout.version5 ? forwardedSize(body, layout) : 0;
  let remaining = 2 + topicLength + (layout.hasId ? 2 : 0) + payloadLength;
  if (layout.version5) remaining += varintSize(propertiesLength) + propertiesLength;
  if (remaining > maximumVarint) {
    // Properties or an identifier made it too large: no receiver takes it, and its size says so.
    frame.point(scratch, 0, 1 + 4 + remaining, -1, false);
    return scratch;
  }
  const size = 1 + varintSize(remaining) + remaining;
  const large = size >= LARGE_FRAME;
  const out = large ? new Uint8Array(size) : size <= scratch.length ? scratch : new Uint8Array(2 * size);
  out[0] = 0x30; // Whoever copies it out sets DUP, QoS and RETAIN for its receiver. // [MQTT-3.3.1-3]
  let at = putVarint(out, 1, remaining);
  out[at++] = topicLength >> 8;
  out[at++] = topicLength;
  if (topicLength > 0) at = copyBytes(body.bytes, body.topicStart, body.topicEnd, out, at);
  frame.point(out, 0, size, layout.hasId ? at : -1, large);
  if (layout.hasId) at += 2;
  if (layout.version5) {
    at = putVarint(out, at, propertiesLength);
    at = putForwarded(body, layout, out, at);
  }
  copyBytes(body.bytes, body.payloadStart, body.end, out, at);
  return large ? scratch : out;
}

function forwardedSize(body: PublishBody, layout: FrameLayout): number {
  let size = body.propertiesEnd - body.propertiesStart;
  if (body.aliasAt >= 0) size -= 3;
  if (layout.topicAlias !== 0) size += 3;
  const ids = layout.identifiers;
  if (ids !== null) for (let i = 0; i < ids.length; i++) size += 1 + varintSize(ids[i]!);
  return size;
}

/**
 * The publisher's properties as they came, byte for byte, without its Topic Alias; the receiver's own come behind.
 * // [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]
 */
function putForwarded(body: PublishBody, layout: FrameLayout, out: Uint8Array, from: number): number {
  let at = from;
  if (body.aliasAt < 0) {
    at = copyBytes(body.bytes, body.propertiesStart, body.propertiesEnd, out, at);
  } else {
    at = copyBytes(body.bytes, body.propertiesStart, body.aliasAt, out, at);
    at = copyBytes(body.bytes, body.aliasAt + 3, body.propertiesEnd, out, at);
  }
  if (layout.expiry >= 0 && body.expiryAt >= 0) {
    let where = from + body.expiryAt - body.propertiesStart;
    if (body.aliasAt >= 0 && body.aliasAt < body.expiryAt) where -= 3;
    putUint32(out, where, layout.expiry); // [MQTT-3.3.2-6]
  }
  if (layout.topicAlias !== 0) {
    out[at++] = 0x23;
    out[at++] = layout.topicAlias >> 8;
    out[at++] = layout.topicAlias;
  }
  const ids = layout.identifiers;
  if (ids !== null) {
    for (let i = 0; i < ids.length; i++) {
      out[at++] = 0x0b;
      at = putVarint(out, at, ids[i]!);
    }
  }
  return at;
}

function putUint32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/**
 * Bytes of a whole PUBLISH, which {@link writePublish} will write.
 *
 * @param topic in UTF-8
 * @param properties what `encodeProperties` gives for 5.0; null in 3.x
 * @throws {MqttError} where the topic is longer than 65,535 bytes or the packet longer than the protocol allows
 */
export function publishFrameSize(
  topic: Uint8Array,
  payload: Uint8Array,
  qos: QoS,
  properties: Uint8Array | null,
): number {
  if (topic.length > maximumFieldLength) {
    throw malformed(`a topic of ${topic.length} bytes is too long; ${maximumFieldLength} are allowed`);
  }
  const remaining = remainingLength(topic, payload, qos, properties);
  if (remaining > maximumVarint) {
    throw packetTooLarge(
      `a message of ${payload.length} bytes does not fit MQTT's limit of ${maximumVarint}; send less`,
    );
  }
  return 1 + varintSize(remaining) + remaining;
}

function remainingLength(topic: Uint8Array, payload: Uint8Array, qos: QoS, properties: Uint8Array | null): number {
  return 2 + topic.length + (qos > 0 ? 2 : 0) + (properties === null ? 0 : properties.length) + payload.length;
}

/**
 * Writes a PUBLISH (section 3.3) to `target` at `at`, where the caller has made room for as many bytes as
 * {@link publishFrameSize} says.
 *
 * @param topic in UTF-8; empty where an alias among the properties stands for it
 * @param packetId 1..65535; left out at QoS 0
 * @param properties what `encodeProperties` gives for 5.0; null in 3.x
 * @returns where the packet ends
 *
 * @example
 * const topic = encodeUtf8('kitchen/oven');
 * const properties = encodeProperties({ contentType: 'text/plain' }, PacketType.publish);
 * const out = new Uint8Array(publishFrameSize(topic, payload, 1, properties));
 * writePublish(out, 0, topic, payload, 1, false, false, 7, properties);
 */
export function writePublish(
  target: Uint8Array,
  at: number,
  topic: Uint8Array,
  payload: Uint8Array,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  properties: Uint8Array | null,
): number {
  target[at] = publishHeader(qos, retain, dup);
  let next = putVarint(target, at + 1, remainingLength(topic, payload, qos, properties));
  target[next++] = topic.length >>> 8;
  target[next++] = topic.length;
  next = copyBytes(topic, 0, topic.length, target, next);
  if (qos > 0) {
    target[next++] = packetId >>> 8;
    target[next++] = packetId;
  }
  if (properties !== null) next = copyBytes(properties, 0, properties.length, target, next);
  return copyBytes(payload, 0, payload.length, target, next);
}

/**
 * Encodes a PUBLISH packet into a frame of its own (section 3.3).
 *
 * @throws {MqttError} as {@link publishFrameSize}; where a property or the packet identifier is not valid
 *
 * @example
 * encodePublish({ type: 3, topic: 'a', payload: new Uint8Array([1]), qos: 0, retain: false, dup: false, packetId: 0 }, 4)
 */
export function encodePublish(packet: PublishPacket, version: ProtocolVersion): Uint8Array {
  const { payload, qos, retain, dup, packetId } = packet;
  if (qos > 0) requirePacketId(packetId, 'PUBLISH');
  const topic = encodeUtf8(packet.topic);
  const properties = version === 5 ? encodeProperties(packet.properties, PacketType.publish) : null;
  const bytes = new Uint8Array(publishFrameSize(topic, payload, qos, properties));
  writePublish(bytes, 0, topic, payload, qos, retain, dup, packetId, properties);
  return bytes;
}
