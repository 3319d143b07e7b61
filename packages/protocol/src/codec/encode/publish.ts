import { malformed } from '../../error.ts';
import { PacketType, type ProtocolVersion, type PublishPacket } from '../../packet.ts';
import { copyBytes } from '../bytes.ts';
import { propertiesSize, writeProperties } from '../properties.ts';
import type { PublishBody } from '../publish-view.ts';
import { encodeUtf8 } from '../utf8.ts';
import { maximumVarint, varintSize, Writer } from '../writer.ts';

/** The first byte of a PUBLISH (section 3.3.1). */
export function publishHeader(qos: number, retain: boolean, dup: boolean): number {
  return 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let i = at;
  while (rest > 127) {
    bytes[i++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[i++] = rest;
  return i;
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

/** The largest remaining length (section 1.5.5). */
const MAX_REMAINING = maximumVarint;

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
  if (remaining > MAX_REMAINING) {
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
 * Encodes a PUBLISH packet into a frame of its own (section 3.3).
 *
 * @throws {MqttError} where the topic is longer than 65,535 bytes or the packet longer than the protocol allows
 *
 * @example
 * encodePublish({ type: 3, topic: 'a', payload: new Uint8Array([1]), qos: 0, retain: false, dup: false, packetId: 0 }, 4)
 */
export function encodePublish(packet: PublishPacket, version: ProtocolVersion): Uint8Array {
  const topic = encodeUtf8(packet.topic);
  if (topic.length > 65_535) throw malformed(`a topic of ${topic.length} bytes is too long; 65,535 are allowed`);
  const properties = version === 5 ? propertiesSize(packet.properties) : 0;
  let remaining = 2 + topic.length + (packet.qos > 0 ? 2 : 0) + packet.payload.length;
  if (version === 5) remaining += varintSize(properties) + properties;
  const writer = new Writer(1 + varintSize(remaining) + remaining);
  writer.byte(publishHeader(packet.qos, packet.retain, packet.dup));
  writer.varint(remaining);
  writer.uint16(topic.length);
  writer.bytes(topic);
  if (packet.qos > 0) writer.uint16(packet.packetId);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.publish);
  writer.bytes(packet.payload);
  return writer.finish();
}
