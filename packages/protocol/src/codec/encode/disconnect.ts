import { type DisconnectPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { propertiesSize, writeProperties } from '../properties.ts';

/** Encodes a DISCONNECT as short as the version allows (MQTT 5.0 section 3.14); in 3.x it has no body. */
export function encodeDisconnect(packet: DisconnectPacket, version: ProtocolVersion): Uint8Array {
  const { reasonCode, properties } = packet;
  const writer = startBody();
  const hasProperties = version === 5 && propertiesSize(properties) > 0;
  if (version === 5 && (reasonCode !== 0 || hasProperties)) writer.byte(reasonCode);
  if (hasProperties) writeProperties(writer, properties, PacketType.disconnect);
  return frame(PacketType.disconnect, 0, writer.finish());
}
