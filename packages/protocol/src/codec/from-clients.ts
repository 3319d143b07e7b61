import { type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import { decodeConnect } from './decode/connect.ts';
import { decodeEither } from './decode/either.ts';
import { decodePingreq } from './decode/pingreq.ts';
import { decodeSubscribe } from './decode/subscribe.ts';
import { decodeUnsubscribe } from './decode/unsubscribe.ts';
import { type PeerPackets, typesOfBoth } from './peer-packets.ts';
import { PublishView } from './publish-view.ts';

/** The packets of clients, for a server's `FrameDecoder`. */
export const fromClients: PeerPackets<PublishView> = {
  types:
    typesOfBoth |
    (1 << PacketType.connect) |
    (1 << PacketType.subscribe) |
    (1 << PacketType.unsubscribe) |
    (1 << PacketType.pingreq),

  createView: () => new PublishView(),

  decode(type, flags, bytes, start, end, version): Packet {
    switch (type) {
      case PacketType.connect:
        return decodeConnect(flags, bytes, start, end);
      case PacketType.subscribe:
        return decodeSubscribe(flags, bytes, start, end, version);
      case PacketType.unsubscribe:
        return decodeUnsubscribe(flags, bytes, start, end, version);
      case PacketType.pingreq:
        return decodePingreq(flags, bytes, start, end);
      default:
        return decodeEither(type, flags, bytes, start, end, version);
    }
  },

  versionAsked(bytes, start, end): ProtocolVersion | 0 {
    if (end - start < 3) return 0;
    const nameLength = (bytes[start]! << 8) | bytes[start + 1]!;
    const at = start + 2 + nameLength;
    if (at >= end) return 0;
    const level = bytes[at]! & 0x7f;
    if (nameLength === 6) return level === 3 ? 3 : 0;
    if (nameLength !== 4) return 0;
    return level === 4 ? 4 : level === 5 ? 5 : 0;
  },
};
