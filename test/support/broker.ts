import { type EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';
import { type Broker, type BrokerEvents, type BrokerOptions, type ConfigInput, createBroker } from '@cauldron/broker';

/** A broker on a free port of 127.0.0.1, closed when the test ends. */
export interface TestServer {
  readonly broker: Broker;
  readonly port: number;
}

/** Starts a broker that logs nothing, unless `input` says otherwise. */
export async function startBroker(
  t: TestContext,
  input: ConfigInput = {},
  options: BrokerOptions = {},
): Promise<TestServer> {
  const defaults: ConfigInput = { listeners: [{ port: 0 }], log: { level: 'silent' }, sys: { interval: 0 } };
  const broker = await createBroker({ ...defaults, ...input }, options);
  t.after(() => broker.close());
  return { broker, port: broker.addresses[0]!.port };
}

/** The next event of a name whose arguments fit; fails after `timeout` milliseconds, saying what was waited for. */
export async function nextEvent<K extends keyof BrokerEvents & string>(
  broker: Broker,
  name: K,
  fits: (...args: BrokerEvents[K]) => boolean = () => true,
  timeout = 10_000,
): Promise<BrokerEvents[K]> {
  const signal = AbortSignal.timeout(timeout);
  try {
    for (;;) {
      const args = (await once(broker as EventEmitter, name, { signal })) as BrokerEvents[K];
      if (fits(...args)) return args;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`no fitting '${name}' event of the broker within ${timeout} ms`, { cause: error });
  }
}

/** Waits until a condition holds, looking every few milliseconds; for what tells nobody when it changes. */
export async function until(what: string, holds: () => boolean, timeout = 10_000): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
