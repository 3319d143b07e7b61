import {
  type ConnackPacket,
  type Packet,
  PacketType,
  type PingrespPacket,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from '../packet.ts';
import { encodeAck } from './encode/ack.ts';
import { encodeAuth } from './encode/auth.ts';
import { encodeConnect } from './encode/connect.ts';
import { encodeDisconnect } from './encode/disconnect.ts';
import { encodePingreq } from './encode/pingreq.ts';
import { encodePublish } from './encode/publish.ts';
import { encodeSubscribe } from './encode/subscribe.ts';
import { encodeUnsubscribe } from './encode/unsubscribe.ts';

/** The packets that a client may send. */
export type ClientPacket = Exclude<Packet, ConnackPacket | SubackPacket | UnsubackPacket | PingrespPacket>;

/** As `encodePacket`, for the packets that clients send: a client holds no encoder it has no use for. */
export function encodeClientPacket(packet: ClientPacket, version: ProtocolVersion): Uint8Array {
  switch (packet.type) {
    case PacketType.connect:
      return encodeConnect(packet);
    case PacketType.publish:
      return encodePublish(packet, version);
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return encodeAck(packet, version);
    case PacketType.subscribe:
      return encodeSubscribe(packet, version);
    case PacketType.unsubscribe:
      return encodeUnsubscribe(packet, version);
    case PacketType.pingreq:
      return encodePingreq();
    case PacketType.disconnect:
      return encodeDisconnect(packet, version);
    case PacketType.auth:
      return encodeAuth(packet, version);
  }
}
