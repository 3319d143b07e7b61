import { PacketType, type PingreqPacket } from '../../packet.ts';
import { Reader } from '../reader.ts';
import { requireEnd, requireFlags } from './fields.ts';

/** Decodes a PINGREQ, which has no body (MQTT 5.0 section 3.12). */
export function decodePingreq(flags: number, bytes: Uint8Array, start: number, end: number): PingreqPacket {
  requireFlags(flags, 0, 'PINGREQ');
  requireEnd(new Reader(bytes, start, end), 'PINGREQ');
  return { type: PacketType.pingreq };
}
