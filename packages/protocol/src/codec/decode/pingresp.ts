import { PacketType, type PingrespPacket } from '../../packet.ts';
import { Reader } from '../reader.ts';
import { requireEnd, requireFlags } from './fields.ts';

/** Decodes a PINGRESP, which has no body (MQTT 5.0 section 3.13). */
export function decodePingresp(flags: number, bytes: Uint8Array, start: number, end: number): PingrespPacket {
  requireFlags(flags, 0, 'PINGRESP');
  requireEnd(new Reader(bytes, start, end), 'PINGRESP');
  return { type: PacketType.pingresp };
}
