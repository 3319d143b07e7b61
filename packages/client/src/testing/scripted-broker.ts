import type { Packet, PacketSink, ProtocolVersion } from '@cauldron/protocol';
import { encodePacket, FrameDecoder, fromClients, LARGEST_PACKET, PacketType } from '@cauldron/protocol';
import { Client } from '../client.ts';
import type { ClientOptions } from '../options.ts';
import { FakePlatform } from './fake-platform.ts';
import type { FakePeer, FakeTransport } from './fake-transport.ts';

/** What a script does with a packet. `true` = it is dealt with; otherwise the broker gives the ordinary answer. */
export type Reaction = (packet: Packet, link: BrokerLink) => boolean | undefined;

/**
 * A broker that accepts everything and routes nothing, save what the script does.
 *
 * @example
 * const broker = new ScriptedBroker(platform, (packet, link) => {
 *   if (packet.type !== PacketType.publish) return undefined;
 *   link.send({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0x97 });
 *   return true;
 * });
 */
export class ScriptedBroker {
  /** The connections it took, in order. */
  readonly links: BrokerLink[] = [];
  /** Every packet in the order of arrival, of all connections. */
  readonly received: Packet[] = [];
  reaction: Reaction;
  /** Refuses connections while it is set, as the network would. */
  unreachable: Error | undefined;

  constructor(platform: FakePlatform, reaction: Reaction = () => undefined) {
    this.reaction = reaction;
    platform.accept = (transport) => this.#accept(transport);
  }

  #accept(transport: FakeTransport): void {
    if (this.unreachable !== undefined) {
      transport.cut(this.unreachable);
      return;
    }
    const link = new BrokerLink(transport, (packet) => {
      this.received.push(packet);
      if (this.reaction(packet, link) !== true) answer(packet, link);
    });
    this.links.push(link);
    transport.opens(link);
  }

  /** The latest connection. */
  get link(): BrokerLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('nobody has connected');
    return link;
  }

  /** The packets of one type. */
  all<T extends Packet['type']>(type: T): Extract<Packet, { type: T }>[] {
    return of(this.received, type);
  }
}

const of = <T extends Packet['type']>(packets: readonly Packet[], type: T) =>
  packets.filter((packet): packet is Extract<Packet, { type: T }> => packet.type === type);

/** The broker's end of one connection. */
export class BrokerLink implements FakePeer {
  readonly transport: FakeTransport;
  readonly received: Packet[] = [];
  /** How the client left: it closed its side, or the connection is gone. */
  state: 'open' | 'ended' | 'closed' = 'open';
  readonly #decoder: FrameDecoder;

  constructor(transport: FakeTransport, take: (packet: Packet) => void) {
    this.transport = transport;
    const receive = (packet: Packet) => {
      this.received.push(packet);
      take(packet);
    };
    const sink: PacketSink = {
      onPublish: (view) => receive(view.toPacket()),
      onAck: (type, packetId, reasonCode, properties) => receive({ type, packetId, reasonCode, properties }),
      onPacket: receive,
    };
    this.#decoder = new FrameDecoder(sink, { accept: fromClients, maxPacketSize: LARGEST_PACKET });
  }

  /** What the client asked for; 5 before its CONNECT. */
  get version(): ProtocolVersion {
    return this.#decoder.version === 0 ? 5 : this.#decoder.version;
  }

  /** The packets of one type. */
  all<T extends Packet['type']>(type: T): Extract<Packet, { type: T }>[] {
    return of(this.received, type);
  }

  /** Sends packets as one chunk. */
  send(...packets: Packet[]): void {
    const frames = packets.map((packet) => encodePacket(packet, this.version));
    const bytes = new Uint8Array(frames.reduce((size, frame) => size + frame.length, 0));
    let at = 0;
    for (const frame of frames) {
      bytes.set(frame, at);
      at += frame.length;
    }
    this.transport.deliver(bytes);
  }

  /** Sends bytes as they are, each array a chunk. */
  raw(...chunks: (Uint8Array | readonly number[])[]): void {
    for (const chunk of chunks) this.transport.deliver(Uint8Array.from(chunk));
  }

  /** The connection is lost, with everything under way. */
  cut(error?: Error): void {
    this.transport.cut(error);
  }

  /** Closes behind what was sent. */
  finish(): void {
    this.transport.finish();
  }

  // ---- FakePeer

  arrived(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  ended(): void {
    this.state = 'ended';
    this.finish();
  }

  closed(): void {
    if (this.state === 'open') this.state = 'closed';
  }
}

/** What a broker says that accepts everything. */
export function answer(packet: Packet, link: BrokerLink): void {
  switch (packet.type) {
    case PacketType.connect:
      link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0 });
      return;
    case PacketType.publish: {
      const { qos, packetId } = packet;
      if (qos > 0) link.send({ type: qos === 1 ? PacketType.puback : PacketType.pubrec, packetId, reasonCode: 0 });
      return;
    }
    case PacketType.pubrec:
      link.send({ type: PacketType.pubrel, packetId: packet.packetId, reasonCode: 0 });
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
    default:
      return;
  }
}

/** A client, its platform and its broker. */
export interface Scene {
  readonly platform: FakePlatform;
  readonly broker: ScriptedBroker;
  readonly client: Client;
}

/** A client that connects to `mqtt://broker`; what the script lets happen has happened. */
export async function startClient(options: ClientOptions = {}, reaction?: Reaction, url?: string): Promise<Scene> {
  const platform = new FakePlatform();
  const broker = new ScriptedBroker(platform, reaction);
  const client = new Client(platform, url ?? 'mqtt://broker', options);
  void client.start(false);
  await platform.settle();
  return { platform, broker, client };
}
