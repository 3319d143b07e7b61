import { type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import { encodeAck } from './encode/ack.ts';
import { encodeAuth } from './encode/auth.ts';
import { encodeConnack } from './encode/connack.ts';
import { encodeConnect } from './encode/connect.ts';
import { encodeDisconnect } from './encode/disconnect.ts';
import { encodePingreq } from './encode/pingreq.ts';
import { encodePingresp } from './encode/pingresp.ts';
import { encodePublish } from './encode/publish.ts';
import { encodeSuback } from './encode/suback.ts';
import { encodeSubscribe } from './encode/subscribe.ts';
import { encodeUnsuback } from './encode/unsuback.ts';
import { encodeUnsubscribe } from './encode/unsubscribe.ts';

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
    case PacketType.connect:
      return encodeConnect(packet);
    case PacketType.connack:
      return encodeConnack(packet, version);
    case PacketType.publish:
      return encodePublish(packet, version);
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return encodeAck(packet, version);
    case PacketType.subscribe:
      return encodeSubscribe(packet, version);
    case PacketType.suback:
      return encodeSuback(packet, version);
    case PacketType.unsubscribe:
      return encodeUnsubscribe(packet, version);
    case PacketType.unsuback:
      return encodeUnsuback(packet, version);
    case PacketType.pingreq:
      return encodePingreq();
    case PacketType.pingresp:
      return encodePingresp();
    case PacketType.disconnect:
      return encodeDisconnect(packet, version);
    case PacketType.auth:
      return encodeAuth(packet, version);
  }
}
