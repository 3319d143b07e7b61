import type { AuthenticationRequest } from '@cauldron/core';
import type { Provider } from './provider.ts';

/** How logins are treated, whoever answers them. Times are seconds. */
export interface AuthenticationOptions {
  /** How long a login may take, all providers together; then it is refused as if they did not answer. */
  readonly timeout: number;
  /**
   * Logins that may wait for providers at once, a quarter of them from one address, and refusals that may wait to leave;
   * one more is told to come later.
   */
  readonly maxPending: number;
  /** How long a verified login is remembered; 0 = not at all. */
  readonly cacheTime: number;
  /** Verified logins that are remembered. */
  readonly cacheSize: number;
  /** Failed logins of an address or user before the next ones have to wait; 0 = they never have to. */
  readonly failuresBeforeDelay: number;
  /** The first wait; each further failure doubles it. */
  readonly failureDelay: number;
  readonly failureDelayMaximum: number;
  /** A refusal leaves at the next multiple of this after the request came; 0 = at once. */
  readonly refusalTime: number;
}

/** The defaults, which the configuration schema shares. */
export const defaultAuthentication: AuthenticationOptions = {
  timeout: 5,
  maxPending: 1000,
  cacheTime: 300,
  cacheSize: 100_000,
  failuresBeforeDelay: 5,
  failureDelay: 1,
  failureDelayMaximum: 300,
  refusalTime: 0.25,
};

/** How long a verified login is remembered where its provider says nothing of changes, at most; seconds. */
export const BLIND_CACHE_TIME = 30;

/** A provider and what its own section of the configuration says of it. */
export interface ConfiguredProvider {
  readonly provider: Provider;
  /**
   * Seconds a login it verified is remembered; default {@link AuthenticationOptions.cacheTime}, and at most
   * {@link BLIND_CACHE_TIME} where the provider knows nothing of changes. 0 = it is asked every time.
   */
  readonly cacheTime?: number | undefined;
}

/** What calls back later; a test moves its own. */
export interface Timers {
  /** Calls once after so many milliseconds. */
  set(milliseconds: number, then: () => void): unknown;
  clear(timer: unknown): void;
}

export const machineTimers: Timers = {
  set: (milliseconds, then) => setTimeout(then, milliseconds),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** What the chain lives in. */
export interface ProviderChainParts {
  /** Whether clients may come in through this listener without saying who they are. */
  readonly anonymous: (listener: string) => boolean;
  /** The core's clock: milliseconds since 1970, never going back. */
  readonly clock: () => number;
  /** Secret of this process; default 32 random bytes. */
  readonly key?: Uint8Array;
  /** Default: those of the machine. */
  readonly timers?: Timers;
  readonly events?: LoginEvents;
}

/** A login that succeeded, for the log. */
export interface LoginAccepted {
  /** Who the client is from now on; undefined = it is anonymous and gave no name. */
  readonly username: string | undefined;
  readonly anonymous: boolean;
  /** Who vouched for it: a provider's name, `certificate`, `psk` or `nobody`. */
  readonly provider: string;
  /** It was verified lately, and nobody was asked. */
  readonly cached: boolean;
}

/** What kept a login from succeeding. */
export type LoginRefusalKind =
  /** Wrong password, unknown user, or not the one its certificate says. */
  | 'credentials'
  /** Nothing was shown, and the listener lets nobody in without. */
  | 'anonymous'
  /** An authentication method that no provider does. */
  | 'method'
  /** Too many failures before: nobody was asked. */
  | 'delayed'
  /** A provider failed or took too long. */
  | 'unavailable'
  /** Too many logins at once. */
  | 'busy';

/** A login that was refused, for the log: here stands what the client is not told. */
export interface LoginRefused {
  readonly kind: LoginRefusalKind;
  /** What the client gets, 0x80 or above. */
  readonly reasonCode: number;
  readonly reason: string;
  /** Who said so, where a provider did. */
  readonly provider: string | undefined;
}

/** Told about logins. None may throw. */
export interface LoginEvents {
  accepted?(request: AuthenticationRequest, login: LoginAccepted): void;
  refused?(request: AuthenticationRequest, refusal: LoginRefused): void;
  /** A provider cannot answer; said once until it does again. */
  providerUnavailable?(provider: string, reason: string): void;
  providerRecovered?(provider: string): void;
}

/** What was counted since the start. */
export class LoginCounters {
  /** All that succeeded, remembered and anonymous ones included. */
  loginsAccepted = 0;
  /** All that did not, whatever kept them. */
  loginsRefused = 0;
  /** Accepted because they were verified lately. */
  loginsCached = 0;
  /** Refused because providers took too long. */
  loginsTimedOut = 0;
  /** Refused because too many failed before. */
  loginsDelayed = 0;
  /** Refused because too many were waiting. */
  loginsBusy = 0;
  /** Times a provider could not answer, time-outs included. */
  providerUnavailable = 0;
}
