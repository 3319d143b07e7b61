import { type Packet, PacketType } from '../packet.ts';
import { decodeConnack } from './decode/connack.ts';
import { decodeEither } from './decode/either.ts';
import { decodePingresp } from './decode/pingresp.ts';
import { decodeSuback } from './decode/suback.ts';
import { decodeUnsuback } from './decode/unsuback.ts';
import { MessageView } from './message-view.ts';
import { type PeerPackets, typesOfBoth } from './peer-packets.ts';

/** The packets of servers, for a client's `FrameDecoder`. */
export const fromServers: PeerPackets<MessageView> = {
  types:
    typesOfBoth |
    (1 << PacketType.connack) |
    (1 << PacketType.suback) |
    (1 << PacketType.unsuback) |
    (1 << PacketType.pingresp),

  createView: () => new MessageView(),

  decode(type, flags, bytes, start, end, version): Packet {
    switch (type) {
      case PacketType.connack:
        return decodeConnack(flags, bytes, start, end, version);
      case PacketType.suback:
        return decodeSuback(flags, bytes, start, end, version);
      case PacketType.unsuback:
        return decodeUnsuback(flags, bytes, start, end, version);
      case PacketType.pingresp:
        return decodePingresp(flags, bytes, start, end);
      default:
        return decodeEither(type, flags, bytes, start, end, version);
    }
  },
};
