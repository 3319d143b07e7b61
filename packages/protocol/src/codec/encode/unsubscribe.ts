import { PacketType, type ProtocolVersion, type UnsubscribePacket } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { writeProperties } from '../properties.ts';
import { requireAny, writePacketId } from './fields.ts';

/** Encodes an UNSUBSCRIBE (MQTT 5.0 section 3.10). */
export function encodeUnsubscribe(packet: UnsubscribePacket, version: ProtocolVersion): Uint8Array {
  requireAny(packet.filters, 'UNSUBSCRIBE', 'topic filter'); // [MQTT-3.10.3-2]
  const writer = startBody();
  writePacketId(writer, packet.packetId, 'UNSUBSCRIBE');
  if (version === 5) writeProperties(writer, packet.properties, PacketType.unsubscribe);
  for (const filter of packet.filters) writer.utf8(filter);
  return frame(PacketType.unsubscribe, 0b0010, writer.finish()); // [MQTT-3.10.1-1]
}
