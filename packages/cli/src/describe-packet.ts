import type { Packet } from '@cauldron/protocol';
import { PacketType, packetTypeNames } from '@cauldron/protocol';

/** A packet in one line for people: its name and what matters of it. Never the password. */
export function describePacket(packet: Packet): string {
  const details = detailsOf(packet);
  return details === '' ? packetTypeNames[packet.type]! : `${packetTypeNames[packet.type]} ${details}`;
}

function detailsOf(packet: Packet): string {
  switch (packet.type) {
    case PacketType.connect:
      return `version ${packet.protocolVersion}, client id "${packet.clientId}", ${packet.cleanStart ? 'clean' : 'keep'} session, keep alive ${packet.keepAlive} s`;
    case PacketType.connack:
      return `${code(packet.reasonCode)}, session ${packet.sessionPresent ? 'present' : 'new'}`;
    case PacketType.publish:
      return `${packet.topic}, QoS ${packet.qos}${packet.retain ? ', retain' : ''}${packet.dup ? ', dup' : ''}${id(packet)}, ${packet.payload.length} bytes`;
    case PacketType.subscribe:
      return `${packet.subscriptions.map(({ filter, qos }) => `${filter} (QoS ${qos})`).join(', ')}${id(packet)}`;
    case PacketType.unsubscribe:
      return `${packet.filters.join(', ')}${id(packet)}`;
    case PacketType.suback:
    case PacketType.unsuback:
      return `[${packet.reasonCodes.map(code).join(', ')}]${id(packet)}`;
    case PacketType.puback:
    case PacketType.pubrec:
    case PacketType.pubrel:
    case PacketType.pubcomp:
      return `${code(packet.reasonCode)}${id(packet)}`;
    case PacketType.disconnect:
    case PacketType.auth:
      return code(packet.reasonCode);
    case PacketType.pingreq:
    case PacketType.pingresp:
      return '';
  }
}

const code = (reasonCode: number): string => `0x${reasonCode.toString(16).padStart(2, '0')}`;
const id = ({ packetId }: { packetId: number }): string => (packetId === 0 ? '' : `, id ${packetId}`);
