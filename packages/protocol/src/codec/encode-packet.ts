import { type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import { encodeConnack } from './encode/connack.ts';
import { encodePingresp } from './encode/pingresp.ts';
import { encodeSuback } from './encode/suback.ts';
import { encodeUnsuback } from './encode/unsuback.ts';
import { encodeClientPacket } from './encode-client-packet.ts';

/**
 * Encodes a packet as a whole frame, fixed header included.
 *
 * @param version what CONNECT agreed on; a CONNECT is written in its own version. What a 3.x packet has no place for,
 * properties and most reason codes, is left out.
 * @throws MqttError where the packet breaks a rule that its receiver would have to refuse.
 *
 * @example
 * encodePacket({ type: PacketType.pingreq }, 5) // Uint8Array.of(0xc0, 0x00)
 */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  switch (packet.type) {
    case PacketType.connack:
      return encodeConnack(packet, version);
    case PacketType.suback:
      return encodeSuback(packet, version);
    case PacketType.unsuback:
      return encodeUnsuback(packet, version);
    case PacketType.pingresp:
      return encodePingresp();
    default:
      return encodeClientPacket(packet, version);
  }
}
