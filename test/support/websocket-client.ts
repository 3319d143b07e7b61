import { once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  encodePacket,
  FrameDecoder,
  fromServers,
  LARGEST_PACKET,
  type Packet,
  type ProtocolVersion,
} from '@cauldron/protocol';
import { type ClientOptions, WebSocket } from 'ws';
import { until } from './broker.ts';
import { connectOf } from './raw-client.ts';

/** A WebSocket of the ws package that sends what a test tells it, and keeps every packet that came. */
export class WebSocketClient {
  readonly socket: WebSocket;
  readonly received: Packet[] = [];
  /** Close code and reason; undefined while it is open. */
  end: { readonly code: number; readonly reason: string } | undefined;
  /** Binary messages that came. */
  messages = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const decoder = new FrameDecoder(
      {
        onPublish: (view) => void this.received.push(view.toPacket()),
        onAck: (type, packetId, reasonCode, properties) =>
          void this.received.push({ type, packetId, reasonCode, properties }),
        onPacket: (packet) => void this.received.push(packet),
      },
      { accept: fromServers, maxPacketSize: LARGEST_PACKET },
    );
    decoder.version = 5;
    socket.on('message', (data: Buffer) => {
      this.messages += 1;
      decoder.push(data);
    });
    socket.on('close', (code, reason) => {
      this.end = { code, reason: String(reason) };
    });
    socket.on('error', () => undefined); // the end says it
  }

  /** One that has sent nothing of MQTT; gone when the test ends. */
  static async open(t: TestContext, url: string, options: ClientOptions = {}): Promise<WebSocketClient> {
    const socket = new WebSocket(url, 'mqtt', options);
    t.after(() => socket.terminate());
    const client = new WebSocketClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** One whose CONNECT was accepted. */
  static async connected(
    t: TestContext,
    url: string,
    clientId = 'ws',
    options: ClientOptions = {},
  ): Promise<WebSocketClient> {
    const client = await WebSocketClient.open(t, url, options);
    client.socket.send(bytesOf(connectOf(5, { clientId })));
    await client.some(2);
    return client;
  }

  /** Waits for a packet of a type, and takes it. */
  async some(type: number): Promise<Packet> {
    const at = (): number => this.received.findIndex((packet) => packet.type === type);
    await until(`a packet of type ${type}`, () => at() >= 0 || this.end !== undefined);
    const [packet] = this.received.splice(at(), 1);
    if (packet === undefined) throw new Error(`closed with ${this.end?.code} ${this.end?.reason}`);
    return packet;
  }

  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    await until('the WebSocket to be closed', () => this.end !== undefined);
    return this.end!;
  }

  /** Writes bytes past the ws package, as frames of the test's own. */
  raw(bytes: Uint8Array): void {
    (this.socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(bytes);
  }
}

export const bytesOf = (packet: Packet, version: ProtocolVersion = 5): Buffer =>
  Buffer.from(encodePacket(packet, version));
