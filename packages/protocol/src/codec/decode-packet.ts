import { malformed } from '../error.ts';
import { type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import { decodeAck } from './decode/ack.ts';
import { decodeAuth } from './decode/auth.ts';
import { decodeConnack } from './decode/connack.ts';
import { decodeConnect } from './decode/connect.ts';
import { decodeDisconnect } from './decode/disconnect.ts';
import { decodePingreq } from './decode/pingreq.ts';
import { decodePingresp } from './decode/pingresp.ts';
import { decodePublish } from './decode/publish.ts';
import { decodeSuback } from './decode/suback.ts';
import { decodeSubscribe } from './decode/subscribe.ts';
import { decodeUnsuback } from './decode/unsuback.ts';
import { decodeUnsubscribe } from './decode/unsubscribe.ts';

/**
 * Decodes one packet whose fixed header was already read.
 *
 * @param type the upper four bits of the first byte.
 * @param flags the lower four bits of the first byte.
 * @param bytes holds the body, what follows the remaining length, from `start` up to but not including `end`.
 * @param version what CONNECT agreed on; a CONNECT brings its own and ignores this.
 * @returns a packet that shares no memory with `bytes`.
 * @throws MqttError, and nothing else, for whatever the bytes hold.
 */
export function decodePacket(
  type: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): Packet {
  switch (type) {
    case PacketType.connect:
      return decodeConnect(flags, bytes, start, end);
    case PacketType.connack:
      return decodeConnack(flags, bytes, start, end, version);
    case PacketType.publish:
      return decodePublish(flags, bytes, start, end, version);
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return decodeAck(type, flags, bytes, start, end, version);
    case PacketType.subscribe:
      return decodeSubscribe(flags, bytes, start, end, version);
    case PacketType.suback:
      return decodeSuback(flags, bytes, start, end, version);
    case PacketType.unsubscribe:
      return decodeUnsubscribe(flags, bytes, start, end, version);
    case PacketType.unsuback:
      return decodeUnsuback(flags, bytes, start, end, version);
    case PacketType.pingreq:
      return decodePingreq(flags, bytes, start, end);
    case PacketType.pingresp:
      return decodePingresp(flags, bytes, start, end);
    case PacketType.disconnect:
      return decodeDisconnect(flags, bytes, start, end, version);
    case PacketType.auth:
      return decodeAuth(flags, bytes, start, end, version);
    default:
      throw malformed(`packet type ${type} does not exist`);
  }
}
