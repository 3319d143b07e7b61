import { type AckPacket, type AckType, PacketType, type ProtocolVersion, packetTypeNames } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { writePacketId, writeReason } from './fields.ts';

/**
 * Encodes a PUBACK, PUBREC, PUBREL or PUBCOMP as short as the version allows (MQTT 5.0 sections 3.4 to 3.7).
 * In 3.x reason code and properties have no place and are left out.
 */
export function encodeAck(packet: AckPacket, version: ProtocolVersion): Uint8Array {
  const { type, packetId, reasonCode, properties } = packet;
  const name = packetTypeNames[type]!;
  const writer = startBody();
  writePacketId(writer, packetId, name);
  if (version === 5) writeReason(writer, type, reasonCode, properties);
  return frame(type, type === PacketType.pubrel ? 0b0010 : 0, writer.finish()); // [MQTT-3.6.1-1]
}

/**
 * Writes the four bytes of an acknowledgement that says success, the same in every version, to `target` at `at`, where
 * the caller has made room; returns where they end. The packet identifier is 1..65535.
 */
export function writeAck(target: Uint8Array, at: number, type: AckType, packetId: number): number {
  target[at] = (type << 4) | (type === PacketType.pubrel ? 0b0010 : 0); // [MQTT-3.6.1-1]
  target[at + 1] = 2;
  target[at + 2] = packetId >>> 8;
  target[at + 3] = packetId;
  return at + 4;
}
