import type { BrokerOptions } from './broker-options.ts';
import { steadyClock } from './clock.ts';
import { type ConfigInput, parseConfig } from './config/index.ts';
import { checkExposure } from './exposure.ts';
import { HealthMonitor } from './health.ts';
import { createLogger } from './log.ts';
import { Broker } from './server.ts';
import { type OpenedStore, openStore } from './store/open-store.ts';
import { Security } from './wiring/security.ts';

/**
 * Starts a broker in this process.
 *
 * @param input the configuration; what is left out has its default. Without `data.directory` nothing is kept on the disk
 * @throws {ConfigError} where the configuration is wrong
 * @throws {StoreError} where `data.directory` cannot be used: another broker has it, it may not be written, or what it
 * holds is damaged or something else
 * @throws {NodeJS.ErrnoException} where an address cannot be listened on
 *
 * @example
 * const broker = await createBroker({ listeners: [{ port: 0 }] });
 * await broker.close();
 */
export async function createBroker(input: ConfigInput = {}, options: BrokerOptions = {}): Promise<Broker> {
  const config = parseConfig(input);
  const { authenticator, authorizer, originOf } = options;
  const exposure = checkExposure(config, {
    hasAuthenticator: authenticator !== undefined,
    ...(originOf === undefined ? {} : { originOf }),
  });
  const log = options.log ?? createLogger({ ...config.log, stream: process.stderr });
  const now = steadyClock();
  const health = new HealthMonitor();
  const security = await Security.open(config, { log, health, exposure, now, authenticator, authorizer, originOf });
  const { directory, memory } = config.data;
  let opened: OpenedStore | null = null;
  let broker: Broker;
  try {
    opened = directory === undefined || memory ? null : await openStore(directory, options.store);
    broker = new Broker(config, options, { log, now, health, security, opened, exposure });
  } catch (error) {
    await opened?.close();
    await security.close(2000);
    throw error;
  }
  await broker.start();
  return broker;
}
