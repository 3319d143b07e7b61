import { malformed, protocolError } from '../../error.ts';
import { type ConnackPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { ConnectReturnCode } from '../../reason-code.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { requireEnd, requireFlags, requireReasonCode } from './fields.ts';

/** Decodes the body of a CONNACK (MQTT 5.0 section 3.2). */
export function decodeConnack(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): ConnackPacket {
  requireFlags(flags, 0, 'CONNACK');
  const reader = new Reader(bytes, start, end);
  const sessionPresent = readSessionPresent(reader, version);
  const reasonCode = reader.byte('the reason code of CONNACK');
  if (version === 5) requireReasonCode(reasonCode, PacketType.connack, 'MQTT-3.2.2-8');
  else if (reasonCode > ConnectReturnCode.notAuthorized) {
    throw protocolError(`CONNACK has the reserved return code ${reasonCode}; MQTT 3.x knows 0 to 5`);
  }
  // [MQTT-3.2.2-6]
  if (sessionPresent && reasonCode !== 0) {
    throw protocolError('CONNACK refuses the connection and says that a session is present', 'MQTT-3.2.2-6');
  }
  const properties = version === 5 ? readProperties(reader, PacketType.connack) : undefined;
  requireEnd(reader, 'CONNACK');
  return { type: PacketType.connack, sessionPresent, reasonCode, ...(properties && { properties }) };
}

function readSessionPresent(reader: Reader, version: ProtocolVersion): boolean {
  const bits = reader.byte('the flags of CONNACK');
  if (version === 3) return false; // MQTT 3.1 leaves the byte unused.
  // [MQTT-3.2.2-1]
  if (bits > 1) throw malformed('a reserved flag of CONNACK is set', 'MQTT-3.2.2-1');
  return bits === 1;
}
