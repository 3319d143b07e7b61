import { protocolError } from '../../error.ts';
import { type AuthPacket, PacketType, type ProtocolVersion } from '../../packet.ts';
import { frame, startBody } from '../frame.ts';
import { encodeProperties } from '../properties.ts';

/** Encodes an AUTH (MQTT 5.0 section 3.15), which 3.x does not know. */
export function encodeAuth(packet: AuthPacket, version: ProtocolVersion): Uint8Array {
  if (version !== 5) throw protocolError('AUTH exists only in MQTT 5.0; connect with version 5 to use it');
  const { reasonCode, properties } = packet;
  const writer = startBody();
  const section = encodeProperties(properties, PacketType.auth);
  if (reasonCode !== 0 || section.length > 1) {
    if (properties?.authenticationMethod === undefined) throw protocolError('AUTH needs an authentication method');
    writer.byte(reasonCode);
    writer.bytes(section);
  }
  return frame(PacketType.auth, 0, writer.finish());
}
