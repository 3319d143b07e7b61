import { PacketType, type ProtocolVersion, type SubackPacket } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { writeProperties } from '../properties.ts';
import { requireAny, writePacketId } from './fields.ts';

/** Encodes a SUBACK (MQTT 5.0 section 3.9). 3.x has one way to refuse, 0x80, which stands for every reason. */
export function encodeSuback(packet: SubackPacket, version: ProtocolVersion): Uint8Array {
  requireAny(packet.reasonCodes, 'SUBACK', 'reason code');
  const writer = startBody();
  writePacketId(writer, packet.packetId, 'SUBACK');
  if (version === 5) writeProperties(writer, packet.properties, PacketType.suback);
  for (const code of packet.reasonCodes) writer.byte(version !== 5 && code > 0x80 ? 0x80 : code);
  return frame(PacketType.suback, 0, writer.finish());
}
