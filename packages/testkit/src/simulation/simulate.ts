import type { BrokerCore } from '@cauldron/core';
import { checkLedger, checkNothingKept, checkStoreAtRest } from './checks.ts';
import { Violation } from './ledger.ts';
import { Random } from './random.ts';
import { randomLimits, randomStore, Scenario } from './scenario.ts';
import type { StoreOptions } from './sim-store.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  /** How many clients; 2 to 12 by the seed where it is missing. */
  readonly clients?: number | undefined;
  /** Whether the broker has a durable store, and crashes; as the seed says where it is missing. */
  readonly store?: boolean | undefined;
  /** Is told what happens, line by line. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Breaks the broker on purpose, to see that a run notices. */
  readonly sabotage?: ((core: BrokerCore) => void) | undefined;
}

/** What one run was made of. */
export interface SimulationResult {
  readonly seed: number;
  /** What did not hold; undefined = everything did. */
  readonly violation: Violation | undefined;
  /** The command that runs it again and tells everything. */
  readonly replay: string;
  readonly clients: number;
  readonly messages: number;
  /** Times a session got a message, PUBLISH packets counted once. */
  readonly deliveries: number;
  readonly sessions: number;
  readonly wills: number;
  readonly crashes: number;
  readonly storeFailures: number;
  /** Simulated time, milliseconds. */
  readonly duration: number;
}

/**
 * Runs one world from its seed: clients do random things over a bad network, then everybody recovers, comes to rest and
 * leaves. The same seed and options give the same run.
 *
 * @returns what happened; a violation is returned, not thrown
 * @throws what is a mistake of the simulator itself
 */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const random = new Random(seed);
  const count = options.clients ?? random.between(2, 12);
  const world = new World({
    random,
    limits: randomLimits(random),
    mqtt: { topicAliasMaximum: random.pick([0, 2, 16]), queueQos0: random.chance(20) },
    topicCacheSize: random.pick([1, 4, 64, 4096]),
    store: pickStore(random, options.store),
    trace: options.trace,
    sabotage: options.sabotage,
  });
  const scenario = new Scenario(world, count);
  let violation: Violation | undefined;
  try {
    await live(world, scenario, count);
    await rest(world, scenario);
    checkLedger(world);
    await leave(world, scenario);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  }
  return { ...summary(world, seed, count), violation, replay: replayCommand(seed, options) };
}

function pickStore(random: Random, wanted: boolean | undefined): StoreOptions | null {
  if (wanted === false) return null;
  let store = randomStore(random);
  while (wanted === true && store === null) store = randomStore(random);
  return store;
}

function replayCommand(seed: number, { clients, store }: SimulationOptions): string {
  const big = clients === undefined ? '' : ` --clients ${clients}`;
  const kept = store === undefined ? '' : store ? ' --durable' : ' --memory';
  return `npm run simulate -- --seed ${seed}${big}${kept} --trace`;
}

function summary(world: World, seed: number, clients: number) {
  const { ledger } = world;
  let deliveries = 0;
  for (const { receipts, retained } of ledger.generations) deliveries += receipts.size + retained.length;
  return {
    seed,
    clients,
    messages: ledger.messages.length,
    deliveries,
    sessions: ledger.generations.length,
    wills: world.willsPublished,
    crashes: ledger.crashes.length,
    storeFailures: world.storeFailures,
    duration: world.now - 1_000_000,
  };
}

/** The part with the faults. */
async function live(world: World, scenario: Scenario, clients: number): Promise<void> {
  const { random } = world;
  const steps = random.between(60, 200) + 10 * Math.min(clients, 12);
  // A big world lives as long as a small one and is as busy at each place.
  const crowd = Math.max(1, Math.round(clients / 10));
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < crowd; j++) scenario.step();
    scenario.trouble();
    await world.pass(random.chance(10) ? random.below(1000) : random.below(60));
  }
}

/** Everybody recovers, until nothing is under way any more. */
async function rest(world: World, scenario: Scenario): Promise<void> {
  world.calm = true;
  world.storeRecovers();
  for (let round = 0; round < 400; round++) {
    scenario.recover();
    await world.pass(250);
    const { queuedMessages, queuedBytes } = world.broker.metrics;
    if (queuedMessages === 0 && queuedBytes === 0 && world.wills.open === 0 && round >= 28) {
      if (scenario.clients.every(({ idle }) => idle)) {
        await world.pass(500); // for what the store has not written yet
        return;
      }
    }
  }
  const busy = scenario.clients.filter(({ idle }) => !idle).map(({ profile }) => profile.clientId);
  const { queuedMessages, queuedBytes } = world.broker.metrics;
  throw new Violation(
    'drained',
    `after 100 quiet seconds ${queuedMessages} messages (${queuedBytes} bytes) are queued, ${world.wills.open} wills open, and ${busy.join(', ') || 'nobody'} waits`,
  );
}

/** Everybody ends its session; nothing of it may be left. */
async function leave(world: World, scenario: Scenario): Promise<void> {
  const { broker, own } = world;
  checkStoreAtRest(world);
  const expected = new Set(scenario.clients.map(({ profile }) => profile.clientId)).size + own.sessions;
  if (broker.sessions.size !== expected) {
    throw new Violation('session', `the broker has ${broker.sessions.size} sessions, ${expected} clients have one`);
  }
  for (const client of scenario.clients) client.connect(undefined, true);
  await world.pass(1000);
  for (const client of scenario.clients) client.disconnect(0, true);
  await world.pass(10_000);
  const left = {
    sessions: broker.sessions.size - own.sessions,
    connections: broker.connections.size - own.connections,
    subscriptions: broker.router.subscriptions - own.subscriptions,
    clients: broker.metrics.clientsConnected - own.connections,
    timers: broker.timers.size,
    messages: broker.metrics.queuedMessages,
    bytes: broker.metrics.queuedBytes,
    droppedFull: broker.metrics.droppedQueueFull,
    lost: broker.metrics.droppedLost,
  };
  for (const [what, count] of Object.entries(left)) {
    if (count !== 0) throw new Violation('nothing-left', `${count} ${what} are left after everybody has gone`);
  }
  checkNothingKept(world);
}
