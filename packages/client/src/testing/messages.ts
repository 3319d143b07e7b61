import type { PublishPacket, QoS } from '@cauldron/protocol';
import { encodeUtf8, PacketType } from '@cauldron/protocol';

/** A PUBLISH from the broker; QoS 0 where it has no packet identifier. */
export function message(topic: string, text: string, qos: QoS = 0, packetId = 0): PublishPacket {
  const payload = encodeUtf8(text);
  return { type: PacketType.publish, topic, payload, qos, packetId, retain: false, dup: false, properties: undefined };
}

/** So many QoS 0 messages, numbered from `from`. */
export function messages(topic: string, count: number, from = 1): PublishPacket[] {
  return Array.from({ length: count }, (_, i) => message(topic, `${from + i}`));
}
