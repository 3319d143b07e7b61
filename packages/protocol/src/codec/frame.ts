import { packetTooLarge } from '../error.ts';
import { maximumVarint, varintSize, Writer } from './writer.ts';

/**
 * A whole packet: fixed header (MQTT 5.0 section 2.1) and body.
 *
 * @throws MqttError PACKET_TOO_LARGE where the body is longer than a remaining length can say.
 */
export function frame(type: number, flags: number, body: Uint8Array): Uint8Array {
  if (body.length > maximumVarint) {
    throw packetTooLarge(`a packet body of ${body.length} bytes is over MQTT's limit of ${maximumVarint}; send less`);
  }
  const writer = new Writer(1 + varintSize(body.length) + body.length);
  writer.byte((type << 4) | flags);
  writer.varint(body.length);
  writer.bytes(body);
  return writer.finish();
}
