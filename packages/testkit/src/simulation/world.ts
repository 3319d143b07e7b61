import {
  BrokerCore,
  type CoreOptions,
  defaultDurability,
  defaultLimits,
  defaultMqttOptions,
  type StoreFailure,
} from '@cauldron/core';
import { matchTopic, ReasonCode } from '@cauldron/protocol';
import { MemoryEngine } from '../store/memory-engine.ts';
import { EventQueue } from './event-queue.ts';
import { type Invariant, Ledger, type SentMessage, Violation } from './ledger.ts';
import type { Random } from './random.ts';
import { type ClientEnd, type Network, SimLink } from './sim-link.ts';
import { SimStore, type StoreOptions, type StoreWorld } from './sim-store.ts';
import { WillWatch } from './will-watch.ts';
import { connectWatcher } from './will-watcher.ts';

const START = 1_000_000;
/** What a store that fails is answered with: in PUBACK, PUBREC and SUBACK, and in CONNACK of 5.0 and 3.x. */
const storeCodes: ReadonlySet<number> = new Set([
  ReasonCode.quotaExceeded,
  ReasonCode.implementationSpecificError,
  ReasonCode.unspecifiedError,
  ReasonCode.serverUnavailable,
  ReasonCode.serverBusy,
  3,
]);

export interface WorldOptions {
  readonly random: Random;
  readonly limits: Partial<CoreOptions['limits']>;
  readonly mqtt: Partial<CoreOptions['mqtt']>;
  readonly topicCacheSize: number;
  /** How the broker keeps what has to last; null = in memory alone. */
  readonly store: StoreOptions | null;
  /** Is told what happens, line by line. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Breaks the broker on purpose, to see that a run notices. */
  readonly sabotage?: ((core: BrokerCore) => void) | undefined;
}

/**
 * Everything around the clients of a run: the broker, the time, the network, the disk, and what is known of the past. It
 * alone holds the broker and every link to it: a crash throws the broker away, and the next one starts with what the
 * store has.
 */
export class World implements Network, StoreWorld {
  readonly random: Random;
  readonly ledger = new Ledger();
  readonly wills: WillWatch;
  now = START;
  calm = false;
  /** What went wrong first. */
  violation: Violation | null = null;
  readonly #options: WorldOptions;
  readonly #queue = new EventQueue();
  /** What is on the disk; null = nothing is kept. */
  readonly engine: MemoryEngine | null;
  /** What the store meets with at the moment; null = it works. */
  storeFailure: StoreFailure | null = null;
  /** Wills that were published by all brokers together. */
  willsPublished = 0;
  /** Times the store began to fail. */
  storeFailures = 0;
  #broker: BrokerCore;
  #store: SimStore | null = null;
  /** A broker runs: between a crash and the next start there is none. */
  #up = true;
  /** By the address the broker knows each link by. */
  #links = new Map<string, SimLink>();
  #linkCount = 0;
  #flushWanted = false;
  /** A broker was stopped in order, and refused those that came meanwhile. */
  #stopped = false;
  /** Acknowledged from memory, and perhaps not on the disk yet. */
  #promised: SentMessage[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = options.random;
    this.engine = options.store === null ? null : new MemoryEngine();
    const world = this;
    this.wills = new WillWatch(
      {
        get now() {
          return world.broker.now;
        },
        get ticket() {
          return world.broker.journal?.ticket ?? 0;
        },
      },
      (message) => this.fail('will', message),
    );
    this.#broker = this.#startBroker();
    this.#broker.flush();
    this.#tickLater();
  }

  get slowestAnswer(): number {
    return this.#options.store?.slowestAnswer ?? 0;
  }

  get broker(): BrokerCore {
    return this.#broker;
  }

  /** Sessions, connections and subscriptions of the world itself. */
  readonly own = { sessions: 1, connections: 1, subscriptions: 1 };

  #startBroker(): BrokerCore {
    const core = this.#newBroker();
    this.#broker = core;
    this.#watchWills(core);
    this.#options.sabotage?.(core);
    const { engine } = this;
    if (engine !== null) {
      this.#store!.receiver = core.storeReceiver;
      engine.snapshot((operations) => core.restore(operations));
      core.restored();
    }
    return core;
  }

  #newBroker(): BrokerCore {
    const { limits, mqtt, topicCacheSize, store } = this.#options;
    let names = 0;
    this.#store = this.engine === null ? null : new SimStore(this, this.engine);
    const core: BrokerCore = new BrokerCore(
      {
        limits: { ...defaultLimits, ...limits },
        mqtt: { ...defaultMqttOptions, ...mqtt },
        ...defaultDurability,
        ...(store !== null && {
          ack: {
            default: 'disk',
            topics: store.acksFromMemory.map((filter) => ({ filter, ack: 'memory' as const })),
          },
          restartWillDelay: store.restartWillDelay,
          memoryWindow: store.memoryWindow,
        }),
        topicCacheSize,
        hashSeed: this.random.next(),
        newClientId: () => `auto-${++names}`,
      },
      {
        scheduler: {
          requestFlush: () => {
            this.#flushWanted = true;
          },
          ...(store?.patient && {
            after: (milliseconds: number, then: () => void) => this.#after(core, milliseconds, then),
          }),
        },
        authenticator: { authenticate: () => ({ outcome: 'accept' }) },
        authorizer: null,
        interceptors: [],
        store: this.#store,
        observer: {
          connected: ({ remoteAddress }) => {
            const link = this.#links.get(remoteAddress);
            if (link !== undefined) this.wills.accepted(link);
          },
          // A broker finds out late that its store works again.
          storeRecovered: () => this.ledger.failures.push(this.ledger.moment()),
          internalError: (error) => this.#internalError(error),
        },
      },
      this.now,
    );
    return core;
  }

  #internalError(error: unknown): void {
    if (this.storeFailure !== null && error instanceof Error && error.message.startsWith('the store could not')) return;
    this.fail('no-error', error instanceof Error ? `${error.stack}` : String(error));
  }

  #after(core: BrokerCore, milliseconds: number, then: () => void): void {
    this.at(this.now + milliseconds, () => {
      if (this.#up && this.#broker === core) then();
    });
  }

  /** Learns of sessions that are opened and wills that are due, and sees the wills that are published. */
  #watchWills(core: BrokerCore): void {
    const open = core.sessions.open.bind(core.sessions);
    core.sessions.open = (clientId, cleanStart) => {
      const opened = open(clientId, cleanStart);
      this.wills.opened(clientId, cleanStart);
      return opened;
    };
    const publishWill = core.publishWill.bind(core);
    core.publishWill = (will, session) => {
      this.wills.publishing(session.clientId);
      // A broker that stops has ended the watcher's connection too.
      if (this.wills.stopping) this.#willSeen(new TextDecoder().decode(will.message.payload()));
      publishWill(will, session);
    };
    connectWatcher(core, (text) => this.#willSeen(text));
  }

  #willSeen(text: string): void {
    this.trace(() => `will ${text.split(' ')[0]} was published`);
    this.willsPublished += 1;
    this.wills.published(text.split(' ')[0]!);
  }

  // ---- the disk, and the end of a broker

  /** The store fails from now on, until {@link World.storeRecovers}. */
  storeFails(kind: StoreFailure['kind'], milliseconds: number): void {
    if (this.engine === null || this.storeFailure !== null) return;
    const failure = { kind, message: 'the simulated disk does not work' };
    this.trace(() => `the store fails (${kind}) for ${milliseconds} ms`);
    this.storeFailure = failure;
    this.storeFailures += 1;
    this.#promised = []; // and perhaps lost
    this.ledger.failures.push(this.ledger.moment());
    this.at(this.now + milliseconds, () => this.storeRecovers());
  }

  storeRecovers(): void {
    if (this.storeFailure === null) return;
    this.trace(() => 'the store works again');
    this.storeFailure = null;
    this.ledger.failures.push(this.ledger.moment());
  }

  /** Kills the broker: everything in its memory is gone, its connections break, and what was not written is lost. */
  crash(downtime: number): void {
    const { journal } = this.#broker;
    if (journal === null || !this.#up) return;
    const reached = this.#store!.crash();
    this.trace(() => `CRASH for ${downtime} ms${reached ? ', the last group is written' : ''}`);
    this.#promised = [];
    this.ledger.crashes.push(this.ledger.moment());
    this.#end(reached ? journal.ticket - 1 : journal.durable, downtime);
  }

  /** Stops the broker as its host does: connections end, and what was accepted is written before the process ends. */
  stop(downtime: number): void {
    const broker = this.#broker;
    const { journal } = broker;
    if (journal === null || !this.#up || this.wills.stopping) return;
    this.trace(() => `the broker stops, for ${downtime} ms`);
    this.wills.stopping = true;
    this.#stopped = true;
    broker.close();
    journal.whenIdle(() => {
      if (!this.#up || this.#broker !== broker) return; // it crashed before it came to that
      this.trace(() => 'the broker has stopped');
      this.#store!.crash();
      this.#end(journal.durable, downtime);
    });
  }

  #end(durable: number, downtime: number): void {
    const lost = this.#broker.metrics.droppedLost;
    if (lost > 0) this.fail('no-error', `the store did not have ${lost} messages that were in flight`);
    this.#up = false;
    this.#flushWanted = false;
    for (const link of this.#links.values()) link.crash(this.random.chance(50));
    this.#links = new Map();
    this.wills.crashed(durable);
    this.at(this.now + downtime, () => this.#restart());
  }

  /** A client got a packet: a moment like any other for the broker to crash, before it has written what it knows. */
  packetArrived(): void {
    const { store } = this.#options;
    if (store === null || this.calm || this.random.below(1000) >= store.crashesAfterPackets) return;
    const downtime = this.random.below(100);
    this.at(this.now + this.random.below(10), () => this.crash(downtime));
  }

  #restart(): void {
    this.trace(() => 'the next broker starts');
    this.#up = true;
    this.#startBroker();
    this.wills.restarted(this.#broker.now + this.#options.store!.restartWillDelay * 1000);
    this.#broker.flush();
  }

  /** A client was told that the broker has a message. */
  acknowledged(message: SentMessage): void {
    const filters = this.#options.store?.acksFromMemory ?? [];
    const fromMemory = filters.some((filter) => matchTopic(filter, message.topic));
    if (fromMemory && this.ledger.troubledSince(message.firstSentAt)) return;
    this.#promised.push(message);
    if (!fromMemory || this.#allWritten) this.#keepPromise(message);
  }

  /** Whether a correct client may be refused with this code: only where the store fails now and then, or a broker stops. */
  mayRefuse(reasonCode: number): boolean {
    const reason = this.ledger.failures.length > 0 || this.#stopped;
    return this.engine !== null && reason && storeCodes.has(reasonCode);
  }

  get #allWritten(): boolean {
    return this.#up && this.storeFailure === null && this.#broker.journal?.idle !== false;
  }

  #keepPromise(message: SentMessage): void {
    message.acknowledgedAt = this.ledger.moment();
    this.#promised = this.#promised.filter((other) => other !== message);
  }

  /** Who is away gets QoS 0 too: then a crash may bring it twice. */
  get queuesQos0(): boolean {
    return this.#options.mqtt.queueQos0 === true;
  }

  // ---- what links and clients use

  at(time: number, run: () => void): void {
    this.#queue.add(time, run);
  }

  linkEnding(link: SimLink): void {
    this.trace(() => `link ${link.number} ends`);
    this.wills.ending(link);
  }

  /** A new connection to the broker; where there is none it ends at once. */
  connect(client: ClientEnd): SimLink {
    const link = new SimLink(++this.#linkCount, this, client);
    if (this.#up && !this.wills.stopping) {
      this.#links.set(link.remoteAddress, link);
      link.receiver = this.broker.accept(link);
    } else {
      link.crash(false);
    }
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
      if (this.#up) {
        // One that stops goes on until the store has everything, and tries again where that fails.
        this.broker.tick(this.now);
        this.broker.flush();
      }
      this.#tickLater();
    });
  }

  /** Lets everything happen that is due within `milliseconds`. @throws {Violation} */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    while (this.#queue.nextTime <= end) {
      const time = this.#queue.nextTime;
      if (time > this.now) this.#endTurn();
      this.now = Math.max(this.now, time);
      this.#queue.take()();
      // One turn of an event loop may read one socket or many.
      if (this.random.chance(70)) this.#endTurn();
      // A CONNACK may wait by promise for what the store answered.
      if (this.engine !== null) await Promise.resolve();
      if (this.violation !== null) throw this.violation;
    }
    this.#endTurn();
    this.now = end;
    if (this.violation !== null) throw this.violation;
  }

  #endTurn(): void {
    if (!this.#up) return;
    while (this.#flushWanted) {
      this.#flushWanted = false;
      this.broker.flush();
    }
    this.wills.turnOver();
    if (this.#promised.length > 0 && this.#allWritten) {
      for (const message of this.#promised) this.#keepPromise(message);
    }
  }
}
