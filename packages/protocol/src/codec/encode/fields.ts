/** Fields that several packets share. */
import { protocolError } from '../../error.ts';
import type { PacketType } from '../../packet.ts';
import type { Properties } from '../../property.ts';
import { encodeProperties } from '../properties.ts';
import type { Writer } from '../writer.ts';

/** Refuses what is no packet identifier [MQTT-2.2.1-3]. */
export function requirePacketId(packetId: number, packetName: string): void {
  if (Number.isInteger(packetId) && packetId > 0 && packetId < 0x10000) return;
  throw protocolError(`${packetName} needs a packet identifier from 1 to 65535, not ${packetId}`, 'MQTT-2.2.1-3');
}

/** Writes a packet identifier. @throws as {@link requirePacketId} */
export function writePacketId(writer: Writer, packetId: number, packetName: string): void {
  requirePacketId(packetId, packetName);
  writer.uint16(packetId);
}

/** A 5.0 reason code and properties at the end of a packet, as short as they can be: success is not told. */
export function writeReason(
  writer: Writer,
  type: PacketType,
  reasonCode: number,
  properties: Properties | undefined,
): void {
  const section = encodeProperties(properties, type);
  const hasProperties = section.length > 1;
  if (reasonCode !== 0 || hasProperties) writer.byte(reasonCode);
  if (hasProperties) writer.bytes(section);
}

/** Refuses packets that must carry at least one of something. */
export function requireAny(list: readonly unknown[], packetName: string, what: string): void {
  if (list.length === 0) throw protocolError(`${packetName} needs at least one ${what}`);
}
