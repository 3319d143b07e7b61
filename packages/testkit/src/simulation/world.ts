import { BrokerCore, type CoreOptions, defaultDurability, defaultLimits, defaultMqttOptions } from '@cauldron/core';
import { encodePacket, FrameDecoder, LARGEST_PACKET, PacketType } from '@cauldron/protocol';
import { EventQueue } from './event-queue.ts';
import { type Invariant, Ledger, Violation } from './ledger.ts';
import type { Random } from './random.ts';
import { type ClientEnd, type Network, SimLink } from './sim-link.ts';
import { WillWatch } from './will-watch.ts';

const START = 1_000_000;

export interface WorldOptions {
  readonly random: Random;
  readonly limits: Partial<CoreOptions['limits']>;
  readonly mqtt: Partial<CoreOptions['mqtt']>;
  readonly topicCacheSize: number;
  /** Is told what happens, line by line. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Breaks the broker on purpose, to see that a run notices. */
  readonly sabotage?: ((core: BrokerCore) => void) | undefined;
}

/**
 * Everything around the clients of a run: the broker, the time, the network, and what is known of the past. It alone
 * holds the broker and every link to it, so a world whose broker is to crash and start again changes only
 * {@link World.broker}: cut the links, make the next core with the same store.
 */
export class World implements Network {
  readonly random: Random;
  readonly ledger = new Ledger();
  readonly wills: WillWatch;
  now = START;
  calm = false;
  /** What went wrong first. */
  violation: Violation | null = null;
  readonly #options: WorldOptions;
  readonly #queue = new EventQueue();
  readonly #broker: BrokerCore;
  #links = 0;
  #flushWanted = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = options.random;
    this.wills = new WillWatch(
      () => this.broker.now,
      (message) => this.fail('will', message),
    );
    this.#broker = this.#startBroker();
    this.#tickLater();
  }

  get broker(): BrokerCore {
    return this.#broker;
  }

  /** Sessions, connections and subscriptions of the world itself. */
  readonly own = { sessions: 1, connections: 1, subscriptions: 1 };

  #startBroker(): BrokerCore {
    const { limits, mqtt, topicCacheSize, sabotage } = this.#options;
    let names = 0;
    const core = new BrokerCore(
      {
        limits: { ...defaultLimits, ...limits },
        mqtt: { ...defaultMqttOptions, ...mqtt },
        ...defaultDurability,
        topicCacheSize,
        hashSeed: this.random.next(),
        newClientId: () => `auto-${++names}`,
      },
      {
        scheduler: {
          requestFlush: () => {
            this.#flushWanted = true;
          },
        },
        authenticator: { authenticate: () => ({ outcome: 'accept' }) },
        authorizer: null,
        interceptors: [],
        store: null,
        observer: {
          internalError: (error) => this.fail('no-error', error instanceof Error ? `${error.stack}` : String(error)),
        },
      },
      this.now,
    );
    this.#watchWills(core);
    sabotage?.(core);
    return core;
  }

  /** A client on a perfect link, to whom a will comes in the turn it is published. */
  #watchWills(core: BrokerCore): void {
    const decoder = new FrameDecoder(
      {
        onPublish: (view) => this.#willSeen(new TextDecoder().decode(view.toPacket().payload)),
        onAck: () => {},
        onPacket: () => {},
      },
      { role: 'client', maxPacketSize: LARGEST_PACKET },
    );
    decoder.version = 4;
    const nothing = () => {};
    const receiver = core.accept({
      remoteAddress: 'watcher',
      listener: 'simulated',
      pending: 0,
      take: (size) => new Uint8Array(size),
      write: (buffer, length) => decoder.push(buffer, length),
      writeShared: (bytes) => decoder.push(bytes),
      give: nothing,
      pause: nothing,
      resume: nothing,
      end: nothing,
      destroy: nothing,
    });
    const connect = { cleanStart: true, keepAlive: 0, clientId: 'watcher', protocolVersion: 4 as const };
    const everything = { filter: 'will/#', qos: 0 as const, noLocal: false, retainAsPublished: false };
    for (const bytes of [
      encodePacket({ type: PacketType.connect, ...connect }, 4),
      encodePacket(
        { type: PacketType.subscribe, packetId: 1, subscriptions: [{ ...everything, retainHandling: 0 }] },
        4,
      ),
    ]) {
      receiver.feed(bytes, bytes.length);
    }
    core.flush();
  }

  #willSeen(text: string): void {
    this.trace(() => `will ${text.split(' ')[0]} was published`);
    this.wills.published(text.split(' ')[0]!);
  }

  // ---- what links and clients use

  at(time: number, run: () => void): void {
    this.#queue.add(time, run);
  }

  linkEnding(link: SimLink): void {
    this.trace(() => `link ${link.number} ends`);
    this.wills.ending(link);
  }

  linkFed(link: SimLink): void {
    this.wills.fed(link);
  }

  /** A new connection to the broker. */
  connect(client: ClientEnd): SimLink {
    const link = new SimLink(++this.#links, this, client);
    link.receiver = this.broker.accept(link);
    return link;
  }

  /** Notes that an invariant does not hold; the run ends after the current event. */
  fail(invariant: Invariant, message: string): void {
    this.violation ??= new Violation(invariant, message);
    this.trace(() => `VIOLATION ${invariant}: ${message}`);
  }

  /** `line` is asked only where somebody listens. */
  trace(line: () => string): void {
    this.#options.trace?.(`${String(this.now - START).padStart(7)} ms  ${line()}`);
  }

  // ---- time

  #tickLater(): void {
    const { random } = this;
    this.at(this.now + (this.calm || random.chance(80) ? random.between(20, 250) : random.between(250, 2500)), () => {
      this.broker.tick(this.now);
      this.broker.flush();
      this.#tickLater();
    });
  }

  /** Lets everything happen that is due within `milliseconds`. @throws {Violation} */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    while (this.#queue.nextTime <= end) {
      const time = this.#queue.nextTime;
      if (time > this.now) this.#endTurn();
      this.now = Math.max(this.now, time);
      this.#queue.take()();
      // One turn of an event loop may read one socket or many.
      if (this.random.chance(70)) this.#endTurn();
      if (this.violation !== null) throw this.violation;
    }
    this.#endTurn();
    this.now = end;
    if (this.violation !== null) throw this.violation;
  }

  #endTurn(): void {
    while (this.#flushWanted) {
      this.#flushWanted = false;
      this.broker.flush();
    }
    this.wills.turnOver();
  }
}
