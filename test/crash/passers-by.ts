import { type Packet, PacketType } from '@cauldron/protocol';
import type { CrashWorld } from './durable-client.ts';
import type { RetainedReading, WillHistory } from './history.ts';
import { indexOf, isIntact } from './payload.ts';
import { Wire } from './wire.ts';

/** A fresh client that looks at what is retained and goes, or is cut off when the broker is killed. */
export class RetainedReader {
  readonly #world: CrashWorld;
  readonly #clientId: string;
  readonly #filter: string;
  #wire: Wire | null = null;
  #reading: RetainedReading | null = null;

  constructor(world: CrashWorld, number: number, filter = 'kept/#') {
    this.#world = world;
    this.#clientId = `reader-${number}`;
    this.#filter = filter;
    if (world.port === null) return;
    this.#wire = new Wire(world.port, 5, {
      onPacket: (packet) => this.#received(packet),
      onClosed: () => this.stop(),
      onMalformed: (error) => world.history.complain('well-formed', `${this.#clientId}: ${error.message}`),
    });
    const rest = { protocolVersion: 5, cleanStart: true, keepAlive: 0 } as const;
    this.#wire.send({ type: PacketType.connect, clientId: this.#clientId, ...rest });
  }

  /** How many topics it found. */
  get found(): number {
    return this.#reading?.found.length ?? 0;
  }

  /** It has had the time to get everything. */
  complete(): void {
    if (this.#wire !== null && this.#reading !== null) this.#reading.complete = true;
    this.stop();
  }

  stop(): void {
    this.#wire?.cut();
    this.#wire = null;
  }

  #received(packet: Packet): void {
    if (packet.type === PacketType.connack) {
      this.#reading = this.#world.history.reading(this.#filter);
      const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
      const subscriptions = [{ filter: this.#filter, qos: 1, ...options }] as const;
      this.#wire?.send({ type: PacketType.subscribe, packetId: 1, subscriptions });
      return;
    }
    if (packet.type !== PacketType.publish) return;
    const { payload, topic, retain, qos, packetId } = packet;
    if (qos === 1) this.#wire?.send({ type: PacketType.puback, packetId, reasonCode: 0 });
    if (!retain) return;
    const { history } = this.#world;
    const message = history.messages[indexOf(payload)];
    if (message === undefined || message.topic !== topic || !isIntact(payload, message.size)) {
      history.complain(
        'intact',
        `${this.#clientId}: ${payload.length} bytes retained on ${topic} were never sent there`,
      );
      return;
    }
    this.#reading?.found.push(message);
  }
}

/** Seconds until the will of a client that is gone is due, at most. */
export const LONGEST_WILL_DELAY = 1;

/** A client with a durable session and a will, which goes without a goodbye, or loses the broker, and stays away. */
export class WillClient {
  readonly #will: WillHistory;
  readonly #world: CrashWorld;
  #wire: Wire | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** @param linger milliseconds it stays */
  constructor(world: CrashWorld, number: number, linger: number, delay: number) {
    this.#world = world;
    const name = `will ${number}`;
    this.#will = world.history.will(name);
    if (world.port === null) return;
    this.#wire = new Wire(world.port, 5, {
      onPacket: (packet) => this.#received(packet, linger),
      onClosed: () => this.#broken(),
      onMalformed: (error) => world.history.complain('well-formed', `${name}: ${error.message}`),
    });
    const payload = new TextEncoder().encode(name);
    this.#wire.send({
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId: `will-${number}`,
      will: { topic: 'wills/once', payload, qos: 2, retain: false, properties: { willDelayInterval: delay } },
      properties: { sessionExpiryInterval: 100_000 },
    });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wire?.cut();
    this.#broken();
  }

  /** CONNACK says nothing of the disk; the SUBACK of a durable session does, and what came before it is on it too. */
  #received(packet: Packet, linger: number): void {
    if (packet.type === PacketType.connack) {
      const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
      const subscriptions = [{ filter: 'nothing', qos: 1, ...options }] as const;
      this.#wire?.send({ type: PacketType.subscribe, packetId: 1, subscriptions });
      this.#timer = setTimeout(() => this.stop(), linger);
    } else if (packet.type === PacketType.suback) this.#will.agreedAt = this.#world.history.moment();
    this.#world.came(packet.type);
  }

  #broken(): void {
    if (this.#wire === null) return;
    this.#wire = null;
    this.#will.brokenAt = this.#world.history.moment();
  }
}
