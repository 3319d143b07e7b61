import { malformed, protocolError } from '../../error.ts';
import { type AuthPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { requireEnd, requireFlags, requireReasonCode } from './fields.ts';

/** Decodes the body of an AUTH (MQTT 5.0 section 3.15), which 3.x does not know. */
export function decodeAuth(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): AuthPacket {
  if (version !== 5) throw malformed('packet type 15 is reserved in MQTT 3.x; AUTH needs MQTT 5.0');
  requireFlags(flags, 0, 'AUTH', 'MQTT-3.15.1-1'); // [MQTT-3.15.1-1]
  const reader = new Reader(bytes, start, end);
  // An empty body stands for success without properties (section 3.15.2.1).
  if (reader.remaining() === 0) return { type: PacketType.auth, reasonCode: 0 };
  const reasonCode = reader.byte('the reason code of AUTH');
  requireReasonCode(reasonCode, PacketType.auth, 'MQTT-3.15.2-1'); // [MQTT-3.15.2-1]
  const properties = readProperties(reader, PacketType.auth);
  requireEnd(reader, 'AUTH');
  if (properties?.authenticationMethod === undefined) {
    throw protocolError('AUTH names no authentication method'); // section 3.15.2.2.2
  }
  return { type: PacketType.auth, reasonCode, properties };
}
