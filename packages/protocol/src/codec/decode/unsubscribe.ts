import { protocolError } from '../../error.ts';
import { PacketType, type ProtocolVersion, type UnsubscribePacket } from '../../packet.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { readPacketId, requireFlags0010 } from './fields.ts';

/** Decodes the body of an UNSUBSCRIBE (MQTT 5.0 section 3.10). */
export function decodeUnsubscribe(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): UnsubscribePacket {
  requireFlags0010(flags, version, 'UNSUBSCRIBE', 'MQTT-3.10.1-1'); // [MQTT-3.10.1-1]
  const reader = new Reader(bytes, start, end);
  const packetId = readPacketId(reader, 'UNSUBSCRIBE');
  const properties = version === 5 ? readProperties(reader, PacketType.unsubscribe) : undefined;
  const filters: string[] = [];
  while (reader.remaining() > 0) filters.push(reader.utf8('a topic filter')); // [MQTT-3.10.3-1]
  // [MQTT-3.10.3-2]
  if (filters.length === 0) throw protocolError('UNSUBSCRIBE names no topic filter', 'MQTT-3.10.3-2');
  return { type: PacketType.unsubscribe, packetId, filters, ...(properties && { properties }) };
}
