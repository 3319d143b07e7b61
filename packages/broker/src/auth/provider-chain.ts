import { randomBytes } from 'node:crypto';
import type { AuthenticationRequest, AuthenticationResult, Authenticator } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { type Answer, askInOrder } from './ask-providers.ts';
import {
  type AuthenticationOptions,
  type ConfiguredProvider,
  LoginCounters,
  type LoginRefused,
  machineTimers,
  type ProviderChainParts,
  type Timers,
} from './authentication-options.ts';
import { grantedRights } from './granted-rights.ts';
import {
  type Attempt,
  acceptProblem,
  countsStrangers,
  giveUpWaiting,
  guessOf,
  MethodExchange,
  NOBODY_KNOWS,
  NOTHING_SHOWN,
  type RefusedLogin,
  shownRequest,
  unguessableFirst,
} from './login-attempt.ts';
import { type Guess, LoginBackoff, type LoginDelay } from './login-backoff.ts';
import { networkOf } from './network-of.ts';
import { PendingLogins } from './pending-logins.ts';
import type { Provider, Verdict } from './provider.ts';
import { ProviderHealth } from './provider-health.ts';
import { RefusalTiming } from './refusal-timing.ts';
import { reloadProviders } from './reload-providers.ts';
import { type AcceptedLogin, RememberedLogins } from './remembered-logins.ts';
import { UserChanges } from './user-changes.ts';

type AcceptVerdict = Extract<Verdict, { outcome: 'accept' }>;
type Outcome = AuthenticationResult | Promise<AuthenticationResult>;

/** What a client is told whose login is wrong, whether the user exists or not. */
const WRONG = 'the user name or the password is wrong';

/**
 * Decides who may connect, by asking providers of users. The steps of a login, the first that answers decides:
 *
 *     proved by transport  a certificate or pre-shared key says who it is; a different user name is refused, a password
 *                          not looked at. Where the client also names a method, that has to prove the same user
 *     anonymous            it says nothing of itself (or there are no providers), and the listener allows that
 *     method               enhanced authentication: the first provider that does the method
 *     remembered           verified lately, and nothing changed since: no promise, one HMAC
 *     delayed              too many failures before
 *     providers            asked in order, until one says more than that it does not know
 *
 * Whatever goes wrong refuses: a provider that throws, rejects or takes too long counts as unavailable, and none behind
 * it is asked. Refusals for credentials all say the same and leave at full multiples of `refusalTime`.
 */
export class ProviderChain implements Authenticator {
  readonly counters = new LoginCounters();
  readonly #providers: readonly Provider[];
  readonly #countsStrangers: boolean;
  readonly #options: AuthenticationOptions;
  readonly #parts: ProviderChainParts;
  readonly #timers: Timers;
  readonly #remember: RememberedLogins;
  readonly #backoff: LoginBackoff;
  readonly #timing: RefusalTiming;
  readonly #attempts: PendingLogins<Attempt>;
  readonly #changes = new UserChanges();
  readonly #health: ProviderHealth;
  readonly #userListeners = new Set<(provider: string, usernames: readonly string[]) => void>();
  #closing: Promise<void> | undefined;

  /** @param configured in the order they are asked; the chain's from here on */
  constructor(configured: readonly ConfiguredProvider[], options: AuthenticationOptions, parts: ProviderChainParts) {
    this.#providers = configured.map(({ provider }) => provider);
    this.#countsStrangers = countsStrangers(this.#providers);
    this.#options = options;
    this.#parts = parts;
    this.#timers = parts.timers ?? machineTimers;
    this.#remember = new RememberedLogins(configured, options, parts.key ?? randomBytes(32));
    this.#backoff = new LoginBackoff(options);
    this.#health = new ProviderHealth(parts.events, this.counters);
    this.#attempts = new PendingLogins(options.maxPending);
    this.#timing = new RefusalTiming({
      refusalTime: options.refusalTime,
      maximum: options.maxPending,
      clock: parts.clock,
      timers: this.#timers,
    });
    for (const provider of this.#providers) provider.changed = (usernames) => this.#usersChanged(provider, usernames);
  }

  /** Names of the providers, in the order they are asked. */
  get providers(): readonly string[] {
    return this.#providers.map(({ name }) => name);
  }

  /** Names of the providers that did not answer when last asked. */
  get unavailable(): readonly string[] {
    return this.#health.unavailable;
  }

  /** Logins that wait for a provider. */
  get pending(): number {
    return this.#attempts.size;
  }

  authenticate(request: AuthenticationRequest): Outcome {
    return (
      this.#whenClosed(request) ??
      this.#provedByTransport(request) ??
      this.#anonymous(request) ??
      this.#byMethod(request) ??
      this.#remembered(request) ??
      this.#delayed(request) ??
      this.#ask(request, this.#providers)
    );
  }

  /**
   * Reads the files of all providers again and forgets what was verified.
   *
   * @throws {AggregateError} where some could not; those go on with what they had
   */
  reload(): Promise<void> {
    return reloadProviders(this.#providers).finally(() => this.clear());
  }

  /**
   * Reads the files of users again, because they have changed: only who is another in them is forgotten. Providers that
   * know nothing of changes stay as they are.
   *
   * @throws {AggregateError} as {@link ProviderChain.reload}
   */
  reloadChanged(): Promise<void> {
    return reloadProviders(this.#providers.filter(({ credentialsOf }) => credentialsOf !== undefined));
  }

  /** Forgets the logins that were verified, and those being verified; everybody is asked for again. */
  clear(): void {
    this.#remember.clear();
    this.#changes.note([]);
  }

  /**
   * Told of users who were removed or have other credentials: whoever is connected as one of them should not be any
   * longer. Returns what ends it.
   */
  onUserChanged(listener: (provider: string, usernames: readonly string[]) => void): () => void {
    this.#userListeners.add(listener);
    return () => this.#userListeners.delete(listener);
  }

  /** Ends what waits with a refusal, refuses from here on, and closes the providers. Calling it again waits for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { abort } of this.#attempts) abort.abort(new Error('the broker stops'));
    this.#timing.release();
    this.clear();
    await Promise.all(this.#providers.map(async (provider) => provider.close?.()));
  }

  // ---- the steps

  #whenClosed(request: AuthenticationRequest): Outcome | undefined {
    if (this.#closing === undefined) return undefined;
    return this.#cannotSay(request, 'the broker stops', undefined);
  }

  #provedByTransport(request: AuthenticationRequest): Outcome | undefined {
    const { peer, username, method } = request;
    if (peer === undefined) return undefined;
    if (username !== undefined && username !== peer.username) {
      return this.#wrong(request, this.#now, `the ${peer.by} is of '${peer.username}', the client says '${username}'`);
    }
    if (method !== undefined) return undefined;
    return this.#accepted(request, peer.by, { outcome: 'accept', username: peer.username });
  }

  #anonymous(request: AuthenticationRequest): Outcome | undefined {
    if (request.method !== undefined) return undefined;
    const showsNothing = request.username === undefined && request.password === undefined;
    if (!showsNothing && this.#providers.length > 0) return undefined;
    if (!this.#parts.anonymous(request.listener)) {
      const said = showsNothing ? NOTHING_SHOWN : NOBODY_KNOWS;
      return this.#refuse(request, { kind: 'anonymous', reasonCode: ReasonCode.notAuthorized, reason: said }, said);
    }
    return this.#noted(request, { outcome: 'accept', anonymous: true }, false);
  }

  #byMethod(request: AuthenticationRequest): Outcome | undefined {
    const { method, exchange } = request;
    if (method === undefined) return undefined;
    if (exchange instanceof MethodExchange) {
      const { provider, inner, mark, username } = exchange;
      const step = { ...request, username, exchange: inner };
      return this.#delayed(step) ?? this.#ask(step, [provider], { mark });
    }
    const provider = this.#providers.find(({ methods }) => methods.includes(method));
    if (provider !== undefined) return this.#delayed(request) ?? this.#ask(request, [provider]);
    // [MQTT-4.12.0-1]
    const said = `the authentication method '${method}' is not supported; use another, or a user name and password`;
    return this.#refuse(
      request,
      { kind: 'method', reasonCode: ReasonCode.badAuthenticationMethod, reason: said },
      said,
    );
  }

  #remembered(request: AuthenticationRequest): Outcome | undefined {
    const now = this.#now;
    const result = this.#remember.find(request, now);
    if (result === undefined) return undefined;
    this.counters.loginsCached += 1;
    this.#backoff.succeeded(request.remoteAddress, result.username ?? request.username, now);
    return this.#noted(request, result, true);
  }

  /** Whoever shows what cannot be guessed need not wait for those who guess at its name. */
  #delayed(request: AuthenticationRequest): Outcome | undefined {
    const now = this.#now;
    const delay = this.#backoff.check(request.remoteAddress, request.username, now);
    if (delay === null) return undefined;
    const free = delay.by === 'user' && request.method === undefined ? unguessableFirst(this.#providers) : [];
    return free.length === 0 ? this.#hasToWait(request, now, delay) : this.#ask(request, free, { delay });
  }

  #hasToWait(request: AuthenticationRequest, startedAt: number, { by }: LoginDelay): Outcome {
    const reason = `not asked: too many failed logins of the ${by}, which has to wait`;
    this.counters.loginsDelayed += 1;
    return this.#refuseLater(request, startedAt, { kind: 'delayed', reason, provider: undefined });
  }

  #ask(
    request: AuthenticationRequest,
    providers: readonly Provider[],
    { mark = this.#changes.mark, delay = null }: Partial<Pick<Attempt, 'mark' | 'delay'>> = {},
  ): Outcome {
    const now = this.#now;
    const { remoteAddress, username } = request;
    const full = this.#attempts.full(remoteAddress, this.#backoff.isKnown(remoteAddress, username, now));
    if (full !== null) return this.#busy(request, full);
    const network = networkOf(remoteAddress);
    const abort = new AbortController();
    const attempt: Attempt = { request, network, startedAt: now, abort, mark, delay, overtaken: null };
    const heard = (provider: Provider, verdict: Verdict) => {
      if (attempt.overtaken === null && this.#closing === undefined) this.#health.heard(provider, verdict);
    };
    const answer = askInOrder(providers, { request, signal: abort.signal, heard });
    return answer instanceof Promise ? this.#waitFor(attempt, answer) : this.#answered(attempt, answer);
  }

  async #waitFor(attempt: Attempt, pending: Promise<Answer>): Promise<AuthenticationResult> {
    const { timeout } = this.#options;
    this.#attempts.add(attempt);
    const timer = this.#timers.set(timeout * 1000, () => {
      this.counters.loginsTimedOut += 1;
      attempt.abort.abort(new Error(`no answer within ${timeout} s (timeout)`));
    });
    let answer: Answer;
    try {
      answer = await pending;
    } finally {
      this.#timers.clear(timer);
      this.#attempts.delete(attempt);
    }
    if (attempt.overtaken !== null) return this.#hasToWait(attempt.request, attempt.startedAt, attempt.overtaken);
    return this.#answered(attempt, answer);
  }

  /** Counts a failure; others that wait for providers may have to wait for that now. */
  #failed({ remoteAddress, username }: AuthenticationRequest, whose: Guess): void {
    const now = this.#now;
    this.#backoff.failed(remoteAddress, username, whose, now);
    if (this.#backoff.check(remoteAddress, username, now) === null) return;
    giveUpWaiting(this.#attempts, (login) => this.#backoff.check(login.remoteAddress, login.username, now));
  }

  // ---- what comes of them

  #answered(attempt: Attempt, { provider, verdict }: Answer): Outcome {
    const { request, startedAt, delay } = attempt;
    switch (verdict.outcome) {
      case 'accept':
        return this.#checkAccepted(attempt, provider!, verdict);
      case 'unknown':
        if (delay !== null) return this.#hasToWait(request, startedAt, delay);
        return this.#wrong(request, startedAt, 'no provider knows this user, or what it showed');
      case 'refuse':
        return this.#wrong(request, startedAt, verdict.reason, provider!);
      case 'busy':
        return this.#busy(request, verdict.reason);
      case 'unavailable':
        return this.#cannotSay(request, verdict.reason, provider!);
      case 'continue':
        return this.#goesOn(attempt, provider!, verdict);
    }
  }

  #goesOn({ request, mark }: Attempt, provider: Provider, verdict: Extract<Verdict, { outcome: 'continue' }>): Outcome {
    if (request.method === undefined) {
      return this.#cannotSay(request, 'it wants to go on with a client that named no method', provider);
    }
    const username = request.username ?? verdict.username;
    const exchange = new MethodExchange(provider, verdict.exchange, mark, username);
    return this.#delayed({ ...request, username }) ?? { outcome: 'continue', data: verdict.data, exchange };
  }

  #checkAccepted(attempt: Attempt, provider: Provider, verdict: AcceptVerdict): Outcome {
    const { request, startedAt, mark } = attempt;
    const username = verdict.username ?? request.username;
    if (username !== undefined && this.#changes.since(mark, username)) {
      return this.#cannotSay(request, 'the credentials of the user changed during the login', provider);
    }
    const problem = acceptProblem(request, username, verdict.expiresAt, this.#now);
    if (problem !== undefined) return this.#wrong(request, startedAt, problem, provider);
    this.#backoff.succeeded(request.remoteAddress, username, this.#now);
    const result = this.#accepted(request, provider.name, verdict);
    if (request.method === undefined && mark === this.#changes.mark)
      this.#remember.add(request, provider, result, this.#now);
    return result;
  }

  #accepted(request: AuthenticationRequest, provider: string, verdict: AcceptVerdict): AcceptedLogin {
    const { username, expiresAt, data } = verdict;
    const rights = grantedRights(provider, verdict.rights);
    return this.#noted(request, { outcome: 'accept', username, expiresAt, data, rights }, false);
  }

  #noted(request: AuthenticationRequest, result: AcceptedLogin, cached: boolean): AcceptedLogin {
    this.counters.loginsAccepted += 1;
    const username = result.username ?? request.username;
    const provider = result.rights?.provider ?? 'nobody';
    this.#parts.events?.accepted?.(shownRequest(request, this.#providers), {
      username,
      anonymous: result.anonymous === true,
      provider,
      cached,
    });
    return result;
  }

  #wrong(request: AuthenticationRequest, startedAt: number, reason: string, provider?: Provider): Outcome {
    this.#failed(request, guessOf(provider, this.#countsStrangers && request.peer === undefined));
    return this.#refuseLater(request, startedAt, { kind: 'credentials', reason, provider: provider?.name });
  }

  /** Refuses for credentials, when the time has come that says nothing of the reason. */
  #refuseLater(
    request: AuthenticationRequest,
    startedAt: number,
    refusal: Pick<LoginRefused, 'kind' | 'reason' | 'provider'>,
  ): Outcome {
    const maximum = this.#options.maxPending;
    if (this.#timing.full)
      return this.#busy(request, `${maximum} refusals wait to leave (maxPending): ${refusal.reason}`);
    // CONNACK has a code of its own for it, DISCONNECT has not.
    const reasonCode = request.reauthentication ? ReasonCode.notAuthorized : ReasonCode.badUserNameOrPassword;
    return this.#timing.hold(startedAt, this.#refuse(request, { ...refusal, reasonCode }, WRONG));
  }

  #cannotSay(request: AuthenticationRequest, reason: string, provider: Provider | undefined): RefusedLogin {
    const reasonCode = request.reauthentication ? ReasonCode.serverBusy : ReasonCode.serverUnavailable;
    const said = 'logins cannot be checked right now; try again later';
    return this.#refuse(request, { kind: 'unavailable', reasonCode, reason, provider: provider?.name }, said);
  }

  #busy(request: AuthenticationRequest, reason: string): RefusedLogin {
    this.counters.loginsBusy += 1;
    const said = 'too many clients are logging in; try again later';
    return this.#refuse(request, { kind: 'busy', reasonCode: ReasonCode.serverBusy, reason }, said);
  }

  #refuse(
    request: AuthenticationRequest,
    refusal: Omit<LoginRefused, 'provider'> & { readonly provider?: string | undefined },
    said: string,
  ): RefusedLogin {
    this.counters.loginsRefused += 1;
    this.#parts.events?.refused?.(shownRequest(request, this.#providers), { ...refusal, provider: refusal.provider });
    return { outcome: 'refuse', reasonCode: refusal.reasonCode, reasonString: said, noted: true };
  }

  #usersChanged(provider: Provider, usernames: readonly string[]): void {
    this.#remember.dropUsers(usernames);
    this.#changes.note(usernames);
    for (const listener of this.#userListeners) listener(provider.name, usernames);
  }

  get #now(): number {
    return this.#parts.clock();
  }
}
