import { PacketType, ReasonCode, type UnsubscribePacket } from '@cauldron/protocol';
import { whenDurable } from '../answers.ts';
import type { Connection } from '../connection.ts';

/** UNSUBSCRIBE (section 3.10): filters are compared as they are written. // [MQTT-3.10.4-1] */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void {
  const { core } = connection;
  const session = connection.session!;
  const reasonCodes = packet.filters.map((filter) =>
    core.sessions.unsubscribe(session, filter) ? ReasonCode.success : ReasonCode.noSubscriptionExisted,
  );
  // Neither reason string nor user properties, so it is never too large for them. // [MQTT-3.11.2-1] [MQTT-3.11.2-2]
  // [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-2.2.1-6] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2]
  const unsuback = { type: PacketType.unsuback, packetId: packet.packetId, reasonCodes };
  if (session.number === 0) connection.output.sendPacket(unsuback);
  else whenDurable(connection, () => connection.output.sendPacket(unsuback));
}
