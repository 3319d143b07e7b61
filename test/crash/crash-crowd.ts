import type { PacketType, QoS } from '@cauldron/protocol';
import type { Random } from '@cauldron/testkit/simulation';
import type { CrashWorld, DurableClient, Identity } from './durable-client.ts';
import { History } from './history.ts';
import { LONGEST_WILL_DELAY, RetainedReader, WillClient } from './passers-by.ts';
import { PASSING_TOPICS, Publisher } from './publisher.ts';
import { type Manner, Subscriber, type Wish } from './subscriber.ts';

const NOTHING = 65_535;

/** All clients of a run, and what they notice. */
export class CrashCrowd implements CrashWorld {
  readonly history = new History();
  port: number | null = null;
  calm = false;
  /** On the clock of `performance.now()`. */
  lastPacketAt = 0;
  readonly #publishers: Publisher[];
  readonly #subscribers: Subscriber[];
  readonly #everybody: DurableClient[];
  #willClients: WillClient[] = [];
  #reader: RetainedReader | null = null;
  #wills = 0;
  #readers = 0;
  #watched: { readonly type: PacketType; count: number; readonly reached: () => void } | null = null;

  /** @param clients publishers, and as many subscribers */
  constructor(random: Random, clients: number) {
    this.#publishers = Array.from({ length: clients }, (_, i) => {
      return new Publisher(this, identity(`publisher-${i}`, i % 2 === 0 ? 5 : 4, NOTHING), random.fork());
    });
    this.#subscribers = Array.from({ length: clients }, (_, i) => subscriber(this, i, random.fork()));
    const watch: Manner = { slowness: 5, renews: false, leaves: false };
    const wills: Wish[] = [{ filter: 'wills/#', qos: 2, on: true, passing: false }];
    this.#subscribers.push(new Subscriber(this, identity('watcher', 5, NOTHING), random.fork(), watch, wills));
    this.#everybody = [...this.#subscribers, ...this.#publishers];
  }

  get identities(): Identity[] {
    return this.#subscribers.map((client) => client.identity);
  }

  /** Every session is there with its first subscriptions. */
  get settledIn(): boolean {
    return this.#subscribers.every((client) => client.settledIn) && this.#publishers.every((client) => client.known);
  }

  get idle(): boolean {
    return this.#everybody.every((client) => client.idle);
  }

  came(type: PacketType): void {
    this.lastPacketAt = performance.now();
    const watched = this.#watched;
    if (watched?.type !== type) return;
    watched.count -= 1;
    if (watched.count === 0) watched.reached();
  }

  brokerListens(port: number): void {
    this.port = port;
    this.history.life += 1;
    this.lastPacketAt = performance.now();
    for (const client of this.#everybody) client.connectWithin(this.calm ? 0 : 40);
  }

  brokerGone(): void {
    this.port = null;
    this.#reader?.stop();
    for (const client of this.#willClients) client.stop();
    this.#willClients = [];
  }

  /** Breaks every connection. */
  cutOff(): void {
    this.port = null;
    for (const client of this.#everybody) client.stop();
  }

  /** Passers-by of one life of the broker. */
  mingle(random: Random): void {
    if (random.chance(50)) this.read();
    for (let i = random.below(3); i > 0; i--) {
      this.#wills += 1;
      const delay = random.below(LONGEST_WILL_DELAY + 1);
      this.#willClients.push(new WillClient(this, this.#wills, random.below(300), delay));
    }
  }

  /** A fresh client looks at what is retained. */
  read(): RetainedReader {
    this.#reader?.stop();
    this.#readers += 1;
    this.#reader = new RetainedReader(this, this.#readers);
    return this.#reader;
  }

  /** Calls `act` in the very moment so many packets of a type have come, or after `patience` milliseconds. */
  packets(type: PacketType, count: number, patience: number, act: () => void): Promise<void> {
    return new Promise((resolve) => {
      const reached = (): void => {
        clearTimeout(timer);
        this.#watched = null;
        act();
        resolve();
      };
      const timer = setTimeout(reached, patience);
      this.#watched = { type, count, reached };
    });
  }

  /** The end begins: everybody comes back and stays. */
  calmDown(): void {
    this.calm = true;
    for (const client of this.#everybody) client.hurry();
  }

  /** At rest, no QoS 2 exchange is open on the side of a subscriber: the broker has forgotten one that is. */
  checkOpenExchanges(): void {
    for (const { open, identity: own } of this.#subscribers) {
      if (open.length === 0) continue;
      const what = `${own.clientId} waits for PUBREL of ${open.slice(0, 5).join(', ')} (${open.length} in all)`;
      this.history.complain('qos2-state', what);
    }
  }

  /** What keeps things from coming to rest. */
  state(): string[] {
    return this.#everybody
      .filter((client) => !client.idle)
      .map((client) => `${client.identity.clientId} is ${client.connected ? 'busy' : 'not connected'}`);
  }

  stop(): void {
    this.port = null;
    this.brokerGone();
    for (const client of this.#everybody) client.stop();
  }
}

function identity(clientId: string, version: 4 | 5, receiveMaximum: number, faithful = true): Identity {
  return { clientId, version, receiveMaximum, faithful };
}

/** Subscribers of all kinds: fast and slow, 3.1.1 and 5.0, with small and large windows, at QoS 1 and 2. */
function subscriber(world: CrashWorld, i: number, random: Random): Subscriber {
  const version = i % 3 === 1 ? 4 : 5;
  const receiveMaximum = version === 4 ? NOTHING : random.pick([8, 30, NOTHING]);
  const renews = version === 5 && i % 5 === 3;
  const manner: Manner = { slowness: random.pick([2, 10, 40]), renews, leaves: i > 0 };
  const load: Wish = { filter: 'load/#', qos: (i % 4 === 2 ? 1 : 2) as QoS, on: true, passing: false };
  const passing = Array.from({ length: PASSING_TOPICS }, (_, topic): Wish => {
    return { filter: `passing/${topic}`, qos: (1 + ((i + topic) % 2)) as QoS, on: random.chance(30), passing: true };
  });
  return new Subscriber(world, identity(`subscriber-${i}`, version, receiveMaximum, !renews), random, manner, [
    load,
    ...passing,
  ]);
}
