import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type ConnectPacket,
  encodePacket,
  FrameDecoder,
  fromServers,
  LARGEST_PACKET,
  type Packet,
  PacketType,
  type ProtocolVersion,
} from '@cauldron/protocol';
import { until } from './broker.ts';

/** The packet of a type; the acknowledgements share one. */
type PacketOf<T extends Packet['type'], P = Packet> = P extends { type: infer U } ? (T extends U ? P : never) : never;

/** A TCP connection that does exactly what a test tells it and keeps every packet it received. */
export class RawClient {
  readonly socket: Socket;
  readonly version: ProtocolVersion;
  readonly received: Packet[] = [];
  /** The broker closed its side, or the connection broke. */
  ended = false;
  error: Error | undefined;
  readonly #decoder: FrameDecoder;

  private constructor(socket: Socket, version: ProtocolVersion) {
    this.socket = socket;
    this.version = version;
    this.#decoder = new FrameDecoder(
      {
        onPublish: (view) => void this.received.push(view.toPacket()),
        onAck: (type, packetId, reasonCode, properties) =>
          void this.received.push({ type, packetId, reasonCode, properties }),
        onPacket: (packet) => void this.received.push(packet),
      },
      { accept: fromServers, maxPacketSize: LARGEST_PACKET },
    );
    this.#decoder.version = version;
    socket.on('data', (chunk: Buffer) => this.#decoder.push(chunk));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.error = error;
      this.ended = true;
    });
  }

  /** A connection that has sent nothing; destroyed when the test ends. It half-closes: `socket.end()` still reads. */
  static async open(
    t: TestContext,
    port: number,
    version: ProtocolVersion = 5,
    host = '127.0.0.1',
  ): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
    t.after(() => void socket.destroy());
    await once(socket, 'connect');
    return new RawClient(socket, version);
  }

  /** A connected client. */
  static async connected(
    t: TestContext,
    port: number,
    connectPacket: Partial<ConnectPacket> & { version?: ProtocolVersion } = {},
  ): Promise<RawClient> {
    const { version = 5, ...fields } = connectPacket;
    const client = await RawClient.open(t, port, version);
    client.send(connectOf(version, fields));
    await client.take(PacketType.connack);
    return client;
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.socket.write(encodePacket(packet, this.version));
  }

  /** Waits for a packet of a type and takes it out of `received`. */
  async take<T extends Packet['type']>(type: T, timeout?: number): Promise<PacketOf<T>> {
    const at = (): number => this.received.findIndex((packet) => packet.type === type);
    await until(`a packet of type ${type}`, () => at() >= 0, timeout);
    return this.received.splice(at(), 1)[0] as PacketOf<T>;
  }

  async closed(timeout?: number): Promise<void> {
    await until('the end of the connection', () => this.ended, timeout);
  }

  subscribe(filter: string, qos: 0 | 1 | 2 = 0): Promise<unknown> {
    const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    this.send({ type: PacketType.subscribe, packetId: 1, subscriptions: [{ filter, qos, ...options }] });
    return this.take(PacketType.suback);
  }
}

/** A CONNECT with the usual values. */
export function connectOf(version: ProtocolVersion, fields: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    type: PacketType.connect,
    protocolVersion: version,
    clientId: 'raw',
    cleanStart: true,
    keepAlive: 0,
    ...fields,
  } as ConnectPacket;
}
