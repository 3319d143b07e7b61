import type { Socket } from 'node:net';
import type { Packet, PacketSink, ProtocolVersion } from '@cauldron/protocol';
import { encodePacket, FrameDecoder, fromServers, packetTooLarge } from '@cauldron/protocol';

export interface WireOptions {
  readonly version: ProtocolVersion;
  /** Largest packet we accept, in bytes. */
  readonly maxPacketSize: number;
  readonly trace: ((direction: 'sent' | 'received', packet: Packet) => void) | undefined;
  /** Called before a chunk is decoded. */
  onBytes(): void;
  /** The stream broke a rule or a sink threw; nothing more is read. */
  onError(error: Error): void;
  /** The socket is gone. Called once. */
  onClose(error: Error | undefined): void;
}

/**
 * Packets over a socket: decodes what comes in, encodes what goes out and gathers the writes of one turn of the event
 * loop into one.
 */
export class Wire {
  readonly #socket: Socket;
  readonly #options: WireOptions;
  readonly #decoder: FrameDecoder;
  #corked = false;
  #drained: Promise<void> | undefined;
  #error: Error | undefined;
  #ended = false;
  /** Largest packet the broker accepts, in bytes; from its CONNACK. */
  peerMaxPacketSize = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, sink: PacketSink, options: WireOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#decoder = new FrameDecoder(sink, { accept: fromServers, maxPacketSize: options.maxPacketSize });
    this.#decoder.version = options.version;
    socket.on('data', (chunk: Uint8Array) => this.#read(chunk));
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => options.onClose(this.#error));
  }

  /** True until the socket is closed or closing. */
  get open(): boolean {
    return this.#socket.writable;
  }

  #read(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#options.onBytes();
    this.#decode(() => this.#decoder.push(chunk));
  }

  #decode(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#decoder.stop();
      this.#options.onError(error as Error);
    }
  }

  /**
   * Sends a packet. False when the socket's buffer is full: wait for {@link drained} before sending much more.
   *
   * @throws {MqttError} when it is larger than the broker accepts, or cannot be encoded
   */
  send(packet: Packet): boolean {
    const bytes = encodePacket(packet, this.#options.version);
    if (bytes.length > this.peerMaxPacketSize) {
      // [MQTT-3.2.2-15]
      throw packetTooLarge(
        `the packet has ${bytes.length} bytes; the broker accepts at most ${this.peerMaxPacketSize}`,
        'MQTT-3.2.2-15',
      );
    }
    if (!this.open) return true;
    this.#options.trace?.('sent', packet);
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    return this.#socket.write(bytes);
  }

  /** Resolves when the socket takes more, or is gone. */
  drained(): Promise<void> {
    if (!this.open || !this.#socket.writableNeedDrain) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done).off('close', done);
        this.#drained = undefined;
        resolve();
      };
      this.#socket.once('drain', done).once('close', done);
    });
    return this.#drained;
  }

  /** Stops after the current packet; what the network already delivered is held. */
  pause(): void {
    this.#decoder.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#decode(() => this.#decoder.resume());
    if (!this.#decoder.paused) this.#socket.resume();
  }

  /** Sends what is queued and closes; a broker that does not close its side is cut off after `grace` milliseconds. */
  end(grace = 1000): void {
    this.#ended = true;
    this.#decoder.stop();
    this.#socket.end();
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), grace);
    this.#socket.once('close', () => clearTimeout(timer));
  }
}
