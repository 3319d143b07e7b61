import type { AuthenticationRequest } from '@cauldron/core';
import type { Provider, Verdict } from '../provider.ts';
import { ExchangeFailure, HttpExchange } from './http-exchange.ts';
import { readLoginAnswer } from './login-answer.ts';
import { certificatesOf, checkHttpOptions, type HttpOptions, type HttpSettings } from './options.ts';
import { shownUrl } from './service-url.ts';

/** Bytes of an answer; rules of a user that need more belong into the configuration. */
const MAXIMUM_ANSWER = 64 * 1024;

/**
 * Users that a web service knows. It is sent, for each login,
 *
 *     {"username": "ann", "password": "...", "clientId": "c1", "remoteAddress": "192.0.2.7:50312",
 *      "listener": "default", "protocolVersion": 5, "identity": null}
 *
 * and answers as {@link readLoginAnswer} says. `username` is null where the client gave none, `identity` is
 * `{"by": "certificate" | "psk", "username": "..."}` where the transport proved who it is. It is not asked about clients
 * without a password, nor about passwords that are no text (UTF-8): both are no users of it.
 */
export class HttpProvider implements Provider {
  readonly name: string;
  readonly methods: readonly string[] = [];
  readonly #settings: HttpSettings;
  #exchange: HttpExchange;

  /** @throws Error where an option cannot be used */
  constructor(options: HttpOptions) {
    this.#settings = checkHttpOptions(options);
    this.name = `http ${shownUrl(this.#settings.url)}`;
    this.#exchange = this.#open();
  }

  async authenticate(request: AuthenticationRequest, signal: AbortSignal): Promise<Verdict> {
    const body = questionOf(request);
    if (body === undefined) return { outcome: 'unknown' };
    const { headers } = this.#settings;
    const own = { 'content-type': 'application/json', accept: 'application/json' };
    try {
      const answer = await this.#exchange.ask({ method: 'POST', headers: { ...headers, ...own }, body }, signal);
      const { username = '' } = request;
      return readLoginAnswer(answer, username !== '');
    } catch (error) {
      if (error instanceof ExchangeFailure) {
        return { outcome: 'unavailable', reason: `the login service did not answer: ${error.message}` };
      }
      throw error;
    }
  }

  /** Reads the file of certificates again. What is being decided goes on over the old connections, which then idle out. */
  async reload(): Promise<void> {
    if (this.#settings.ca !== undefined) this.#exchange = this.#open();
  }

  async close(): Promise<void> {
    this.#exchange.close();
  }

  #open(): HttpExchange {
    const { url, ca, timeout, poolSize } = this.#settings;
    const bounds = { timeout, sockets: poolSize, maximumBytes: MAXIMUM_ANSWER };
    return new HttpExchange({ url, certificates: certificatesOf(ca), ...bounds });
  }
}

/** What the service is asked; undefined = nothing it could know. */
function questionOf(request: AuthenticationRequest): Uint8Array | undefined {
  const { username, password, clientId, remoteAddress, listener, protocolVersion, peer, method } = request;
  if (method !== undefined || password === undefined || password.length === 0) return undefined;
  const text = textOf(password);
  if (text === undefined) return undefined;
  const identity = peer === undefined ? null : { by: peer.by, username: peer.username };
  const client = { clientId, remoteAddress, listener, protocolVersion, identity };
  return Buffer.from(JSON.stringify({ username: username ?? null, password: text, ...client }));
}

/** The text, to the last byte; undefined = it is none. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
