import { packetTooLarge } from '../error.ts';
import { largestScratch, maximumVarint, putVarint, varintSize, Writer } from './writer.ts';

let scratch = new Writer(1024);

/**
 * An empty writer for a packet's body, to be handed to `frame`. It is one and the same for every packet: encoders run
 * from start to end without another one in between, and an allocation each costs more than encoding most packets.
 */
export function startBody(): Writer {
  if (scratch.capacity > largestScratch) scratch = new Writer(1024);
  scratch.clear();
  return scratch;
}

/**
 * A whole packet in memory of its own: fixed header (MQTT 5.0 section 2.1) and a copy of the body.
 *
 * @throws MqttError PACKET_TOO_LARGE where the body is longer than a remaining length can say.
 */
export function frame(type: number, flags: number, body: Uint8Array): Uint8Array {
  if (body.length > maximumVarint) {
    throw packetTooLarge(`a packet body of ${body.length} bytes is over MQTT's limit of ${maximumVarint}; send less`);
  }
  const header = 1 + varintSize(body.length);
  const bytes = new Uint8Array(header + body.length);
  bytes[0] = (type << 4) | flags;
  putVarint(bytes, 1, body.length);
  bytes.set(body, header);
  return bytes;
}
