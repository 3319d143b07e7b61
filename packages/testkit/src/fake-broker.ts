import { createServer, type Server, type Socket } from 'node:net';
import type { Packet, PacketSink, ProtocolVersion } from '@cauldron/protocol';
import { encodePacket, FrameDecoder, fromClients, PacketType } from '@cauldron/protocol';

/** The broker's end of one connection. */
export interface FakeLink {
  send(packet: Packet): void;
  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void;
  /** Cuts the connection without a word. */
  cut(): void;
}

/** What the script does with a packet. `true` = it is dealt with; otherwise the fake gives the ordinary answer. */
export type Reaction = (packet: Packet, link: FakeLink) => boolean | undefined;

/**
 * A scripted broker on a loopback port, for tests of clients: it answers every request as a broker would that accepts
 * everything and routes nothing, unless the script deals with the packet itself.
 *
 * @example
 * const broker = await FakeBroker.listen((packet, link) => {
 *   if (packet.type !== PacketType.subscribe) return undefined;
 *   link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [0x87] });
 *   return true;
 * });
 * await broker.close();
 */
export class FakeBroker {
  /** Every packet in the order of arrival, of all connections. */
  readonly received: Packet[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(reaction: Reaction = () => undefined): Promise<FakeBroker> {
    const server = createServer();
    const broker = new FakeBroker(server);
    server.on('connection', (socket) => broker.#accept(socket, reaction));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the fake broker does not listen');
    return address.port;
  }

  /** The packets of one type. */
  all<T extends Packet['type']>(type: T): Extract<Packet, { type: T }>[] {
    return this.received.filter((packet): packet is Extract<Packet, { type: T }> => packet.type === type);
  }

  /** Fulfilled when `count` packets of the type are here. */
  async until(type: Packet['type'], count = 1): Promise<void> {
    while (this.received.filter((packet) => packet.type === type).length < count) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket, reaction: Reaction): void {
    this.#sockets.add(socket);
    const version = (): ProtocolVersion => (decoder.version === 0 ? 5 : decoder.version);
    const link: FakeLink = {
      send: (packet) => socket.write(encodePacket(packet, version())),
      raw: (bytes) => socket.write(bytes),
      cut: () => socket.destroy(),
    };
    const take = (packet: Packet) => {
      this.received.push(packet);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
      if (reaction(packet, link) !== true) answer(packet, link, socket);
    };
    const sink: PacketSink = {
      onPublish: (view) => take(view.toPacket()),
      onAck: (type, packetId, reasonCode, properties) => take({ type, packetId, reasonCode, properties }),
      onPacket: take,
    };
    const decoder = new FrameDecoder(sink, { accept: fromClients, maxPacketSize: 1_000_000 });
    socket.on('data', (chunk: Uint8Array) => decoder.push(chunk));
    // A client that is killed resets the connection: its test looks at what came before.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function answer(packet: Packet, link: FakeLink, socket: Socket): void {
  switch (packet.type) {
    case PacketType.connect:
      link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0 });
      return;
    case PacketType.publish:
      if (packet.qos === 0) return;
      link.send({
        type: packet.qos === 1 ? PacketType.puback : PacketType.pubrec,
        packetId: packet.packetId,
        reasonCode: 0,
      });
      return;
    case PacketType.pubrel:
      link.send({ type: PacketType.pubcomp, packetId: packet.packetId, reasonCode: 0 });
      return;
    case PacketType.subscribe: {
      const reasonCodes = packet.subscriptions.map(({ qos }) => qos);
      link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes });
      return;
    }
    case PacketType.unsubscribe: {
      const reasonCodes = packet.filters.map(() => 0);
      link.send({ type: PacketType.unsuback, packetId: packet.packetId, reasonCodes });
      return;
    }
    case PacketType.pingreq:
      link.send({ type: PacketType.pingresp });
      return;
    case PacketType.disconnect:
      socket.end();
      return;
    default:
      return;
  }
}
