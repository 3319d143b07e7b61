import { protocolError } from '../../error.ts';
import { PacketType, type ProtocolVersion, type SubackPacket } from '../../packet.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { readPacketId, requireFlags, requireReasonCode } from './fields.ts';

/** Decodes the body of a SUBACK (MQTT 5.0 section 3.9): one code for each filter of the SUBSCRIBE. */
export function decodeSuback(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): SubackPacket {
  requireFlags(flags, 0, 'SUBACK');
  const reader = new Reader(bytes, start, end);
  const packetId = readPacketId(reader, 'SUBACK');
  const properties = version === 5 ? readProperties(reader, PacketType.suback) : undefined;
  const reasonCodes = [...reader.rest()];
  // [MQTT-3.8.4-6]
  if (reasonCodes.length === 0) throw protocolError('SUBACK answers no topic filter', 'MQTT-3.8.4-6');
  for (const code of reasonCodes) requireSubackCode(code, version);
  return { type: PacketType.suback, packetId, reasonCodes, ...(properties && { properties }) };
}

function requireSubackCode(code: number, version: ProtocolVersion): void {
  if (version === 5)
    requireReasonCode(code, PacketType.suback, 'MQTT-3.9.3-2'); // [MQTT-3.9.3-2]
  // 3.1.1 has only one way to refuse; brokers use it towards 3.1 too.
  else if (code > 2 && code !== 0x80) {
    throw protocolError(`SUBACK has the reserved return code ${code}; MQTT 3.x knows 0, 1, 2 and 128`);
  }
}
