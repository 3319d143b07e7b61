import { malformed, packetTooLarge, protocolError } from '../error.ts';
import type { AckPacket, AckType, Packet, ProtocolVersion } from '../packet.ts';
import { PacketType, packetTypeNames } from '../packet.ts';
import type { Properties } from '../property.ts';
import type { FrameLimits } from './frame-limits.ts';
import type { MessageView } from './message-view.ts';
import type { PeerPackets } from './peer-packets.ts';

/** What a decoder calls, in the order of the wire. An error thrown here ends `push` and reaches its caller. */
export interface PacketSink<View extends MessageView = MessageView> {
  /** The view is valid only during the call. */
  onPublish(view: View): void;
  onAck(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void;
  /** Every other packet. */
  onPacket(packet: Packet): void;
}

export interface FrameDecoderOptions<View extends MessageView = MessageView> {
  /** What the other end may send: `fromClients` for a server, `fromServers` for a client. */
  readonly accept: PeerPackets<View>;
  /** Largest whole packet accepted, in bytes. */
  readonly maxPacketSize: number;
  /** What is limited beside the size of the packet. */
  readonly limits?: FrameLimits;
  /** A view to share among decoders that never run at the same time. */
  readonly view?: View;
}

/** Largest whole packet there can be: 1 + 4 bytes of fixed header and 268,435,455 of body (section 2.1.4). */
export const LARGEST_PACKET = 268_435_460;

/** What is allocated for a packet whose first bytes are here and whose rest is only announced. */
const FIRST_PIECE = 4096;

/**
 * Cuts a byte stream into packets and hands them to a sink, straight from the chunk they arrived in; only a packet that
 * spans chunks is copied together. Nothing is kept between packets, so an idle connection holds no buffer.
 *
 * @example
 * const decoder = new FrameDecoder(sink, { accept: fromClients, maxPacketSize: 65_536 });
 * // Calls sink.onPublish, sink.onAck and sink.onPacket:
 * decoder.push(chunk);
 */
export class FrameDecoder<View extends MessageView = MessageView> {
  /** 0 until a CONNECT was seen (server) or the owner set it (client). */
  version: ProtocolVersion | 0 = 0;
  maxPacketSize: number;
  readonly #sink: PacketSink<View>;
  readonly #view: View;
  readonly #accept: PeerPackets<View>;
  readonly #limits: FrameLimits | undefined;
  #paused = false;
  #running = false;
  /** The bytes of an unfinished packet; while paused, everything that waits. */
  #rest: Uint8Array | null = null;
  #restLength = 0;

  constructor(sink: PacketSink<View>, options: FrameDecoderOptions<View>) {
    this.#sink = sink;
    this.#accept = options.accept;
    this.#view = options.view ?? options.accept.createView();
    this.maxPacketSize = options.maxPacketSize;
    this.#limits = options.limits;
  }

  /** True between {@link pause} and {@link resume}. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes held for an unfinished packet or while paused. */
  get held(): number {
    return this.#restLength;
  }

  /**
   * Decodes every packet that `chunk` completes. The chunk may be reused when the call returns.
   *
   * @param end how many bytes of the chunk count
   * @throws {MqttError} what the stream did wrong; the stream is then unusable
   */
  push(chunk: Uint8Array, end: number = chunk.length): void {
    let at = 0;
    if (this.#restLength > 0) {
      at = this.#paused || this.#running ? 0 : this.#completeRest(chunk, end);
    }
    if (!this.#running) at = this.#run(chunk, at, end, false);
    if (at < end) this.#keep(chunk, at, end);
  }

  /** Stops after the current packet: what follows is held until {@link resume}. May be called from the sink. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Goes on with what was held. Called from the sink it only lifts the pause.
   *
   * @throws {MqttError} as {@link push}
   */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#running || this.#restLength === 0) return;
    const length = this.#restLength;
    const rest = this.#takeRest();
    const at = this.#run(rest, 0, length, false);
    if (at < length) this.#keep(rest, at, length);
  }

  /** Forgets what is held, for a connection that ends. */
  stop(): void {
    this.#paused = true;
    this.#rest = null;
    this.#restLength = 0;
  }

  /** Handles every whole packet in `bytes[at..end)` and returns where the first unfinished one starts. */
  #run(bytes: Uint8Array, from: number, end: number, owned: boolean): number {
    let at = from;
    this.#running = true;
    try {
      while (!this.#paused && end - at >= 2) {
        let length = bytes[at + 1]!;
        let body = at + 2;
        if (length > 127) {
          const header = this.#longHeader(bytes, at, end);
          if (header === 0) break;
          body = at + header;
          length = this.#length;
        }
        const next = body + length;
        if (next - at > this.maxPacketSize) throw this.#tooLarge(next - at);
        if (next > end) {
          this.#checkType(bytes[at]!);
          this.#limits?.checkSize(bytes[at]!, next - at);
          if (this.version === 5) this.#limits?.checkProperties(bytes, at, body, end);
          break;
        }
        if (bytes[at]! >> 4 === PacketType.publish && this.version !== 0) {
          this.#view.read(bytes, at, body, next, this.version === 5, this.#limits);
          this.#view.owned = owned;
          at = next;
          this.#sink.onPublish(this.#view);
        } else {
          const frame = at;
          at = next;
          this.#other(bytes, frame, body, next);
        }
      }
    } finally {
      this.#running = false;
    }
    return at;
  }

  /** Set by {@link #longHeader}: the remaining length it read. */
  #length = 0;

  /** Reads a remaining length of two to four bytes; returns the size of the fixed header, 0 while it is unfinished. */
  #longHeader(bytes: Uint8Array, at: number, end: number): number {
    let length = 0;
    for (let i = 1; i <= 4; i++) {
      if (at + i >= end) return 0;
      const byte = bytes[at + i]!;
      length += (byte & 127) * 128 ** (i - 1);
      if (byte < 128) {
        // 3.x has no such rule, and some of its small clients pad the length to a fixed size.
        if (byte === 0 && i > 1 && this.version === 5) {
          throw malformed('the remaining length has more bytes than it needs', 'MQTT-1.5.5-1'); // [MQTT-1.5.5-1]
        }
        this.#length = length;
        return i + 1;
      }
    }
    throw malformed('the remaining length takes more than four bytes', 'MQTT-1.5.5-1');
  }

  #tooLarge(size: number): Error {
    const reason = `a packet of ${size} bytes was announced; at most ${this.maxPacketSize} are accepted`;
    return packetTooLarge(reason, 'MQTT-3.2.2-15', 'maxPacketSize');
  }

  /** Refuses a packet of the wrong kind before its body is waited for. */
  #checkType(first: number): void {
    const type = first >> 4;
    if ((this.#accept.types & (1 << type)) === 0) {
      if (type === 0) throw malformed('packet type 0 is reserved');
      throw protocolError(`${packetTypeNames[type]} may not be sent in this direction`);
    }
    if (this.version === 0 && type !== PacketType.connect && type !== PacketType.connack && type !== PacketType.auth) {
      throw protocolError(`the first packet is ${packetTypeNames[type]}, not CONNECT`, 'MQTT-3.1.0-1'); // [MQTT-3.1.0-1]
    }
  }

  #other(bytes: Uint8Array, frame: number, body: number, end: number): void {
    const first = bytes[frame]!;
    this.#checkType(first);
    this.#limits?.checkSize(first, end - frame);
    const type = first >> 4;
    if (type >= PacketType.puback && type <= PacketType.pubcomp) {
      this.#ack(type as AckType, first & 15, bytes, body, end);
      return;
    }
    // A CONNECT that turns out to be wrong is answered in the version it asks for.
    if (type === PacketType.connect && this.version === 0) {
      this.version = this.#accept.versionAsked?.(bytes, body, end) ?? 0;
    }
    this.#sink.onPacket(this.#decode(type, first & 15, bytes, body, end));
  }

  #decode(type: number, flags: number, bytes: Uint8Array, body: number, end: number): Packet {
    return this.#accept.decode(type, flags, bytes, body, end, this.version === 0 ? 5 : this.version);
  }

  #ack(type: AckType, flags: number, bytes: Uint8Array, body: number, end: number): void {
    const wanted = type === PacketType.pubrel ? 2 : 0; // [MQTT-3.6.1-1]
    if (end - body === 2 && flags === wanted) {
      const packetId = (bytes[body]! << 8) | bytes[body + 1]!;
      if (packetId !== 0) {
        this.#sink.onAck(type, packetId, 0, undefined);
        return;
      }
    }
    const { packetId, reasonCode, properties } = this.#decode(type, flags, bytes, body, end) as AckPacket;
    this.#sink.onAck(type, packetId, reasonCode, properties);
  }

  /** Brings the unfinished packet to its end with bytes of `chunk` and handles it; returns how many bytes it took. */
  #completeRest(chunk: Uint8Array, end: number): number {
    let at = 0;
    let size = this.#restSize();
    // The fixed header byte by byte: it says where the packet ends.
    while (size === 0 && at < end) {
      this.#keep(chunk, at, at + 1);
      at += 1;
      size = this.#restSize();
    }
    if (size === 0) return at;
    if (size > this.maxPacketSize) throw this.#tooLarge(size);
    this.#limits?.checkSize(this.#rest![0]!, size);
    const take = Math.min(size - this.#restLength, end - at);
    this.#keep(chunk, at, at + take, size);
    if (this.#restLength === size) {
      const packet = this.#takeRest();
      this.#run(packet, 0, size, packet.length === size);
    }
    return at + take;
  }

  /** The size of the unfinished packet, or 0 while its fixed header is unfinished too. */
  #restSize(): number {
    const rest = this.#rest!;
    if (this.#restLength < 2) return 0;
    if (rest[1]! < 128) return 2 + rest[1]!;
    const header = this.#longHeader(rest, 0, this.#restLength);
    return header === 0 ? 0 : header + this.#length;
  }

  #takeRest(): Uint8Array {
    const rest = this.#rest!;
    this.#rest = null;
    this.#restLength = 0;
    return rest;
  }

  /**
   * Copies `chunk[at..end)` behind what is held. Memory grows with what arrived, never with what a header announced;
   * `wanted` is the size at which the buffer becomes exact.
   */
  #keep(chunk: Uint8Array, at: number, end: number, wanted = 0): void {
    const length = this.#restLength + end - at;
    const old = this.#rest;
    if (old === null || old.length < length) {
      let capacity = Math.max(length, wanted > 0 ? Math.min(wanted, Math.max(2 * length, FIRST_PIECE)) : 64);
      if (wanted > 0 && capacity > wanted / 2) capacity = wanted;
      const rest = new Uint8Array(Math.max(capacity, length));
      if (old !== null) rest.set(old.subarray(0, this.#restLength));
      this.#rest = rest;
    }
    this.#rest!.set(chunk.subarray(at, end), this.#restLength);
    this.#restLength = length;
  }
}
