import type { BrokerCore } from '@cauldron/core';
import { checkLedger } from './checks.ts';
import { Violation } from './ledger.ts';
import { Random } from './random.ts';
import { randomLimits, Scenario } from './scenario.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  /** How many clients; 2 to 12 by the seed where it is missing. */
  readonly clients?: number | undefined;
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
export function simulate(seed: number, options: SimulationOptions = {}): SimulationResult {
  const random = new Random(seed);
  const count = options.clients ?? random.between(2, 12);
  const world = new World({
    random,
    limits: randomLimits(random),
    mqtt: { topicAliasMaximum: random.pick([0, 2, 16]) },
    topicCacheSize: random.pick([1, 4, 64, 4096]),
    trace: options.trace,
    sabotage: options.sabotage,
  });
  const scenario = new Scenario(world, count);
  let violation: Violation | undefined;
  try {
    live(world, scenario, count);
    rest(world, scenario);
    checkLedger(world.ledger);
    leave(world, scenario);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
  }
  return { ...summary(world, seed, count), violation, replay: replayCommand(seed, options.clients) };
}

function replayCommand(seed: number, clients: number | undefined): string {
  const big = clients === undefined ? '' : ` --clients ${clients}`;
  return `npm run simulate -- --seed ${seed}${big} --trace`;
}

function summary(world: World, seed: number, clients: number) {
  const { ledger, broker } = world;
  let deliveries = 0;
  for (const { receipts, retained } of ledger.generations) deliveries += receipts.size + retained.length;
  return {
    seed,
    clients,
    messages: ledger.messages.length,
    deliveries,
    sessions: ledger.generations.length,
    wills: broker.metrics.willsPublished,
    duration: broker.now - 1_000_000,
  };
}

/** The part with the faults. */
function live(world: World, scenario: Scenario, clients: number): void {
  const { random } = world;
  const steps = random.between(60, 200) + 10 * Math.min(clients, 12);
  // A big world lives as long as a small one and is as busy at each place.
  const crowd = Math.max(1, Math.round(clients / 10));
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < crowd; j++) scenario.step();
    world.pass(random.chance(10) ? random.below(1000) : random.below(60));
  }
}

/** Everybody recovers, until nothing is under way any more. */
function rest(world: World, scenario: Scenario): void {
  world.calm = true;
  for (let round = 0; round < 400; round++) {
    scenario.recover();
    world.pass(250);
    const { queuedMessages, queuedBytes } = world.broker.metrics;
    if (queuedMessages === 0 && queuedBytes === 0 && world.wills.open === 0 && round >= 28) {
      if (scenario.clients.every(({ idle }) => idle)) return;
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
function leave(world: World, scenario: Scenario): void {
  const { broker, own } = world;
  const expected = new Set(scenario.clients.map(({ profile }) => profile.clientId)).size + own.sessions;
  if (broker.sessions.size !== expected) {
    throw new Violation('session', `the broker has ${broker.sessions.size} sessions, ${expected} clients have one`);
  }
  for (const client of scenario.clients) client.connect(undefined, true);
  world.pass(1000);
  for (const client of scenario.clients) client.disconnect(0, true);
  world.pass(10_000);
  const left = {
    sessions: broker.sessions.size - own.sessions,
    connections: broker.connections.size - own.connections,
    subscriptions: broker.router.subscriptions - own.subscriptions,
    clients: broker.metrics.clientsConnected - own.connections,
    timers: broker.timers.size,
    messages: broker.metrics.queuedMessages,
    bytes: broker.metrics.queuedBytes,
    droppedFull: broker.metrics.droppedQueueFull,
  };
  for (const [what, count] of Object.entries(left)) {
    if (count !== 0) throw new Violation('nothing-left', `${count} ${what} are left after everybody has gone`);
  }
}
