import { PacketType, ReasonCode, type UnsubscribePacket } from '@cauldron/protocol';
import type { Connection } from '../connection.ts';

/** UNSUBSCRIBE (section 3.10): filters are compared as they are written. // [MQTT-3.10.4-1] */
export function handleUnsubscribe(connection: Connection, packet: UnsubscribePacket): void {
  const { core } = connection;
  const session = connection.session!;
  const reasonCodes = packet.filters.map((filter) => {
    const subscription = session.subscriptions?.get(filter);
    if (subscription === undefined) return ReasonCode.noSubscriptionExisted;
    session.subscriptions!.delete(filter);
    core.router.remove(subscription); // [MQTT-3.10.4-2]
    core.observer.unsubscribed?.(connection.client!, filter);
    return ReasonCode.success;
  });
  // [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-1]
  connection.output.sendPacket({ type: PacketType.unsuback, packetId: packet.packetId, reasonCodes });
}
