import { malformed, protocolError } from '../../error.ts';
import {
  PacketType,
  type ProtocolVersion,
  type QoS,
  type RetainHandling,
  type SubscribePacket,
  type SubscriptionRequest,
} from '../../packet.ts';
import { isShared } from '../../topic.ts';
import { readProperties } from '../properties.ts';
import { Reader } from '../reader.ts';
import { readPacketId, requireFlags0010 } from './fields.ts';

/**
 * Decodes the body of a SUBSCRIBE (MQTT 5.0 section 3.8).
 * Whether a filter's wildcards stand where they may is left to the broker, which can refuse one filter and grant others.
 */
export function decodeSubscribe(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): SubscribePacket {
  requireFlags0010(flags, version, 'SUBSCRIBE', 'MQTT-3.8.1-1'); // [MQTT-3.8.1-1]
  const reader = new Reader(bytes, start, end);
  const packetId = readPacketId(reader, 'SUBSCRIBE');
  const properties = version === 5 ? readProperties(reader, PacketType.subscribe) : undefined;
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.remaining() > 0) subscriptions.push(readSubscription(reader, version));
  // [MQTT-3.8.3-2]
  if (subscriptions.length === 0) throw protocolError('SUBSCRIBE asks for no topic filter', 'MQTT-3.8.3-2');
  return { type: PacketType.subscribe, packetId, subscriptions, ...(properties && { properties }) };
}

/**
 *     bit    7 6       5 4              3                    2         1 0
 *            reserved  retain handling  retain as published  no local  QoS      (3.x: only QoS, the rest reserved)
 */
function readSubscription(reader: Reader, version: ProtocolVersion): SubscriptionRequest {
  const filter = reader.utf8('a topic filter'); // [MQTT-3.8.3-1]
  const options = reader.byte('the options of a subscription');
  const reserved = version === 5 ? 0b1100_0000 : 0b1111_1100;
  // [MQTT-3.8.3-5] MQTT 3.1 leaves the upper bits unused instead of reserving them as 0.
  if ((options & reserved) !== 0 && version !== 3) {
    throw malformed(`a reserved option bit is set in the subscription to '${filter}'`, 'MQTT-3.8.3-5');
  }
  const qos = options & 3;
  if (qos === 3) throw protocolError(`the subscription to '${filter}' asks for QoS 3; a QoS is 0, 1 or 2`);
  if (version !== 5) return { filter, qos: qos as QoS, noLocal: false, retainAsPublished: false, retainHandling: 0 };
  const retainHandling = (options >> 4) & 3;
  if (retainHandling === 3) {
    throw protocolError(`the subscription to '${filter}' has retain handling 3; it is 0, 1 or 2`);
  }
  const noLocal = (options & 0x04) !== 0;
  // [MQTT-3.8.3-4]
  if (noLocal && isShared(filter)) {
    throw protocolError(`the shared subscription '${filter}' sets no local, which it may not`, 'MQTT-3.8.3-4');
  }
  return {
    filter,
    qos: qos as QoS,
    noLocal,
    retainAsPublished: (options & 0x08) !== 0,
    retainHandling: retainHandling as RetainHandling,
  };
}
