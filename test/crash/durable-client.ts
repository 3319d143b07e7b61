import { type ConnackPacket, type MqttError, type Packet, PacketType, type Will } from '@cauldron/protocol';
import type { Random } from '@cauldron/testkit/simulation';
import type { History, SessionHistory } from './history.ts';
import { Wire } from './wire.ts';

/** What a client sees of the run it is part of. */
export interface CrashWorld {
  readonly history: History;
  /** Where the broker listens; null while there is none. */
  readonly port: number | null;
  /** The end of a run: nobody leaves any more, nothing new is asked for, everything is answered at once. */
  readonly calm: boolean;
  /** A packet came from the broker: a moment to kill it at. */
  came(type: PacketType): void;
}

/** Who a client is. */
export interface Identity {
  readonly clientId: string;
  /** MQTT 3.1.1 with Clean Session 0, or 5.0 with a session expiry longer than any run. */
  readonly version: 4 | 5;
  /** 5.0 only; 65,535 = it says nothing. */
  readonly receiveMaximum: number;
  /** It never gives its session up: then the broker has no reason to publish its will, which waits (5.0 only). */
  readonly faithful: boolean;
}

/** Seconds a session outlives its connection, and a will nobody is to see waits. */
const LONG = 100_000;

/**
 * A client that does everything right and comes back to its session, whether it left, was cut off, or lost the broker.
 * Its own memory never fails: it stands for a client with a store of its own.
 */
export abstract class DurableClient {
  readonly identity: Identity;
  protected readonly world: CrashWorld;
  protected readonly random: Random;
  /** What is known of its session; null until the first CONNACK. */
  protected session: SessionHistory | null = null;
  /** Begins anew with the next CONNECT, and until one is answered. */
  protected renewing = false;
  #wire: Wire | null = null;
  #connected = false;
  #timers = new Set<NodeJS.Timeout>();
  #reconnect: NodeJS.Timeout | null = null;

  constructor(world: CrashWorld, identity: Identity, random: Random) {
    this.world = world;
    this.identity = identity;
    this.random = random;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** It was connected, once at least. */
  get known(): boolean {
    return this.session !== null;
  }

  /** Nothing is under way in either direction, as far as the client knows. */
  abstract get idle(): boolean;

  /** The broker listens: connects within so many milliseconds. */
  connectWithin(limit: number): void {
    if (this.#wire !== null || this.#reconnect !== null) return;
    this.#reconnect = setTimeout(
      () => {
        this.#reconnect = null;
        this.#connect();
      },
      this.random.below(limit + 1),
    );
  }

  /** Comes back at once if it is away. */
  hurry(): void {
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    this.#reconnect = null;
    this.connectWithin(0);
  }

  /** Breaks the connection and stays away: the run is over. */
  stop(): void {
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    this.#reconnect = null;
    this.#wire?.cut();
    this.#lost();
  }

  /** CONNACK came; the answers to what was open go out again. */
  protected abstract onConnected(connack: ConnackPacket, resumed: boolean): void;
  protected abstract onPacket(packet: Packet): void;
  /** The session is gone, on purpose or not: its state on this side goes too. */
  protected abstract forget(): void;
  /** The connection is gone. */
  protected onLost(): void {}

  protected send(packet: Packet): void {
    this.#wire?.send(packet);
  }

  /** Runs something later, unless the connection is lost before. */
  protected later(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, milliseconds);
    this.#timers.add(timer);
  }

  /** Goes away for a while, with or without a goodbye. */
  protected away(goodbye: boolean, milliseconds: number): void {
    if (goodbye) this.#wire?.leave({ type: PacketType.disconnect, reasonCode: 0 });
    else this.#wire?.cut();
    this.#lost();
    this.connectWithin(milliseconds);
  }

  protected complain(...[promise, what]: Parameters<History['complain']>): void {
    this.world.history.complain(promise, `${this.identity.clientId}: ${what}`);
  }

  #connect(): void {
    const { port, history } = this.world;
    if (port === null || this.#wire !== null) return;
    const { clientId, version, receiveMaximum, faithful } = this.identity;
    const cleanStart = this.renewing;
    if (cleanStart) this.forget();
    history.connecting(clientId, cleanStart);
    const wire = new Wire(port, version, {
      onPacket: (packet) => this.#received(packet, cleanStart),
      onClosed: () => this.#closed(),
      onMalformed: (error) => this.#malformed(error),
    });
    this.#wire = wire;
    wire.send({
      type: PacketType.connect,
      protocolVersion: version,
      cleanStart,
      keepAlive: 0,
      clientId,
      will: version === 5 && faithful ? this.#neverWill() : undefined,
      properties:
        version === 5 ? { sessionExpiryInterval: LONG, ...(receiveMaximum < 65_535 && { receiveMaximum }) } : undefined,
    });
  }

  /** The client always comes back long before this will is due: who sees it has found a broker that forgot the delay. */
  #neverWill(): Will {
    const payload = new TextEncoder().encode(`never of ${this.identity.clientId}`);
    return { topic: 'wills/never', payload, qos: 1, retain: false, properties: { willDelayInterval: LONG } };
  }

  #received(packet: Packet, cleanStart: boolean): void {
    if (packet.type === PacketType.connack) this.#onConnack(packet, cleanStart);
    else if (packet.type === PacketType.disconnect) this.#onDisconnect(packet.reasonCode);
    else if (this.#connected) this.onPacket(packet);
    else this.complain('answer', `a packet of type ${packet.type} came before CONNACK`);
    this.world.came(packet.type);
  }

  #onConnack(packet: ConnackPacket, cleanStart: boolean): void {
    if (packet.reasonCode !== 0) {
      this.complain('answer', `the CONNECT was refused with 0x${packet.reasonCode.toString(16)}`);
      return;
    }
    const session = this.world.history.connected(this.identity.clientId, cleanStart, packet.sessionPresent);
    const resumed = session === this.session;
    if (!resumed) this.forget();
    this.session = session;
    this.renewing = false;
    this.#connected = true;
    this.onConnected(packet, resumed);
  }

  /** Said by a broker that stops, which is no mistake of anybody. */
  #onDisconnect(reasonCode: number): void {
    if (reasonCode !== 0x8b) this.complain('answer', `a DISCONNECT came with 0x${reasonCode.toString(16)}`);
  }

  #malformed(error: MqttError): void {
    this.complain('well-formed', error.message);
    this.#closed();
  }

  #closed(): void {
    this.#lost();
    if (this.world.port !== null) this.connectWithin(this.world.calm ? 20 : 100);
  }

  #lost(): void {
    this.#wire = null;
    this.#connected = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.onLost();
  }
}
