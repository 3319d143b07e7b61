import type { AuthenticationRequest } from '@cauldron/core';
import { type JWTPayload, jwtVerify } from 'jose';
import { RightsProblem } from '../claimed-rights.ts';
import { shownUrl } from '../http/service-url.ts';
import type { Provider, Verdict } from '../provider.ts';
import type { VerificationKey } from './algorithms.ts';
import { rightsOf, usernameOf } from './claims.ts';
import { type KeySource, openKeys } from './key-source.ts';
import { checkJwtOptions, type JwtOptions, type JwtSettings, type KeyOrigin } from './options.ts';
import { KeysUnavailable } from './remote-key-set.ts';
import { holdsToken, readHeader, type TokenHeader } from './token-header.ts';
import { tokenProblem } from './token-problem.ts';

/** What a provider of tokens lives in. */
export interface JwtParts {
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly clock?: (() => number) | undefined;
}

/** Milliseconds; the last moment a `Date` knows. */
const END_OF_TIME = 8.64e15;

/**
 * Users who show a signed token (JSON Web Token, RFC 7519) as password or user name. The steps, the first that fails
 * answers:
 *
 *     form       no token at all: the next provider is asked
 *     algorithm  has to be accepted, and the key's own
 *     key        of the configuration or the published set
 *     signature  checked by WebCrypto, in another thread
 *     claims     exp, nbf, iss, aud
 *     user       usernameClaim, the same as the client's user name
 *     rights     roles, groups, rules: one that makes no sense refuses the login
 *
 * A token that fails is refused, with a reason that repeats nothing of it; nobody else is asked.
 */
export class JwtProvider implements Provider {
  readonly name: string;
  readonly methods: readonly string[] = [];
  readonly guessable = false;
  readonly ignoresClient = true;
  readonly #settings: JwtSettings;
  readonly #clock: () => number;
  #keys: KeySource;

  /** @throws Error where an option cannot be used, or a file of keys cannot be read */
  constructor(options: JwtOptions, { clock = Date.now }: JwtParts = {}) {
    this.#settings = checkJwtOptions(options);
    this.#clock = clock;
    this.name = `jwt ${describeOrigin(this.#settings.origin)}`;
    this.#keys = openKeys(this.#settings, clock);
  }

  async authenticate(request: AuthenticationRequest, signal: AbortSignal): Promise<Verdict> {
    const token = this.#tokenOf(request);
    const header = token === undefined ? undefined : readHeader(token);
    if (token === undefined || header === undefined) return { outcome: 'unknown' };
    if (header === null) return refuse('the token is malformed');
    try {
      const key = await this.#keyFor(header, signal);
      return typeof key === 'string' ? refuse(key) : await this.#verify(token, key, { request, signal });
    } catch (error) {
      if (error instanceof KeysUnavailable) return { outcome: 'unavailable', reason: error.message };
      if (error instanceof RightsProblem) return refuse(error.message);
      const problem = tokenProblem(error);
      if (problem !== undefined) return refuse(problem);
      // Whatever else it is, its text may repeat the token.
      return { outcome: 'unavailable', reason: `the token could not be checked (${nameOf(error)})` };
    }
  }

  /** A token in place of the user name, or with something around it by mistake, lets in whoever has read it. */
  conceals(username: string): boolean {
    return this.#settings.from === 'username' && holdsToken(username);
  }

  /** Reads the files of keys again; a published set is fetched again when it is next needed. */
  async reload(): Promise<void> {
    if (this.#settings.origin.kind === 'jwksUrl') this.#keys.expire();
    else this.#keys = openKeys(this.#settings, this.#clock);
  }

  async close(): Promise<void> {
    this.#keys.close();
  }

  #tokenOf({ method, username, password }: AuthenticationRequest): string | undefined {
    if (method !== undefined) return undefined;
    if (this.#settings.from === 'username') return username;
    // A token is ASCII; other bytes only have to stay other bytes.
    return password === undefined ? undefined : Buffer.from(password).toString('latin1');
  }

  async #keyFor(header: TokenHeader, signal: AbortSignal): Promise<VerificationKey | string> {
    // Before anything is fetched for its sake.
    if (!(this.#keys.algorithms as readonly string[]).includes(header.algorithm)) {
      return 'the algorithm of the token is not accepted';
    }
    const key = await this.#keys.find(header, signal);
    if (key === 'several') return 'the token does not say which of several keys it was signed with ("kid")';
    return key === 'none' ? 'the token was signed with a key that is not known' : key;
  }

  async #verify(token: string, { key, algorithms }: VerificationKey, login: Login): Promise<Verdict> {
    const { issuer, audience, clockTolerance, requireExpiry, claims } = this.#settings;
    const accepted = algorithms.filter((algorithm) => this.#keys.algorithms.includes(algorithm));
    const { payload } = await jwtVerify(token, key, {
      algorithms: accepted,
      clockTolerance,
      currentDate: new Date(this.#clock()),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
      ...(requireExpiry && { requiredClaims: ['exp'] }),
    });
    if (login.signal.aborted) return { outcome: 'unavailable', reason: 'the token was checked too late' };
    const username = usernameOf(payload, claims);
    if (!this.#isNamed(username, login.request)) return refuse('the token is for another user than the client says');
    return { outcome: 'accept', username, rights: rightsOf(payload, claims), expiresAt: this.#expiryOf(payload) };
  }

  #isNamed(username: string, request: AuthenticationRequest): boolean {
    const { from, matchUsername } = this.#settings;
    const given = request.username ?? '';
    return from === 'username' || !matchUsername || given === '' || given === username;
  }

  /** The tolerance counts here, too: otherwise a token that is still good would be over when it comes. */
  #expiryOf({ exp }: JWTPayload): number | undefined {
    return exp === undefined ? undefined : Math.min((exp + this.#settings.clockTolerance) * 1000, END_OF_TIME);
  }
}

interface Login {
  readonly request: AuthenticationRequest;
  readonly signal: AbortSignal;
}

const refuse = (reason: string): Verdict => ({ outcome: 'refuse', reason });

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

const describeOrigin = (origin: KeyOrigin): string => {
  if (origin.kind === 'secret') return 'secret';
  return origin.kind === 'jwksUrl' ? shownUrl(origin.url) : origin.file;
};
