import { loginRequest } from '@cauldron/testkit';
import { defaultAuthentication } from '../../packages/broker/src/auth/authentication-options.ts';
import type { Provider } from '../../packages/broker/src/auth/provider.ts';
import { ProviderChain } from '../../packages/broker/src/auth/provider-chain.ts';
import type { Cleanup } from './process.ts';

/** Asks the providers as the broker does: in order, remembering nothing, refusing as soon as it knows. */
export interface LoginChain {
  /** The reason code a login comes to; 0 = it is accepted. */
  login(username: string, password: string): Promise<number>;
}

/** @param timeout seconds that all providers together may take */
export function loginChain(t: Cleanup, providers: readonly Provider[], timeout: number): LoginChain {
  const options = { ...defaultAuthentication, timeout, cacheTime: 0, failuresBeforeDelay: 0, refusalTime: 0 };
  const configured = providers.map((provider) => ({ provider, cacheTime: 0 }));
  const chain = new ProviderChain(configured, options, { anonymous: () => false, clock: () => Date.now() });
  t.after(() => chain.close());
  return {
    async login(username, password) {
      const result = await chain.authenticate(loginRequest({ username, password }));
      if (result.outcome === 'continue') throw new Error('a login with a password has one step');
      return result.outcome === 'accept' ? 0 : result.reasonCode;
    },
  };
}

/** A provider that needs nobody: it knows one user. */
export function localUser(username: string, password: string): Provider {
  return {
    name: 'local',
    methods: [],
    authenticate: (request) => {
      if (request.username !== username) return { outcome: 'unknown' };
      const isRight = Buffer.from(request.password ?? []).toString() === password;
      return isRight ? { outcome: 'accept' } : { outcome: 'refuse', reason: 'wrong password' };
    },
  };
}
