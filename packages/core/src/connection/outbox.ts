import { type AckType, copyBytes, LARGE_FRAME, PacketType, type PublishFrame } from '@cauldron/protocol';
import type { Link } from '../ports.ts';

/** What a connection that was idle starts with, and the most it collects before it writes. */
const SMALLEST_BUFFER = 2048;
const LARGEST_BUFFER = 65_536;

/**
 * What goes out to one client in one turn, collected in one buffer of the link. An idle connection holds none.
 */
export class Outbox {
  /** Something went to the link before the end of the turn; whoever looks at the link then clears it. */
  wroteEarly = false;
  readonly #link: Link;
  #buffer: Uint8Array | null = null;
  #length = 0;
  /** Bytes handed to the link since the last flush was asked how many they were. */
  #sent = 0;
  /** Size to ask for next: follows what recent turns needed. */
  #wanted = SMALLEST_BUFFER;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Gives the buffer with what is in it to the link: the only place that does. */
  #handOver(): void {
    const buffer = this.#buffer;
    if (buffer === null) return;
    const length = this.#length;
    this.#buffer = null;
    this.#length = 0;
    this.#sent += length;
    this.#link.write(buffer, length);
  }

  /** A buffer with room for `size` more bytes behind `#length`. */
  #room(size: number): Uint8Array {
    const buffer = this.#buffer;
    if (buffer !== null && this.#length + size <= buffer.length) return buffer;
    return this.#enlarge(size);
  }

  #enlarge(size: number): Uint8Array {
    const old = this.#buffer;
    if (old === null) {
      this.#buffer = this.#link.take(Math.max(size, this.#wanted));
      return this.#buffer;
    }
    if (this.#length + size > LARGEST_BUFFER) {
      this.#handOver();
      this.wroteEarly = true;
      this.#buffer = this.#link.take(Math.max(size, this.#wanted));
      return this.#buffer;
    }
    this.#wanted = Math.min(LARGEST_BUFFER, Math.max(old.length * 4, this.#length + size));
    const larger = this.#link.take(this.#wanted);
    copyBytes(old, 0, this.#length, larger, 0);
    this.#link.give(old);
    this.#buffer = larger;
    return larger;
  }

  /** Adds a PUBLISH: a copy of the frame with its first byte and packet identifier set. */
  publish(frame: PublishFrame, header: number, packetId: number): void {
    const size = frame.end - frame.start;
    if (size >= LARGE_FRAME && frame.shared) {
      this.#publishShared(frame, header, packetId);
      return;
    }
    const buffer = this.#room(size);
    const at = this.#length;
    copyBytes(frame.bytes, frame.start, frame.end, buffer, at);
    buffer[at] = header;
    if (frame.idAt >= 0) {
      buffer[at + frame.idAt] = packetId >> 8;
      buffer[at + frame.idAt + 1] = packetId;
    }
    this.#length = at + size;
  }

  /** Copies only the part that differs between receivers; the rest is sent from the memory all of them share. */
  #publishShared(frame: PublishFrame, header: number, packetId: number): void {
    const own = frame.idAt >= 0 ? frame.idAt + 2 : 1;
    const buffer = this.#room(own);
    const at = this.#length;
    copyBytes(frame.bytes, frame.start, frame.start + own, buffer, at);
    buffer[at] = header;
    if (frame.idAt >= 0) {
      buffer[at + own - 2] = packetId >> 8;
      buffer[at + own - 1] = packetId;
    }
    this.#length = at + own;
    this.#handOver();
    this.wroteEarly = true;
    this.#sent += frame.end - frame.start - own;
    this.#link.writeShared(frame.bytes.subarray(frame.start + own, frame.end));
  }

  /** Adds an acknowledgement. The reason code is written where it is not 0, which needs 5.0. */
  ack(type: AckType, packetId: number, reasonCode: number): void {
    const buffer = this.#room(5);
    let at = this.#length;
    buffer[at++] = (type << 4) | (type === PacketType.pubrel ? 2 : 0); // [MQTT-3.6.1-1]
    buffer[at++] = reasonCode === 0 ? 2 : 3;
    buffer[at++] = packetId >> 8;
    buffer[at++] = packetId;
    if (reasonCode !== 0) buffer[at++] = reasonCode;
    this.#length = at;
  }

  /** Adds an encoded packet. */
  bytes(packet: Uint8Array): void {
    this.range(packet, 0, packet.length);
  }

  /** Adds encoded packets that stand next to each other. */
  range(bytes: Uint8Array, start: number, end: number): void {
    const buffer = this.#room(end - start);
    this.#length = copyBytes(bytes, start, end, buffer, this.#length);
  }

  /** Hands everything to the link. Returns how many bytes went to it since the last call. */
  flush(): number {
    const little = this.#buffer !== null && this.#length * 4 < this.#buffer.length;
    if (little && this.#wanted > SMALLEST_BUFFER) this.#wanted >>= 1;
    this.#handOver();
    const sent = this.#sent;
    this.#sent = 0;
    return sent;
  }

  /** Forgets everything, for a link that is gone. */
  discard(): void {
    if (this.#buffer !== null) this.#link.give(this.#buffer);
    this.#buffer = null;
    this.#length = 0;
  }
}
