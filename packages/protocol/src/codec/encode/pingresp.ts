import { PacketType } from '../../packet.ts';

/** Encodes a PINGRESP, the same two bytes in every version (MQTT 5.0 section 3.13). */
export function encodePingresp(): Uint8Array {
  return new Uint8Array([PacketType.pingresp << 4, 0]);
}
