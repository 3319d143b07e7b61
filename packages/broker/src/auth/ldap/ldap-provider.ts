import type { AuthenticationRequest } from '@cauldron/core';
import type { Provider, Verdict } from '../provider.ts';
import { Slots } from '../slots.ts';
import { DirectoryConnection, type Target } from './connection.ts';
import { describeDirectoryFailure } from './failure.ts';
import { logInOver } from './login.ts';
import {
  checkLdapOptions,
  type LdapOptions,
  type LdapSettings,
  plainTextWarning,
  readCertificates,
} from './options.ts';

/** What the provider tells its surroundings. */
export interface LdapSurroundings {
  /** Told, once and at construction, what is allowed but dangerous. */
  readonly warn: (text: string) => void;
}

/** Longest user name that is looked for, characters; no directory has longer ones. */
const MAX_USERNAME_LENGTH = 1024;

/**
 * Users of an LDAP directory, which checks their passwords itself (a bind).
 *
 * Every login has a connection of its own, `poolSize` of them at most at the same time: nothing of one login is left
 * for another, and a directory that was away is used again as soon as it is back.
 *
 * @example
 * const directory = { url: 'ldaps://ldap.example.org', userDn: 'uid=%u,ou=people,dc=example,dc=org' };
 * new LdapProvider(directory, { warn: console.warn }).name // 'ldap ldaps://ldap.example.org:636'
 */
export class LdapProvider implements Provider {
  readonly name: string;
  readonly methods: readonly string[] = [];
  readonly #settings: LdapSettings;
  readonly #slots: Slots;
  readonly #closing = new AbortController();
  #target: Target;

  /** @throws Error that says which option cannot be used and what to write instead */
  constructor(options: LdapOptions, { warn }: LdapSurroundings) {
    this.#settings = checkLdapOptions(options);
    const { host, port, secure, poolSize } = this.#settings;
    this.name = `ldap ${secure ? 'ldaps' : 'ldap'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#slots = new Slots(poolSize);
    this.#target = targetOf(this.#settings);
    const warning = plainTextWarning(this.#settings);
    if (warning !== undefined) warn(warning);
  }

  async authenticate(request: AuthenticationRequest, signal: AbortSignal): Promise<Verdict> {
    const { method, username, password } = request;
    if (method !== undefined || !username || username.length > MAX_USERNAME_LENGTH || password === undefined) {
      return { outcome: 'unknown' };
    }
    // To a bind with a name and no password a directory says yes without looking (RFC 4513 section 5.1.2).
    if (password.length === 0) return { outcome: 'refuse', reason: 'an empty password' };
    const text = textOf(password);
    if (text === undefined) return { outcome: 'refuse', reason: 'the password is not UTF-8' };
    return this.#decide(username, text, AbortSignal.any([signal, this.#closing.signal]));
  }

  /** Reads the certificates of `ca` again; logins that begin from now on use them. */
  async reload(): Promise<void> {
    this.#target = targetOf(this.#settings);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the provider is closed'));
  }

  async #decide(username: string, password: string, signal: AbortSignal): Promise<Verdict> {
    try {
      return await this.#slots.run(signal, async () => {
        const connection = await DirectoryConnection.open(this.#target, signal);
        try {
          return await logInOver(connection, this.#settings, username, password, signal);
        } finally {
          connection.close();
        }
      });
    } catch (error) {
      return { outcome: 'unavailable', reason: describeDirectoryFailure(error, signal) };
    }
  }
}

function targetOf({ host, port, secure, startTls, ca }: LdapSettings): Target {
  return { host, port, secure, startTls, certificates: ca === undefined ? undefined : readCertificates(ca) };
}

/** Directories compare passwords as UTF-8 (RFC 4513 section 5.1.3); undefined = it is none. */
function textOf(password: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password);
  } catch {
    return undefined; // Not UTF-8, which is the answer.
  }
}
