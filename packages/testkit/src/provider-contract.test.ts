import { createHash } from 'node:crypto';
import { type ContractProvider, providerContract } from './provider-contract.ts';

const digest = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** The plainest provider there can be; with a server that does not answer, or fails, where one asks for that. */
function oneUser(state: { server: 'fine' | 'silent' | 'gone' }): ContractProvider {
  const known = digest('open sesame');
  return {
    name: 'one user',
    methods: [],
    async authenticate({ username, password }, signal) {
      signal.throwIfAborted();
      if (state.server === 'gone') return { outcome: 'unavailable', reason: 'the server refused the connection' };
      if (state.server === 'silent') {
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }
      if (username !== 'ali') return { outcome: 'unknown' };
      if (password === undefined || digest(password) !== known) return { outcome: 'refuse', reason: 'wrong password' };
      return { outcome: 'accept' };
    },
    credentialsOf: (username) => (username === 'ali' ? known : undefined),
  };
}

providerContract(
  'one user behind a server',
  () => {
    const state = { server: 'fine' as 'fine' | 'silent' | 'gone' };
    return {
      provider: oneUser(state),
      right: { username: 'ali', password: 'open sesame' },
      wrong: [{ username: 'ali', password: 'open barley' }],
      stranger: { username: 'qasim', password: 'open sesame' },
      stall: () => {
        state.server = 'silent';
      },
      fail: () => {
        state.server = 'gone';
      },
    };
  },
  { remote: true },
);
