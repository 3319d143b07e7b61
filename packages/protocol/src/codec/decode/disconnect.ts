import { type DisconnectPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { Reader } from '../reader.ts';
import { readReason, requireFlags } from './fields.ts';

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
  // [MQTT-3.14.2-1]
  return { type: PacketType.disconnect, ...readReason(reader, PacketType.disconnect, version, 'MQTT-3.14.2-1') };
}
