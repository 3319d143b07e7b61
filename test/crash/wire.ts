import { connect, type Socket } from 'node:net';
import {
  encodePacket,
  FrameDecoder,
  fromServers,
  LARGEST_PACKET,
  MqttError,
  type Packet,
  type ProtocolVersion,
} from '@cauldron/protocol';

/** Who a {@link Wire} belongs to. */
export interface WireOwner {
  onPacket(packet: Packet): void;
  /** The connection is gone, and not because the owner cut it. */
  onClosed(): void;
  /** What came is no MQTT; the connection is gone. */
  onMalformed(error: MqttError): void;
}

/** A connection to the broker under test. Its owner hears of nothing any more once it has cut or left it. */
export class Wire {
  readonly #socket: Socket;
  readonly #version: ProtocolVersion;
  #owner: WireOwner | null;

  constructor(port: number, version: ProtocolVersion, owner: WireOwner) {
    this.#version = version;
    this.#owner = owner;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const decoder = new FrameDecoder(
      {
        onPublish: (view) => this.#owner?.onPacket(view.toPacket()),
        onAck: (type, packetId, reasonCode, properties) =>
          this.#owner?.onPacket({ type, packetId, reasonCode, properties }),
        onPacket: (packet) => this.#owner?.onPacket(packet),
      },
      { accept: fromServers, maxPacketSize: LARGEST_PACKET },
    );
    decoder.version = version;
    this.#socket.on('connect', () => {
      // A port nobody listens on any more may become the local one of this very connection: TCP then talks to itself.
      if (this.#socket.localPort === this.#socket.remotePort) this.#socket.destroy();
    });
    this.#socket.on('data', (chunk: Uint8Array) => this.#decode(decoder, chunk));
    // A broker that is killed resets its connections: 'close' follows, and tells the owner.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#take()?.onClosed());
  }

  send(packet: Packet): void {
    if (this.#owner !== null) this.#socket.write(encodePacket(packet, this.#version));
  }

  /** Breaks the connection without a word. */
  cut(): void {
    this.#take();
    this.#socket.destroy();
  }

  /** Sends a last packet and closes. */
  leave(packet: Packet): void {
    this.send(packet);
    this.#take();
    this.#socket.end();
    this.#socket.resume();
  }

  #decode(decoder: FrameDecoder, chunk: Uint8Array): void {
    if (this.#owner === null) return;
    try {
      decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      const owner = this.#take();
      this.#socket.destroy();
      owner?.onMalformed(error);
    }
  }

  #take(): WireOwner | null {
    const owner = this.#owner;
    this.#owner = null;
    return owner;
  }
}
