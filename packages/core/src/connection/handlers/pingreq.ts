import { PacketType } from '@cauldron/protocol';
import type { Connection } from '../connection.ts';

/** PINGREQ (section 3.12): the client is alive and asks whether we are. // [MQTT-3.12.4-1] */
export function handlePingreq(connection: Connection): void {
  connection.output.sendPacket({ type: PacketType.pingresp });
}
