import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/core';
import { type AuthenticationOptions, BLIND_CACHE_TIME, type ConfiguredProvider } from './authentication-options.ts';
import { hostOf } from './network-of.ts';
import type { Provider } from './provider.ts';
import { type CredentialsSeen, VerifiedCache } from './verified-cache.ts';

export type AcceptedLogin = Extract<AuthenticationResult, { outcome: 'accept' }>;

/**
 * Which verified logins are remembered, for how long, and what they are found by.
 *
 * A provider that knows of changes (`credentialsOf`) is asked for nothing else than user name and password: whoever shows
 * the same ones is the same user, for `cacheTime`. The answer of one that does not may have depended on everything it
 * was shown: it holds for the same client identifier, host and listener, for a shorter time. So does the answer of one
 * behind it, which counted only because that one said it does not know.
 */
export class RememberedLogins {
  readonly #configured: readonly ConfiguredProvider[];
  readonly #cacheTime: number;
  readonly #cache: VerifiedCache<AcceptedLogin>;
  /** Whether there are providers that know of changes, and ones that do not: what to look up. */
  readonly #lookups: readonly { readonly blind: boolean }[];

  constructor(configured: readonly ConfiguredProvider[], options: AuthenticationOptions, key: Uint8Array) {
    this.#configured = configured;
    this.#cacheTime = options.cacheTime;
    this.#cache = new VerifiedCache(options.cacheSize, key);
    const kinds = new Set(configured.map(({ provider }) => isBlind(provider)));
    this.#lookups = [false, true].filter((blind) => kinds.has(blind)).map((blind) => ({ blind }));
  }

  /** A login that was verified lately, where nothing changed since. One HMAC for each kind of provider there is. */
  find(request: AuthenticationRequest, now: number): AcceptedLogin | undefined {
    for (const { blind } of this.#lookups) {
      const login = this.#cache.get(this.#keyOf(request, blind), now);
      if (login !== undefined) return login.result;
    }
    return undefined;
  }

  /** Remembers a login that a provider has just accepted, where that may be. */
  add(request: AuthenticationRequest, provider: Provider, result: AcceptedLogin, now: number): void {
    const index = this.#configured.findIndex((configured) => configured.provider === provider);
    const asked = this.#configured.slice(0, index + 1).filter((one) => one.provider === provider || mayDiffer(one));
    const blind = asked.some((one) => isBlind(one.provider));
    const seconds = Math.min(...asked.map((one) => this.#secondsFor(one)));
    const credentials = this.#credentialsSeen(request, index, result.username ?? request.username);
    const gone = !isBlind(provider) && credentials.at(-1)?.text === undefined;
    if (seconds <= 0 || gone) return;
    const until = Math.min(now + seconds * 1000, result.expiresAt ?? Number.POSITIVE_INFINITY);
    const usernames = [request.username, result.username].filter((name) => name !== undefined);
    this.#cache.set(this.#keyOf(request, blind), { result, usernames, credentials, until });
  }

  #secondsFor({ provider, cacheTime }: ConfiguredProvider): number {
    return cacheTime ?? (isBlind(provider) ? Math.min(BLIND_CACHE_TIME, this.#cacheTime) : this.#cacheTime);
  }

  dropUsers(usernames: readonly string[]): void {
    this.#cache.dropUsers(new Set(usernames));
  }

  clear(): void {
    this.#cache.clear();
  }

  #keyOf({ username, password, clientId, remoteAddress, listener }: AuthenticationRequest, blind: boolean): string {
    const scope = blind ? JSON.stringify([clientId, hostOf(remoteAddress), listener]) : '';
    return this.#cache.keyOf(scope, username, password);
  }

  /** That the providers asked first still do not know the user, and last what the one that accepted says of it now. */
  #credentialsSeen(request: AuthenticationRequest, index: number, accepted: string | undefined): CredentialsSeen[] {
    return this.#configured.slice(0, index + 1).flatMap(({ provider }, at) => {
      const username = at === index ? accepted : request.username;
      if (isBlind(provider) || username === undefined) return [];
      return [{ provider, username, text: provider.credentialsOf!(username) }];
    });
  }
}

/** Whether a provider that does not know a login may know it the next time, without anybody being told. */
const mayDiffer = ({ provider }: ConfiguredProvider): boolean => isBlind(provider) && provider.ignoresClient !== true;

const isBlind = (provider: Provider): boolean => provider.credentialsOf === undefined;
