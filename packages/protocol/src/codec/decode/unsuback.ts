import { protocolError } from '../../error.ts';
import { PacketType, type ProtocolVersion, type UnsubackPacket } from '../../packet.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { readPacketId, requireEnd, requireFlags, requireReasonCode } from './fields.ts';

/** Decodes the body of an UNSUBACK (MQTT 5.0 section 3.11); in 3.x it is a packet identifier and nothing else. */
export function decodeUnsuback(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): UnsubackPacket {
  requireFlags(flags, 0, 'UNSUBACK');
  const reader = new Reader(bytes, start, end);
  const packetId = readPacketId(reader, 'UNSUBACK');
  if (version !== 5) {
    requireEnd(reader, 'UNSUBACK');
    return { type: PacketType.unsuback, packetId, reasonCodes: [] };
  }
  const properties = readProperties(reader, PacketType.unsuback);
  const reasonCodes = [...reader.rest()];
  if (reasonCodes.length === 0) throw protocolError('UNSUBACK answers no topic filter', 'MQTT-3.11.3-2');
  for (const code of reasonCodes) requireReasonCode(code, PacketType.unsuback, 'MQTT-3.11.3-2'); // [MQTT-3.11.3-2]
  return { type: PacketType.unsuback, packetId, reasonCodes, ...(properties && { properties }) };
}
