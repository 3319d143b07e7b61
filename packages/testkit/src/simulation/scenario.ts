import type { CoreOptions } from '@cauldron/core';
import type { QoS, Will } from '@cauldron/protocol';
import type { Draft } from './outbound-half.ts';
import type { Random } from './random.ts';
import { type Profile, SimClient } from './sim-client.ts';
import type { StoreOptions } from './sim-store.ts';
import type { SubscribeWish } from './subscription-half.ts';
import type { World } from './world.ts';

/** Clients that share topics: a big world is many small ones on one broker. */
const ROOM = 10;

/** Limits of a run: small enough that windows fill and links congest, large enough that nothing may be dropped. */
export function randomLimits(random: Random): Partial<CoreOptions['limits']> {
  return {
    maxInflight: random.pick([1, 2, 3, 8, 20, 256]),
    receiveMaximum: random.pick([1, 2, 5, 20, 256]),
    maxOutboundBytes: random.pick([50, 300, 2000, 4_194_304]),
  };
}

/** A store, or none. */
export function randomStore(random: Random): StoreOptions | null {
  if (random.chance(35)) return null;
  const topics = ['+/a', '+/b/#', '+/x', '$share/+/#'];
  return {
    slowestAnswer: random.pick([5, 60, 400, 400]),
    acksFromMemory: random.chance(30) ? topics.filter(() => random.chance(40)) : [],
    restartWillDelay: random.pick([0, 1, 4]),
    memoryWindow: random.pick([1, 2, 5, 1024]),
    patient: random.chance(50),
    crashesAfterPackets: random.pick([0, 5, 20, 40]),
  };
}

/** What goes wrong with the broker of a run that has a store: how often in 1,000 steps. */
interface Faults {
  readonly crashes: number;
  readonly storeFailures: number;
}

function randomFaults(random: Random): Faults {
  return { crashes: random.pick([0, 5, 15, 40]), storeFailures: random.pick([0, 0, 5, 15]) };
}

function randomProfile(random: Random, index: number): Profile {
  const version = random.pick([3, 4, 4, 5, 5, 5, 5] as const);
  const kind = random.pick(['durable', 'durable', 'durable', 'clean', version === 5 ? 'short' : 'clean'] as const);
  return {
    clientId: `c${index}`,
    version,
    kind,
    shortExpiry: random.between(1, 6),
    receiveMaximum: version === 5 && random.chance(60) ? random.pick([1, 2, 3, 10]) : 65_535,
    aliasMaximum: version === 5 && random.chance(50) ? random.between(1, 4) : 0,
    maxPacketSize: version === 5 && random.chance(20) ? random.between(60, 300) : Number.POSITIVE_INFINITY,
    keepAlive: random.chance(25) ? random.between(1, 5) : 0,
  };
}

/** The clients of a run and what they do: all of it random. */
export class Scenario {
  readonly clients: SimClient[] = [];
  readonly #random: Random;
  readonly #world: World;
  readonly #faults: Faults;

  constructor(world: World, clients: number) {
    this.#world = world;
    this.#random = world.random;
    this.#faults = randomFaults(world.random);
    for (let i = 0; i < clients; i++) this.clients.push(new SimClient(world, randomProfile(this.#random, i)));
  }

  /** One client does one thing. */
  step(): void {
    const random = this.#random;
    const index = random.below(this.clients.length);
    const client = this.clients[index]!;
    if (!client.connected) {
      // Mostly patient; an impatient client connects again while its CONNECT is under way.
      if (random.chance(70)) client.connect(this.#will(index), random.chance(4));
      return;
    }
    const roll = random.below(100);
    if (roll < 52) this.#publishSome(client, index);
    else if (roll < 68) client.subscribe(this.#wishes(index));
    else if (roll < 72) client.unsubscribe(this.#wishes(index).map(({ written }) => written));
    else if (roll < 77) client.cut();
    else if (roll < 80) client.connect(this.#will(index));
    else if (roll < 83) client.disconnect(client.version5 && random.chance(40) ? 4 : 0, random.chance(8));
    else if (roll < 87) client.stall();
    else if (roll < 91) client.drain();
    else if (roll < 94) client.holding = true;
    else {
      client.holding = false;
      client.answer();
      client.keepAlive();
    }
  }

  /** The broker, or its disk, meets with something. */
  trouble(): void {
    if (this.#world.engine === null) return;
    const random = this.#random;
    const { crashes, storeFailures } = this.#faults;
    if (random.below(1000) < crashes) this.#world.crash(random.chance(70) ? random.below(100) : random.below(3000));
    if (random.below(3000) < crashes) this.#world.stop(random.below(2000));
    if (random.below(1000) < storeFailures)
      this.#world.storeFails(random.pick(['full', 'io'] as const), random.between(20, 3000));
  }

  /** Everybody gets well: reads, answers, and comes back. */
  recover(): void {
    for (const [index, client] of this.clients.entries()) {
      client.holding = false;
      client.drain();
      client.answer();
      if (client.connected) client.keepAlive();
      else if (this.#random.chance(30)) client.connect(this.#random.chance(30) ? this.#will(index) : undefined);
    }
  }

  #publishSome(client: SimClient, index: number): void {
    const random = this.#random;
    const draft = this.#draft(index);
    const count = random.chance(15) ? random.between(2, 12) : 1;
    for (let i = 0; i < count; i++) client.publish(draft);
  }

  #draft(index: number): Draft {
    const random = this.#random;
    const room = roomOf(index);
    const place = random.pick([
      `t${room}/a`,
      `t${room}/a`,
      `t${room}/b`,
      `t${room}/b/c`,
      `s${room}/1`,
      `s${room}/2`,
      'r',
    ]);
    const retained = place === 'r';
    const qos = random.pick([0, 1, 1, 2, 2] as const);
    return {
      topic: retained ? `r${room}/${random.pick(['x', 'y'])}` : place,
      qos,
      retain: retained && random.chance(80),
      padding: retained && random.chance(8) ? -1 : random.chance(6) ? random.between(100, 400) : random.below(20),
      expiry: random.chance(3) ? random.between(1, 3) : 0,
    };
  }

  #wishes(index: number): SubscribeWish[] {
    const random = this.#random;
    const room = roomOf(index);
    const count = random.chance(70) ? 1 : random.between(2, 3);
    const wishes = new Map<string, SubscribeWish>();
    for (let i = 0; i < count; i++) {
      const written = random.pick([
        `t${room}/a`,
        `t${room}/b`,
        `t${room}/+`,
        `t${room}/#`,
        `t${room}/b/#`,
        `r${room}/x`,
        `r${room}/#`,
        `$share/g${index % 2}-${room}/s${room}/#`,
        ...(this.clients.length <= ROOM ? ['+/a', '+/b/+'] : []),
      ]);
      wishes.set(written, this.#wish(index, written));
    }
    return [...wishes.values()];
  }

  #wish(index: number, written: string): SubscribeWish {
    const random = this.#random;
    const version5 = this.clients[index]!.version5;
    const qos: QoS = random.pick([0, 1, 1, 2, 2, 2] as const);
    return {
      written,
      qos,
      noLocal: version5 && !written.startsWith('$share/') && random.chance(20),
      retainAsPublished: version5 && written.startsWith('r') && random.chance(5),
      retainHandling: version5 ? random.pick([0, 0, 0, 1, 2] as const) : 0,
      identified: random.chance(70),
    };
  }

  #will(index: number): Omit<Will, 'payload'> | undefined {
    const random = this.#random;
    if (random.chance(50)) return undefined;
    const version5 = this.clients[index]!.version5;
    const delay = version5 && random.chance(60) ? random.between(0, 5) : 0;
    return {
      topic: `will/${index}`,
      qos: random.pick([0, 1, 2] as const),
      retain: random.chance(20),
      properties: delay > 0 ? { willDelayInterval: delay } : undefined,
    };
  }
}

function roomOf(index: number): number {
  return Math.floor(index / ROOM);
}
