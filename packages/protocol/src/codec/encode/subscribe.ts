import { protocolError } from '../../error.ts';
import { PacketType, type ProtocolVersion, type SubscribePacket, type SubscriptionRequest } from '../../packet.ts';
import { isShared } from '../../topic.ts';
import { frame, startBody } from '../frame.ts';
import { writeProperties } from '../properties.ts';
import { requireAny, writePacketId } from './fields.ts';

/** Encodes a SUBSCRIBE (MQTT 5.0 section 3.8). In 3.x only filter and QoS have a place. */
export function encodeSubscribe(packet: SubscribePacket, version: ProtocolVersion): Uint8Array {
  requireAny(packet.subscriptions, 'SUBSCRIBE', 'subscription'); // [MQTT-3.8.3-2]
  const writer = startBody();
  writePacketId(writer, packet.packetId, 'SUBSCRIBE');
  if (version === 5) writeProperties(writer, packet.properties, PacketType.subscribe);
  for (const subscription of packet.subscriptions) {
    writer.utf8(subscription.filter);
    writer.byte(version === 5 ? options(subscription) : subscription.qos);
  }
  return frame(PacketType.subscribe, 0b0010, writer.finish()); // [MQTT-3.8.1-1]
}

function options(subscription: SubscriptionRequest): number {
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = subscription;
  // [MQTT-3.8.3-4]
  if (noLocal && isShared(filter)) {
    throw protocolError(`the shared subscription '${filter}' may not set no local`, 'MQTT-3.8.3-4');
  }
  return qos | (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4);
}
