import type { ProtocolVersion, PublishPacket } from '../../packet.ts';
import { PublishView } from '../publish-view.ts';

/**
 * Decodes the body of a PUBLISH into a packet of its own (section 3.3). The broker's data path uses {@link PublishView}
 * directly; this is for clients, tools and tests.
 *
 * @param flags the lower four bits of the first byte
 * @throws {MqttError} malformed packet or protocol error
 */
export function decodePublish(
  flags: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  version: ProtocolVersion,
): PublishPacket {
  // The view reads the flags from the frame's first byte, so the body moves behind one.
  const frame = new Uint8Array(1 + end - start);
  frame[0] = 0x30 | flags;
  frame.set(bytes.subarray(start, end), 1);
  const view = new PublishView();
  view.read(frame, 0, 1, frame.length, version === 5);
  const packet = view.toPacket();
  return packet;
}
