import { type DisconnectPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { writeReason } from './fields.ts';

/** Encodes a DISCONNECT as short as the version allows (MQTT 5.0 section 3.14); in 3.x it has no body. */
export function encodeDisconnect(packet: DisconnectPacket, version: ProtocolVersion): Uint8Array {
  const { reasonCode, properties } = packet;
  const writer = startBody();
  if (version === 5) writeReason(writer, PacketType.disconnect, reasonCode, properties);
  return frame(PacketType.disconnect, 0, writer.finish());
}
