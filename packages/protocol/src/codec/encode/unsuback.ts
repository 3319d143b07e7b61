import { PacketType, type ProtocolVersion, type UnsubackPacket } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { writeProperties } from '../properties.ts';
import { requireAny, writePacketId } from './fields.ts';

/** Encodes an UNSUBACK (MQTT 5.0 section 3.11). In 3.x it is the packet identifier alone. */
export function encodeUnsuback(packet: UnsubackPacket, version: ProtocolVersion): Uint8Array {
  const writer = startBody();
  writePacketId(writer, packet.packetId, 'UNSUBACK');
  if (version === 5) {
    requireAny(packet.reasonCodes, 'UNSUBACK', 'reason code');
    writeProperties(writer, packet.properties, PacketType.unsuback);
    for (const code of packet.reasonCodes) writer.byte(code);
  }
  return frame(PacketType.unsuback, 0, writer.finish());
}
