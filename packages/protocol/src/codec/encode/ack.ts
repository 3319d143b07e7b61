import { type AckPacket, PacketType, type ProtocolVersion, packetTypeNames } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { propertiesSize, writeProperties } from '../properties.ts';
import { writePacketId } from './fields.ts';

/**
 * Encodes a PUBACK, PUBREC, PUBREL or PUBCOMP as short as the version allows (MQTT 5.0 sections 3.4 to 3.7).
 * In 3.x reason code and properties have no place and are left out.
 */
export function encodeAck(packet: AckPacket, version: ProtocolVersion): Uint8Array {
  const { type, packetId, reasonCode, properties } = packet;
  const name = packetTypeNames[type]!;
  const writer = startBody();
  writePacketId(writer, packetId, name);
  const hasProperties = version === 5 && propertiesSize(properties) > 0;
  if (version === 5 && (reasonCode !== 0 || hasProperties)) writer.byte(reasonCode);
  if (hasProperties) writeProperties(writer, properties, type);
  return frame(type, type === PacketType.pubrel ? 0b0010 : 0, writer.finish()); // [MQTT-3.6.1-1]
}
