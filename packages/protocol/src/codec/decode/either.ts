import { malformed } from '../../error.ts';
import {
  type AckPacket,
  type AuthPacket,
  type DisconnectPacket,
  PacketType,
  type ProtocolVersion,
} from '../../packet.ts';
import { decodeAck } from './ack.ts';
import { decodeAuth } from './auth.ts';
import { decodeDisconnect } from './disconnect.ts';

/** The packets that either end sends and that are no PUBLISH. */
export type EitherPacket = AckPacket | DisconnectPacket | AuthPacket;

/** Decodes what clients and servers both send: acknowledgements, DISCONNECT and AUTH. @throws MqttError */
export function decodeEither(
  type: number,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): EitherPacket {
  switch (type) {
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return decodeAck(type, flags, bytes, start, end, version);
    case PacketType.disconnect:
      return decodeDisconnect(flags, bytes, start, end, version);
    case PacketType.auth:
      return decodeAuth(flags, bytes, start, end, version);
    default:
      throw malformed(`packet type ${type} does not exist here`);
  }
}
