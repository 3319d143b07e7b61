import { packetTooLarge } from '../error.ts';
import { PacketType, packetTypeNames } from '../packet.ts';

export interface FrameLimitOptions {
  /**
   * Largest packet accepted that is neither PUBLISH nor CONNECT, in bytes. What such a packet asks for is worked off in
   * one go, so it has to be smaller than a payload may be.
   */
  readonly maxControlPacketSize: number;
  /** Bytes of properties accepted in a PUBLISH. */
  readonly maxPropertiesSize: number;
}

/**
 * What a server limits beside the size of a packet, for its `FrameDecoder`: refused as soon as it is announced, before
 * anything is kept of it. Each method throws an MqttError PACKET_TOO_LARGE that names the limit.
 */
export class FrameLimits {
  readonly #maxControlPacketSize: number;
  readonly #maxPropertiesSize: number;

  constructor(options: FrameLimitOptions) {
    this.#maxControlPacketSize = options.maxControlPacketSize;
    this.#maxPropertiesSize = options.maxPropertiesSize;
  }

  /** Refuses a packet that takes more than what is no payload may, by its first byte and its size. */
  checkSize(first: number, size: number): void {
    const most = this.#maxControlPacketSize;
    if (size <= most) return;
    const type = first >> 4;
    if (type === PacketType.publish || type === PacketType.connect) return;
    const name = packetTypeNames[type];
    const reason = `a ${name} of ${size} bytes was announced; at most ${most} are accepted of it, so send several smaller ones`;
    throw packetTooLarge(reason, undefined, 'maxControlPacketSize');
  }

  /** Refuses a PUBLISH with so many bytes of properties. */
  checkPropertiesSize(length: number): void {
    const most = this.#maxPropertiesSize;
    if (length <= most) return;
    const reason = `a PUBLISH carries ${length} bytes of properties; at most ${most} are accepted, so send what is large as payload`;
    throw packetTooLarge(reason, undefined, 'maxPropertiesSize');
  }

  /** As {@link checkPropertiesSize} for a 5.0 packet that began at `at` and is here up to `end`, as soon as that is known. */
  checkProperties(bytes: Uint8Array, at: number, body: number, end: number): void {
    const first = bytes[at]!;
    if (first >> 4 !== PacketType.publish || body + 2 > end) return;
    let from = body + 2 + bytes[body]! * 256 + bytes[body + 1]! + ((first & 6) === 0 ? 0 : 2);
    let length = 0;
    for (let factor = 1; factor <= 2_097_152; factor *= 128) {
      if (from >= end) return; // not there yet: it is looked at when the packet is whole
      const byte = bytes[from++]!;
      length += (byte & 127) * factor;
      if (byte < 128) break;
    }
    this.checkPropertiesSize(length);
  }
}
