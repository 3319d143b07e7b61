import { PacketType, type Properties, type PublishPacket, type QoS, type SubscribePacket } from '@cauldron/protocol';

/** A PUBLISH with the usual values. */
export function publish(topic: string, fields: Partial<PublishPacket> = {}): PublishPacket {
  return {
    type: PacketType.publish,
    topic,
    payload: new Uint8Array(1),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    ...fields,
  };
}

/** A SUBSCRIBE of these filters. */
export function subscribe(filters: readonly string[], qos: QoS = 0, properties?: Properties): SubscribePacket {
  const plain = { qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = filters.map((filter) => ({ filter, ...plain }));
  return { type: PacketType.subscribe, packetId: 1, subscriptions, properties };
}

/** The packet identifier after this one: 1..65535, round and round. */
export const packetIdAfter = (packetId: number): number => (packetId % 65_535) + 1;
