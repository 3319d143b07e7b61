import { type DisconnectPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { requireEnd, requireFlags, requireReasonCode } from './fields.ts';

/** Decodes the body of a DISCONNECT (MQTT 5.0 section 3.14); in 3.x it is empty. */
export function decodeDisconnect(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): DisconnectPacket {
  requireFlags(flags, 0, 'DISCONNECT', 'MQTT-3.14.1-1'); // [MQTT-3.14.1-1]
  const reader = new Reader(bytes, start, end);
  if (version !== 5 || reader.remaining() === 0) {
    requireEnd(reader, 'DISCONNECT');
    return { type: PacketType.disconnect, reasonCode: 0 };
  }
  const reasonCode = reader.byte('the reason code of DISCONNECT');
  requireReasonCode(reasonCode, PacketType.disconnect, 'MQTT-3.14.2-1'); // [MQTT-3.14.2-1]
  // A packet that ends here has no properties (section 3.14.2.2.1).
  const properties = reader.remaining() === 0 ? undefined : readProperties(reader, PacketType.disconnect);
  requireEnd(reader, 'DISCONNECT');
  return { type: PacketType.disconnect, reasonCode, ...(properties && { properties }) };
}
