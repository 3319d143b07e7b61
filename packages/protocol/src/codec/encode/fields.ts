/** Fields that several packets share. */
import { protocolError } from '../../error.ts';
import type { Writer } from '../writer.ts';

/** A packet identifier; 0 is refused [MQTT-2.2.1-3]. */
export function writePacketId(writer: Writer, packetId: number, packetName: string): void {
  if (packetId === 0) throw protocolError(`${packetName} needs a packet identifier from 1 to 65535`, 'MQTT-2.2.1-3');
  writer.uint16(packetId);
}

/** Refuses packets that must carry at least one of something. */
export function requireAny(list: readonly unknown[], packetName: string, what: string): void {
  if (list.length === 0) throw protocolError(`${packetName} needs at least one ${what}`);
}
