import { hash } from 'node:crypto';
import { isShared, networkOf } from './network-of.ts';
import { plainestName } from './plainest-name.ts';
import { RecentMap } from './recent-map.ts';

export interface BackoffOptions {
  /** Failed logins before the next ones have to wait; 0 = they never have to. */
  readonly failuresBeforeDelay: number;
  /** Seconds the first wait lasts; each further failure doubles it. */
  readonly failureDelay: number;
  /** Seconds a wait lasts at most; also how long nothing may fail until failures are forgotten. */
  readonly failureDelayMaximum: number;
}

/** Why a login is refused without asking whether it is right. */
export interface LoginDelay {
  /** What failed too often: the address, the user from anywhere, or the user from this address. */
  readonly by: 'address' | 'user' | 'user at this address';
  /** Milliseconds, on the caller's clock. */
  readonly until: number;
}

/** Whose password a failed login may have been a guess at; undefined = nothing that can be guessed, or nobody's. */
export type Guess = 'user' | 'nobody' | undefined;

interface Failures {
  count: number;
  last: number;
  until: number;
}

interface Known extends Failures {
  succeeded: number;
}

/** How long a user is taken to belong to an address it logged in from, milliseconds. */
const KNOWN_FOR = 24 * 3600 * 1000;
/** Addresses, users, and users at addresses that are remembered, each. */
const TABLE_SIZE = 20_000;
/** A longer user name is remembered by its digest, so that names cannot fill the memory. */
const LONGEST_NAME = 64;
/** Spellings of a longer user name are told apart. */
const LONGEST_SPELLED = 256;

/**
 * Makes whoever guesses passwords wait: by address (IPv6: by /64) and by user, longer with each failure.
 *
 *     user known at this address (it logged in from there lately)?
 *       yes -> only its own failures from there count: what others do to its name or behind its address locks nobody out
 *       no  -> the address must not wait, and the user must not wait
 *
 * Attempts while waiting count for nothing, so nobody can extend a wait. A success clears its address, which keeps many
 * devices behind one address (NAT) from waiting for one of them; whoever has an account can thereby guess on for other
 * users, each of whom still waits. Names that nobody has wait as users do, or the wait would tell them apart; they have a
 * table of their own, so that made-up names push no user out. Spellings that a directory or database may take for the
 * same name are one name here. Loopback addresses and Unix sockets are shared by everybody behind a local proxy:
 * they are not counted by address, only by user. A proxy elsewhere is told apart by the PROXY protocol, or its clients
 * wait together.
 *
 * Pure: time comes in. Each table holds the {@link TABLE_SIZE} used last; only successes make a user known.
 */
export class LoginBackoff {
  readonly #options: BackoffOptions;
  readonly #forgetAfter: number;
  readonly #addresses = new RecentMap<Failures>(TABLE_SIZE);
  readonly #users = new RecentMap<Failures>(TABLE_SIZE);
  readonly #strangers = new RecentMap<Failures>(TABLE_SIZE);
  readonly #known = new RecentMap<Known>(TABLE_SIZE);

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#forgetAfter = Math.max(60, options.failureDelayMaximum) * 1000;
  }

  /** Addresses, users, and users at addresses that are remembered now. */
  get remembered(): number {
    return this.#addresses.size + this.#users.size + this.#strangers.size + this.#known.size;
  }

  /** Whether a login has to wait, and what for; null = it may be tried. */
  check(remoteAddress: string, username: string | undefined, now: number): LoginDelay | null {
    if (this.#options.failuresBeforeDelay === 0) return null;
    const network = networkOf(remoteAddress);
    const user = userKey(username);
    const known = this.#knownAt(user, network, now);
    if (known !== undefined) return waiting(known, 'user at this address', now);
    const address = isShared(network) ? undefined : this.#addresses.get(network);
    return (
      waiting(address, 'address', now) ??
      waiting(this.#users.get(user), 'user', now) ??
      waiting(this.#strangers.get(user), 'user', now)
    );
  }

  /** Whether a user logged in from there lately. */
  isKnown(remoteAddress: string, username: string | undefined, now: number): boolean {
    return this.#knownAt(userKey(username), networkOf(remoteAddress), now) !== undefined;
  }

  /**
   * A login was tried and is wrong.
   *
   * @param whose who it may have been a guess at: a user, or a name that nobody has
   */
  failed(remoteAddress: string, username: string | undefined, whose: Guess, now: number): void {
    const network = networkOf(remoteAddress);
    const user = userKey(username);
    const known = this.#knownAt(user, network, now);
    if (known !== undefined) {
      this.#count(known, now);
      return;
    }
    if (!isShared(network)) this.#countIn(this.#addresses, network, now);
    if (username === undefined || whose === undefined) return;
    this.#countIn(whose === 'user' ? this.#users : this.#strangers, user, now);
  }

  /** A login was right: its address is cleared, and the user is known there from now on. */
  succeeded(remoteAddress: string, username: string | undefined, now: number): void {
    const network = networkOf(remoteAddress);
    this.#addresses.delete(network);
    this.#known.set(pairKey(userKey(username), network), { count: 0, last: 0, until: 0, succeeded: now });
  }

  /** Forgets everything. */
  clear(): void {
    for (const table of [this.#addresses, this.#users, this.#strangers, this.#known]) table.clear();
  }

  #knownAt(user: string, network: string, now: number): Known | undefined {
    const known = this.#known.get(pairKey(user, network));
    return known !== undefined && now - known.succeeded < KNOWN_FOR ? known : undefined;
  }

  #countIn(table: RecentMap<Failures>, key: string, now: number): void {
    const failures = table.get(key) ?? { count: 0, last: now, until: 0 };
    this.#count(failures, now);
    table.set(key, failures);
  }

  #count(failures: Failures, now: number): void {
    const { failuresBeforeDelay, failureDelay, failureDelayMaximum } = this.#options;
    if (now - Math.max(failures.last, failures.until) >= this.#forgetAfter) failures.count = 0;
    failures.count += 1;
    failures.last = now;
    const over = failures.count - failuresBeforeDelay;
    if (failuresBeforeDelay === 0 || over < 0) return;
    failures.until = now + Math.min(failureDelayMaximum, failureDelay * 2 ** over) * 1000;
  }
}

function waiting(failures: Failures | undefined, by: LoginDelay['by'], now: number): LoginDelay | null {
  return failures !== undefined && failures.until > now ? { by, until: failures.until } : null;
}

/** What a user is remembered by. */
export function userKey(username: string | undefined): string {
  if (username === undefined) return '';
  // No user has a longer one, and finding its plainest spelling would take long.
  const name = username.length <= LONGEST_SPELLED ? plainestName(username) : username;
  return name.length <= LONGEST_NAME ? `=${name}` : `#${hash('sha256', name, 'base64')}`;
}

/** No network holds a line break. */
const pairKey = (user: string, network: string): string => `${network}\n${user}`;
