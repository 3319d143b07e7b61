import type { AuthenticationRequest, AuthenticationResult } from '@cauldron/core';
import type { Guess, LoginDelay } from './login-backoff.ts';
import type { Provider } from './provider.ts';

/** A refusal as the core gets it: `noted`, since the events have told the log of it, with more than the client is told. */
export type RefusedLogin = Extract<AuthenticationResult, { outcome: 'refuse' }> & { readonly noted: true };

/** A login that waits for providers. */
export interface Attempt {
  readonly request: AuthenticationRequest;
  /** Where it comes from. */
  readonly network: string;
  readonly startedAt: number;
  readonly abort: AbortController;
  /** When it began, as far as changes of users go; an exchange of several steps began with its first. */
  readonly mark: number;
  /** It has to wait, whatever the providers asked say; they are asked because their credentials cannot be guessed. */
  readonly delay: LoginDelay | null;
  /** Others failed meanwhile: it has to wait now, and what it is answered does not count. */
  overtaken: LoginDelay | null;
}

/**
 * Gives up the logins that wait for providers while they would have to wait for earlier failures, had they come now:
 * otherwise whoever sends his guesses all at once has them all answered.
 */
export function giveUpWaiting(
  attempts: Iterable<Attempt>,
  check: (login: AuthenticationRequest) => LoginDelay | null,
): void {
  for (const attempt of attempts) {
    if (attempt.overtaken !== null || attempt.delay !== null) continue;
    attempt.overtaken = check(attempt.request);
    if (attempt.overtaken !== null) attempt.abort.abort(new Error('too many others failed meanwhile'));
  }
}

/** What goes with an enhanced exchange from step to step: its provider and what that keeps, its beginning, who it is. */
export class MethodExchange {
  readonly provider: Provider;
  readonly inner: unknown;
  readonly mark: number;
  readonly username: string | undefined;

  constructor(provider: Provider, inner: unknown, mark: number, username: string | undefined) {
    this.provider = provider;
    this.inner = inner;
    this.mark = mark;
    this.username = username;
  }
}

/** Whether somebody could find out by trying what a provider takes. */
const isGuessable = (provider: Provider): boolean => provider.guessable !== false;

/** Whose password a login that failed may have been a guess at: `provider` refused it, or nobody knows the name. */
export function guessOf(provider: Provider | undefined, strangersCount: boolean): Guess {
  if (provider === undefined) return strangersCount ? 'nobody' : undefined;
  return isGuessable(provider) ? 'user' : undefined;
}

/** Those asked before any whose credentials can be guessed. */
export function unguessableFirst(providers: readonly Provider[]): readonly Provider[] {
  const end = providers.findIndex(isGuessable);
  return end < 0 ? providers : providers.slice(0, end);
}

/**
 * Whether guesses at names that nobody has are counted as guesses at users are, so that the wait does not tell which
 * names there are. Not where clients with a token come behind somebody who does not know their names: anybody could make
 * them wait.
 */
export function countsStrangers(providers: readonly Provider[]): boolean {
  const rest = providers.slice(unguessableFirst(providers).length);
  return rest.length > 0 && rest.every(isGuessable);
}

/** What is shown in place of a user name that is a secret. */
const CONCEALED = '***';

/** A request as others may see it: without what came in place of a user name and is a secret. */
export function shownRequest(request: AuthenticationRequest, providers: readonly Provider[]): AuthenticationRequest {
  const { username } = request;
  if (username === undefined || !providers.some((provider) => provider.conceals?.(username))) return request;
  return { ...request, username: CONCEALED };
}

/** What a client is told that may not be anonymous. */
export const NOTHING_SHOWN = 'this listener lets nobody in without a user name and password';
export const NOBODY_KNOWS =
  'there is nobody who could know a user name and password here, and anonymous clients are not allowed';

/**
 * Why a login that a provider accepts is refused all the same: it is over, or it is not the user that the transport
 * proved, or that authenticates again.
 */
export function acceptProblem(
  request: AuthenticationRequest,
  username: string | undefined,
  expiresAt: number | undefined,
  now: number,
): string | undefined {
  if (expiresAt !== undefined && expiresAt <= now) return 'what it showed has expired';
  const expected = request.peer?.username ?? (request.reauthentication ? request.username : username);
  return username === expected ? undefined : `it is '${username}', and has to be '${expected}' as before`;
}
