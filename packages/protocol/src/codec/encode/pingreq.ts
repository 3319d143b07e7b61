import { PacketType } from '../../packet.ts';

/** Encodes a PINGREQ, the same two bytes in every version (MQTT 5.0 section 3.12). */
export function encodePingreq(): Uint8Array {
  return new Uint8Array([PacketType.pingreq << 4, 0]);
}
