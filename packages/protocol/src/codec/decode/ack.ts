import { type AckPacket, type AckType, PacketType, type ProtocolVersion, packetTypeNames } from '../../packet.ts';
import { Reader } from '../reader.ts';
import { readPacketId, readReason, requireFlags, requireFlags0010 } from './fields.ts';

const reasonCodeRules: Readonly<Record<AckType, string>> = {
  [PacketType.puback]: 'MQTT-3.4.2-1',
  [PacketType.pubrec]: 'MQTT-3.5.2-1',
  [PacketType.pubrel]: 'MQTT-3.6.2-1',
  [PacketType.pubcomp]: 'MQTT-3.7.2-1',
};

/** Decodes the body of a PUBACK, PUBREC, PUBREL or PUBCOMP, which share one layout (MQTT 5.0 sections 3.4 to 3.7). */
export function decodeAck(
  type: AckType,
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): AckPacket {
  const name = packetTypeNames[type]!;
  // [MQTT-3.6.1-1]
  if (type === PacketType.pubrel) requireFlags0010(flags, version, name, 'MQTT-3.6.1-1');
  else requireFlags(flags, 0, name);
  const reader = new Reader(bytes, start, end);
  const packetId = readPacketId(reader, name);
  // [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]
  return { type, packetId, ...readReason(reader, type, version, reasonCodeRules[type]) };
}
