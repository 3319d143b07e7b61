import { malformed } from '../error.ts';
import { type Packet, PacketType, type ProtocolVersion } from '../packet.ts';
import { decodePublish } from './decode/publish.ts';
import { fromClients } from './from-clients.ts';
import { fromServers } from './from-servers.ts';

/**
 * Decodes one packet of either side whose fixed header was already read: for tools and tests.
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
  if (type === PacketType.publish) return decodePublish(flags, bytes, start, end, version);
  if (type < 1 || type > 15) throw malformed(`packet type ${type} does not exist`);
  const peer = (fromClients.types & (1 << type)) !== 0 ? fromClients : fromServers;
  return peer.decode(type, flags, bytes, start, end, version);
}
