import { type ExchangeFailure, HttpExchange } from '../http/http-exchange.ts';
import { readAuthorities } from '../http/service-url.ts';
import { KeySet, parseKeySet, type Selection } from './key-set.ts';
import type { FetchTimes } from './options.ts';
import type { TokenHeader } from './token-header.ts';

/** Nobody knows the keys right now. The message is fit for the log. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** What a fetched set lives in. */
export interface RemoteParts extends FetchTimes {
  /** File of certificates. */
  readonly ca: string | undefined;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** Bytes of a set; a hundred keys of RSA take half of it. */
const MAXIMUM_SET = 256 * 1024;

/** Seconds after a failed fetch before keys that are needed are asked for again. */
const RETRY_AFTER = 5;

/**
 * Seconds a login waits for fresh keys while it could have old ones, at most, and half of the fetch's own time: it must
 * come to an end before the whole login does, which may have no more time than the fetch.
 */
const PATIENCE = 1;

/**
 * A key set that is published somewhere. One fetch at a time, whoever waits for it; a login that is given up leaves the
 * fetch to the others. By age of the keys:
 *
 *     0 ......... maxAge ................... maxAge + staleTime
 *     used         fetched first; where that      not used: nobody gets in
 *                  fails, used all the same       before a fetch succeeds
 *
 * Where old keys could be used, a fetch that takes longer than a second counts as failed for them. Once one has failed,
 * they are used at once and fetched again behind the login's back, every few seconds, so that a place which does not
 * answer does not make every login wait. A key that is not in the set (they are changed from time to time) has it
 * fetched again, at most once a cooldown, so that made-up names cannot be used to flood it.
 */
export class RemoteKeySet {
  readonly #parts: RemoteParts;
  readonly #exchange: HttpExchange;
  readonly #stop = new AbortController();
  #keys: KeySet | undefined;
  /** Milliseconds on the clock. */
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #expired = false;
  #triedAt = Number.NEGATIVE_INFINITY;
  #failure: string | undefined;
  #fetching: Promise<void> | undefined;

  /** @throws Error where the file of certificates cannot be read */
  constructor(url: URL, parts: RemoteParts) {
    this.#parts = parts;
    const certificates = parts.ca === undefined ? undefined : readAuthorities(parts.ca, 'jwt: ca');
    const bounds = { timeout: parts.timeout, sockets: 1, maximumBytes: MAXIMUM_SET };
    this.#exchange = new HttpExchange({ url, certificates, ...bounds });
  }

  /** The key a token names. @throws KeysUnavailable */
  async find(header: TokenHeader, signal: AbortSignal): Promise<Selection> {
    const selection = (await this.#current(signal)).select(header);
    if (selection !== 'none') return selection;
    // A fetch that is under way may bring the key, whoever began it.
    const mayFetch = this.#fetching !== undefined || this.#since(this.#triedAt, this.#parts.cooldown);
    if (!mayFetch) return this.#nowhere();
    await abortable(this.#fetch(), signal);
    const again = this.#keys?.select(header) ?? 'none';
    return again === 'none' ? this.#nowhere() : again;
  }

  /** Has the set fetched again when it is next needed. */
  expire(): void {
    this.#expired = true;
  }

  close(): void {
    this.#stop.abort();
    this.#exchange.close();
  }

  /** While the set cannot be fetched, a key that is not in it may be a new one. */
  #nowhere(): Selection {
    if (this.#failure === undefined) return 'none';
    throw new KeysUnavailable(`the token names a key that is not known, and ${this.#failure}`);
  }

  async #current(signal: AbortSignal): Promise<KeySet> {
    const { maxAge } = this.#parts;
    if (this.#keys !== undefined && !this.#expired && !this.#since(this.#fetchedAt, maxAge)) return this.#keys;
    const failing = this.#failure !== undefined;
    const mayTry = !failing || this.#since(this.#triedAt, RETRY_AFTER);
    const fetching = this.#fetching ?? (mayTry ? this.#fetch() : undefined);
    if (fetching !== undefined && this.#usable === undefined) await abortable(fetching, signal);
    else if (fetching !== undefined && !failing) await abortable(this.#patiently(fetching), signal);
    const keys = this.#usable;
    if (keys === undefined) throw new KeysUnavailable(this.#failure ?? 'the keys were never fetched');
    return keys;
  }

  /** The keys, as long as they are not too old for anything. */
  get #usable(): KeySet | undefined {
    const { maxAge, staleTime } = this.#parts;
    return this.#since(this.#fetchedAt, maxAge + staleTime) ? undefined : this.#keys;
  }

  async #patiently(fetching: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(PATIENCE, this.#parts.timeout / 2) * 1000);
    await Promise.race([fetching, promise]);
    clearTimeout(timer);
  }

  #since(when: number, seconds: number): boolean {
    return this.#parts.clock() - when >= seconds * 1000;
  }

  /** Never rejects. */
  #fetch(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching;
    this.#triedAt = this.#parts.clock();
    this.#fetching = this.#fetchNow().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchNow(): Promise<void> {
    const question = { method: 'GET', headers: { accept: 'application/jwk-set+json, application/json' } } as const;
    let problem: string;
    try {
      const { status, body } = await this.#exchange.ask(question, this.#stop.signal);
      if (status === 200) return this.#take(body);
      problem = `it answered with status ${status}`;
    } catch (error) {
      problem = (error as ExchangeFailure | Error).message;
    }
    this.#failure = `the key set could not be fetched: ${problem}`;
  }

  /** @throws Error where there are no keys in it; the old ones stay */
  #take(body: Uint8Array): void {
    this.#keys = new KeySet(parseKeySet(parseJson(body)));
    this.#fetchedAt = this.#parts.clock();
    this.#expired = false;
    this.#failure = undefined;
  }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString()) as unknown;
  } catch {
    // The text of the error would repeat a part of what was sent.
    throw new Error('it answered with something that is no JSON');
  }
}

/** What it comes to, unless the signal is aborted first. @throws KeysUnavailable */
function abortable(pending: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new KeysUnavailable('the key set was not there in time'));
    if (signal.aborted) return late();
    signal.addEventListener('abort', late, { once: true });
    pending.then(() => {
      signal.removeEventListener('abort', late);
      resolve();
    }, reject);
  });
}
