import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { RecentMap } from './recent-map.ts';

/** One provider's text for a user's credentials, as it was when a login was verified. */
export interface CredentialsSeen {
  readonly provider: { credentialsOf?(username: string): string | undefined };
  /** The name the provider was asked about. */
  readonly username: string;
  readonly text: string | undefined;
}

/** A login that was verified, without what it was verified by. */
export interface VerifiedLogin<R> {
  /** What to answer. */
  readonly result: R;
  /** Users it stands for: the name the client gave, and the one it was accepted as. */
  readonly usernames: readonly string[];
  /** It holds while each of these still says the same. */
  readonly credentials: readonly CredentialsSeen[];
  /** Milliseconds, on the caller's clock. */
  readonly until: number;
}

/** Bytes of a login that are put together without allocating. */
const SCRATCH = 2048;

/**
 * Logins verified lately, so that a client that comes back costs one HMAC instead of one password hash or one question
 * over the network. Entries are found by HMAC-SHA-256 under a key of this process: neither passwords nor anything they
 * could be guessed from without that key is kept. Holds the `size` entries used last.
 */
export class VerifiedCache<R> {
  readonly #logins: RecentMap<VerifiedLogin<R>>;
  readonly #key: KeyObject;
  readonly #scratch = Buffer.alloc(SCRATCH);

  /**
   * @param size logins at most; 0 = none
   * @param key at least 32 random bytes, never the same for two processes
   */
  constructor(size: number, key: Uint8Array) {
    this.#logins = new RecentMap(size);
    this.#key = createSecretKey(key);
  }

  get size(): number {
    return this.#logins.size;
  }

  /** What a login is found by; parts cannot run into each other. The password's bytes are not kept. */
  keyOf(scope: string, username: string | undefined, password: Uint8Array | undefined): string {
    const name = username ?? '';
    // Room for the longest UTF-8 of each text, two lengths, and which parts there are.
    const room = 13 + (scope.length + name.length) * 3 + (password?.length ?? 0);
    const bytes = room <= SCRATCH ? this.#scratch : Buffer.alloc(room);
    bytes[0] = (username === undefined ? 0 : 1) + (password === undefined ? 0 : 2);
    let at = 5 + bytes.write(scope, 5);
    bytes.writeUInt32BE(at - 5, 1);
    const nameEnd = at + 4 + bytes.write(name, at + 4);
    bytes.writeUInt32BE(nameEnd - at - 4, at);
    at = nameEnd;
    if (password !== undefined) {
      bytes.set(password, at);
      at += password.length;
    }
    const key = createHmac('sha256', this.#key).update(bytes.subarray(0, at)).digest('base64');
    bytes.fill(0, 0, at);
    return key;
  }

  /** A verified login that still holds. */
  get(key: string, now: number): VerifiedLogin<R> | undefined {
    const login = this.#logins.get(key);
    if (login === undefined) return undefined;
    if (login.until > now && login.credentials.every(unchanged)) return login;
    this.#logins.delete(key);
    return undefined;
  }

  set(key: string, login: VerifiedLogin<R>): void {
    this.#logins.set(key, login);
  }

  /** Forgets the logins of these users. */
  dropUsers(usernames: ReadonlySet<string>): void {
    this.#logins.deleteWhere((login) => login.usernames.some((name) => usernames.has(name)));
  }

  clear(): void {
    this.#logins.clear();
  }
}

const unchanged = ({ provider, username, text }: CredentialsSeen): boolean =>
  provider.credentialsOf?.(username) === text;
