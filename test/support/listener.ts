import type { TestContext } from 'node:test';
import {
  type AuthenticationRequest,
  BrokerCore,
  defaultDurability,
  defaultLimits,
  defaultMqttOptions,
  type Limits,
} from '@cauldron/core';
import { BufferPool } from '../../packages/broker/src/transport/buffer-pool.ts';
import type { Listener, ListenerOptions } from '../../packages/broker/src/transport/listener.ts';
import { openListener } from '../../packages/broker/src/transport/open-listener.ts';
import { until } from './broker.ts';

/** A core behind one listener, with what it was asked and told. */
export interface ListenerUnderTest {
  readonly core: BrokerCore;
  readonly listener: Listener;
  /** TCP port; 0 for a Unix socket. */
  readonly port: number;
  /** Every CONNECT that came as far as the authenticator, which accepts all. */
  readonly logins: AuthenticationRequest[];
  /** Reasons of the connections that were refused. */
  readonly refusals: string[];
  readonly refusedAddresses: string[];
}

type WithoutName<T> = T extends unknown ? Omit<T, 'name'> : never;

/** Opens a listener, on a free port of 127.0.0.1 where nothing else is said; closed when the test ends. */
export async function startListener(
  t: TestContext,
  own: Partial<WithoutName<ListenerOptions>> = {},
  limits: Partial<Limits> = {},
): Promise<ListenerUnderTest> {
  const logins: AuthenticationRequest[] = [];
  const refusals: string[] = [];
  const refusedAddresses: string[] = [];
  const core: BrokerCore = new BrokerCore(
    {
      limits: { ...defaultLimits, ...limits },
      mqtt: defaultMqttOptions,
      ...defaultDurability,
      topicCacheSize: 64,
      hashSeed: 1,
      newClientId: () => `auto-${logins.length}`,
    },
    {
      scheduler: { requestFlush: () => setImmediate(() => core.flush()) },
      authenticator: {
        authenticate: (request) => {
          logins.push(request);
          return { outcome: 'accept' };
        },
      },
      authorizer: null,
      interceptors: [],
      observer: {
        refused: (address, _clientId, { reason }) => {
          refusals.push(reason);
          refusedAddresses.push(address);
        },
      },
      store: null,
    },
    Date.now(),
  );
  const ticking = setInterval(() => core.tick(Date.now()), 50);
  const place = own.path === undefined ? { host: '127.0.0.1', port: 0 } : {};
  const options = { name: 'tested', ...place, ...own } as ListenerOptions;
  t.after(() => clearInterval(ticking));
  const listener = await openListener(core, options, core.listener({}), new BufferPool());
  t.after(async () => {
    listener.stopAccepting();
    listener.destroyLinks();
    await until('all links to be gone', () => listener.connections === 0);
  });
  return { core, listener, port: listener.address.port, logins, refusals, refusedAddresses };
}
