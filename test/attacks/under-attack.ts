import type { TestContext } from 'node:test';
import type { Broker, BrokerEvents, ConfigInput } from '@cauldron/broker';
import { connect, type NodeClientOptions } from '@cauldron/client';
import type { Attack, AttackTarget } from '@cauldron/testkit/attacks';
import { startBroker, until } from '../support/broker.ts';
import { Bystander } from './bystander.ts';

/** Every random choice of an attack follows from it; another one: `ATTACK_SEED=7 npm test -- attacks`. */
const seed = Number(process.env.ATTACK_SEED ?? 1);

/** What happened to a broker, as it told the program around it. */
export interface Scene {
  readonly broker: Broker;
  readonly attack: Attack;
  /** Reasons of refused connections, and how often. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Reasons of refused publishes and subscriptions. */
  readonly denials: Readonly<Record<string, number>>;
  /** Reasons of connections that the broker ended. */
  readonly ends: Readonly<Record<string, number>>;
  /** Names of the other things it said: `drop slow-consumer`, `throttle maxMessageRate`, `ban`. */
  readonly told: ReadonlySet<string>;
}

export interface AttackScript {
  readonly config?: ConfigInput;
  /** What the bystander and the latecomer log in with. */
  readonly login?: NodeClientOptions;
  /** Where the attack goes; default: the first listener. */
  readonly listener?: string;
  readonly start: (target: AttackTarget, seed: number) => Attack | Promise<Attack>;
  /** The attack has gone far enough. */
  readonly until: (scene: Scene) => boolean;
  /** Whether somebody comes who was not there before; default true. */
  readonly latecomer?: boolean;
  /** Looks at the broker while the attack is on. */
  readonly during?: (scene: Scene) => void | Promise<void>;
}

/**
 * Attacks a broker while a bystander publishes and receives; then a client that was not there before comes and is served
 * as well. When this returns, the attack is over, everybody has left, and the bystander missed nothing.
 */
export async function underAttack(t: TestContext, script: AttackScript): Promise<Scene> {
  t.diagnostic(`seed ${seed}`);
  const { broker, port } = await startBroker(t, script.config);
  const { login = {} } = script;
  const url = `mqtt://127.0.0.1:${port}`;
  const options: NodeClientOptions = { ...login, keepAlive: 0 };
  const bystander = await Bystander.arrive(t, url, options);
  const watched = watch(broker);
  const address = broker.addresses.find(({ name }) => name === script.listener) ?? broker.addresses[0]!;
  const attack = await script.start({ host: '127.0.0.1', port: address.port }, seed);
  t.after(() => attack.stop());
  const scene: Scene = { broker, attack, ...watched };
  await bystander.served(1);
  await goneFarEnough(scene, script);
  await bystander.served();
  if (script.latecomer !== false) await comeLate(url, options);
  await script.during?.(scene);
  await bystander.served();
  await attack.stop();
  await bystander.leave();
  await until('all connections to be gone', () => broker.core.connections.size === 0);
  return scene;
}

/** A client that was not there before connects and gets what it publishes. */
async function comeLate(url: string, options: NodeClientOptions): Promise<void> {
  const { promise: got, resolve } = Promise.withResolvers<void>();
  const client = await connect(url, { ...options, clientId: 'latecomer' });
  await client.on('latecomer/here', () => resolve());
  await client.publish('latecomer/here', 'served', { qos: 1 });
  await got;
  await client.end();
}

async function goneFarEnough(scene: Scene, script: AttackScript): Promise<void> {
  try {
    await until('the attack to have gone far enough', () => script.until(scene), 20_000);
  } catch (error) {
    const { attack, refusals, denials, ends, broker } = scene;
    const seen = JSON.stringify({ stats: attack.stats, refusals, denials, ends, metrics: broker.metrics });
    throw new Error(`the attack came to ${seen}`, { cause: error });
  }
}

/** The sum of what was counted. */
export const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function watch(broker: Broker): Pick<Scene, 'refusals' | 'denials' | 'ends' | 'told'> {
  const refusals: Record<string, number> = {};
  const denials: Record<string, number> = {};
  const ends: Record<string, number> = {};
  const told = new Set<string>();
  const count = (counts: Record<string, number>, reason: string): void => {
    counts[reason] = (counts[reason] ?? 0) + 1;
  };
  const on = <K extends keyof BrokerEvents & string>(name: K, hear: (...args: BrokerEvents[K]) => void): void => {
    broker.on(name, hear as never);
  };
  on('refuse', (_address, _client, refusal) => count(refusals, refusal.reason));
  on('deny', (_client, _action, _topic, refusal) => count(denials, refusal.reason));
  on('disconnect', (_client, { by, reason }) => {
    if (by === 'server') count(ends, reason);
  });
  on('drop', (_client, reason) => told.add(`drop ${reason}`));
  on('throttle', (_client, limit) => told.add(`throttle ${limit}`));
  on('ban', () => told.add('ban'));
  return { refusals, denials, ends, told };
}
