import { type JwtAlgorithm, PUBLIC_ALGORITHMS, secretBytes } from './algorithms.ts';
import { readKeys } from './key-files.ts';
import { KeySet, type Selection } from './key-set.ts';
import type { JwtSettings } from './options.ts';
import { RemoteKeySet } from './remote-key-set.ts';
import type { TokenHeader } from './token-header.ts';

/** Where the keys for tokens come from. */
export interface KeySource {
  /** Algorithms tokens may have; one with another is not looked at any further. */
  readonly algorithms: readonly JwtAlgorithm[];
  /**
   * The key a token is to be checked with.
   *
   * @throws KeysUnavailable where nobody knows right now
   */
  find(header: TokenHeader, signal: AbortSignal): Selection | Promise<Selection>;
  /** Has keys that come from elsewhere fetched again when they are next needed. */
  expire(): void;
  close(): void;
}

/** Opens the keys of the settings. @throws Error where they cannot be used */
export function openKeys(settings: JwtSettings, clock: () => number): KeySource {
  const { origin, algorithms } = settings;
  if (origin.kind === 'jwksUrl') {
    return remoteSource(
      new RemoteKeySet(origin.url, { ...settings.times, ca: settings.ca, clock }),
      algorithms ?? PUBLIC_ALGORITHMS,
    );
  }
  const keys = new KeySet(readKeys(origin));
  for (const algorithm of algorithms ?? []) {
    if (!keys.algorithms.includes(algorithm)) throw new Error(unfitting(algorithm, keys, origin.kind));
  }
  return {
    algorithms: algorithms ?? keys.algorithms,
    find: (header) => keys.select(header),
    expire: () => {},
    close: () => {},
  };
}

const remoteSource = (remote: RemoteKeySet, algorithms: readonly JwtAlgorithm[]): KeySource => ({
  algorithms,
  find: (header, signal) => remote.find(header, signal),
  expire: () => remote.expire(),
  close: () => remote.close(),
});

function unfitting(algorithm: JwtAlgorithm, keys: KeySet, kind: string): string {
  const need = algorithm.startsWith('HS') ? ` (it takes a secret of at least ${secretBytes(algorithm)} bytes)` : '';
  return (
    `jwt: no key of ${kind} is for the algorithm ${algorithm}${need}. ` +
    `Use ${keys.algorithms.join(', ')}, or leave algorithms out.`
  );
}
