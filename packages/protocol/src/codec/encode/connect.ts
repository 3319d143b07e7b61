import { protocolError } from '../../error.ts';
import { type ConnectPacket, PacketType } from '../../packet.ts';
import { WILL } from '../../property.ts';
import { topicNameProblem } from '../../topic.ts';
import { frame, startBody } from '../frame.ts';
import { writeProperties } from '../properties.ts';

/** Encodes a CONNECT in the version that it names (MQTT 5.0 section 3.1). */
export function encodeConnect(packet: ConnectPacket): Uint8Array {
  const { protocolVersion: version, will } = packet;
  const writer = startBody();
  writer.utf8(version === 3 ? 'MQIsdp' : 'MQTT'); // [MQTT-3.1.2-1]
  writer.byte(protocolLevel(packet));
  writer.byte(connectFlags(packet));
  writer.uint16(packet.keepAlive);
  if (version === 5) writeProperties(writer, packet.properties, PacketType.connect);
  writer.utf8(packet.clientId); // [MQTT-3.1.3-1] The order of the payload.
  if (will) {
    const problem = topicNameProblem(will.topic);
    if (problem !== undefined) throw protocolError(`the will cannot be published: ${problem}`);
    if (version === 5) writeProperties(writer, will.properties, WILL);
    writer.utf8(will.topic);
    writer.binary(will.payload);
  }
  if (packet.username !== undefined) writer.utf8(packet.username);
  if (packet.password !== undefined) writer.binary(packet.password);
  return frame(PacketType.connect, 0, writer.finish());
}

function protocolLevel(packet: ConnectPacket): number {
  if (!packet.bridge) return packet.protocolVersion;
  if (packet.protocolVersion === 5) {
    throw protocolError('the bridge bit exists only in MQTT 3.x; in 5.0 a bridge subscribes with no local');
  }
  return packet.protocolVersion | 0x80;
}

function connectFlags(packet: ConnectPacket): number {
  const { will, username, password } = packet;
  if (password !== undefined && username === undefined && packet.protocolVersion !== 5) {
    throw protocolError('a password without a user name needs MQTT 5.0; pass a user name as well');
  }
  let flags = packet.cleanStart ? 0x02 : 0;
  if (will) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  if (password !== undefined) flags |= 0x40; // [MQTT-3.1.2-18] [MQTT-3.1.2-19]
  if (username !== undefined) flags |= 0x80; // [MQTT-3.1.2-16] [MQTT-3.1.2-17]
  return flags;
}
