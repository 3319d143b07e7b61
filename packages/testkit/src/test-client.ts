import type { BrokerCore } from '@cauldron/core';
import {
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  FrameDecoder,
  fromServers,
  LARGEST_PACKET,
  type Packet,
  PacketType,
  type Properties,
  type ProtocolVersion,
  type PublishPacket,
  type QoS,
  type SubackPacket,
  type SubscriptionRequest,
} from '@cauldron/protocol';
import { MemoryLink } from './memory-link.ts';

export interface TestPublish {
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly packetId?: number;
  readonly properties?: Properties;
}

export interface TestSubscribe extends Partial<Omit<SubscriptionRequest, 'filter'>> {
  readonly packetId?: number;
  readonly identifier?: number;
}

/**
 * A client that does exactly what a test tells it: it answers nothing by itself and keeps every packet it got until the
 * test takes it.
 */
export class TestClient {
  readonly link: MemoryLink;
  readonly version: ProtocolVersion;
  /** True once the broker closed the connection. */
  closed = false;
  readonly #core: BrokerCore;
  readonly #decoder: FrameDecoder;
  #received: Packet[] = [];
  #nextId = 1;

  /** @param remoteAddress where the broker sees it come from */
  constructor(core: BrokerCore, version: ProtocolVersion, remoteAddress?: string) {
    this.#core = core;
    this.version = version;
    this.#decoder = new FrameDecoder(
      {
        onPublish: (view) => this.#received.push(view.toPacket()),
        onAck: (type, packetId, reasonCode, properties) =>
          this.#received.push({ type, packetId, reasonCode, properties }),
        onPacket: (packet) => this.#received.push(packet),
      },
      { accept: fromServers, maxPacketSize: LARGEST_PACKET },
    );
    this.#decoder.version = version;
    this.link = new MemoryLink(
      (bytes) => this.#decoder.push(bytes),
      () => {
        this.closed = true;
      },
      remoteAddress,
    );
    this.link.receiver = core.accept(this.link);
  }

  /** Sends bytes as they are, for what no encoder would write. */
  sendBytes(bytes: Uint8Array): void {
    this.link.feed(bytes);
    this.#core.flush();
  }

  send(...packets: Packet[]): void {
    for (const packet of packets) this.link.feed(encodePacket(packet, this.version));
    this.#core.flush();
  }

  /** Everything received since the last call, in order. */
  take(): Packet[] {
    this.#core.flush();
    const received = this.#received;
    this.#received = [];
    return received;
  }

  /** Takes the first packet of a type and leaves the rest. @throws {Error} where there is none */
  takeFirst(type: PacketType): Packet {
    this.#core.flush();
    const index = this.#received.findIndex((packet) => packet.type === type);
    if (index < 0) throw new Error(`expected a packet of type ${type}, got ${JSON.stringify(this.#received)}`);
    return this.#received.splice(index, 1)[0]!;
  }

  /** The one packet received since the last call. @throws {Error} where there is none or more than one */
  takeOne(): Packet {
    const received = this.take();
    if (received.length !== 1) throw new Error(`expected one packet, got ${JSON.stringify(received)}`);
    return received[0]!;
  }

  /** The messages received since the last call; other packets are dropped. */
  takeMessages(): PublishPacket[] {
    return this.take().filter((packet): packet is PublishPacket => packet.type === PacketType.publish);
  }

  /** Connects and returns the CONNACK. @throws {Error} where it was refused */
  connect(clientId: string, options: Partial<Omit<ConnectPacket, 'type' | 'clientId'>> = {}): ConnackPacket {
    const connack = this.tryConnect(clientId, options);
    if (connack.reasonCode !== 0) throw new Error(`CONNECT was refused: ${JSON.stringify(connack)}`);
    return connack;
  }

  /** Connects and returns the CONNACK, whatever it says. Packets behind it stay to be taken. */
  tryConnect(clientId: string, options: Partial<Omit<ConnectPacket, 'type' | 'clientId'>> = {}): ConnackPacket {
    this.send({
      type: PacketType.connect,
      protocolVersion: this.version,
      cleanStart: true,
      keepAlive: 0,
      clientId,
      ...options,
    });
    const first = this.#received.shift();
    if (first?.type !== PacketType.connack) throw new Error(`expected a CONNACK, got ${JSON.stringify(first)}`);
    return first;
  }

  subscribe(filter: string, options: TestSubscribe = {}): SubackPacket {
    const { packetId = this.nextId(), identifier, qos = 2, noLocal = false } = options;
    const { retainAsPublished = false, retainHandling = 0 } = options;
    this.send({
      type: PacketType.subscribe,
      packetId,
      subscriptions: [{ filter, qos, noLocal, retainAsPublished, retainHandling }],
      properties: identifier === undefined ? undefined : { subscriptionIdentifiers: [identifier] },
    });
    const index = this.#received.findIndex((packet) => packet.type === PacketType.suback);
    if (index < 0) throw new Error(`expected a SUBACK, got ${JSON.stringify(this.#received)}`);
    return this.#received.splice(index, 1)[0] as SubackPacket;
  }

  publish(topic: string, payload: string | Uint8Array, options: TestPublish = {}): void {
    const { qos = 0, retain = false, dup = false, properties } = options;
    this.send({
      type: PacketType.publish,
      topic,
      payload: typeof payload === 'string' ? textBytes(payload) : payload,
      qos,
      retain,
      dup,
      packetId: qos === 0 ? 0 : (options.packetId ?? this.nextId()),
      properties,
    });
  }

  /** Acknowledges: PUBACK, PUBREC, PUBREL or PUBCOMP. */
  ack(type: 4 | 5 | 6 | 7, packetId: number, reasonCode = 0): void {
    this.send({ type, packetId, reasonCode });
  }

  /** Says goodbye. */
  disconnect(reasonCode = 0, properties?: Properties): void {
    this.send({ type: PacketType.disconnect, reasonCode, properties });
  }

  /** The network breaks. */
  cut(): void {
    this.link.cut();
    this.#core.flush();
  }

  nextId(): number {
    return this.#nextId++;
  }
}

/** Text as UTF-8. */
export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** UTF-8 as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
