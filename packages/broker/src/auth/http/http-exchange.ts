import { Agent, type ClientRequest, request as requestPlain } from 'node:http';
import { request as requestEncrypted, Agent as TlsAgent } from 'node:https';
import { Slots } from '../slots.ts';

/** How a web service is talked to. */
export interface ExchangeOptions {
  readonly url: URL;
  /** Certificates (PEM) that the service's must lead to; undefined = those that Node knows. */
  readonly certificates: string | undefined;
  /** Seconds an exchange may take, waiting for a free connection included. */
  readonly timeout: number;
  /** Connections at the same time; further exchanges wait. */
  readonly sockets: number;
  /** Bytes of an answer's body; more is no answer. */
  readonly maximumBytes: number;
}

/** What is sent. */
export interface HttpQuestion {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/** A complete answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** There was no answer that could be used. The message is fit for the log: it holds nothing that was sent or received. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';
}

/** Milliseconds a connection that nobody uses is kept. */
const KEEP_IDLE = 30_000;

/** The connection was closed by the other side, as it may at any time between two exchanges. */
const CLOSED: readonly unknown[] = ['ECONNRESET', 'EPIPE'];

/**
 * A web service, asked over a few connections that stay open. Everything about it is bounded: connections, time, bytes
 * of the answer (the head by Node, at 16 KiB). Redirects are answers like others and not followed.
 *
 * This is `node:http` and not `fetch`: that one takes neither certificates nor a bound on connections without a package
 * of its own.
 */
export class HttpExchange {
  readonly #options: ExchangeOptions;
  readonly #agent: Agent;
  readonly #slots: Slots;

  constructor(options: ExchangeOptions) {
    const { url, certificates, sockets } = options;
    this.#options = options;
    this.#slots = new Slots(sockets);
    const kept = { keepAlive: true, maxSockets: sockets, maxFreeSockets: sockets, timeout: KEEP_IDLE };
    this.#agent =
      url.protocol === 'https:'
        ? new TlsAgent({ ...kept, minVersion: 'TLSv1.2', ...(certificates !== undefined && { ca: certificates }) })
        : new Agent(kept);
  }

  /**
   * Sends a question and waits for the whole answer. Where the service closed a connection while it was idle, it is sent
   * again over another one.
   *
   * @throws ExchangeFailure where there is no answer in time, or `signal` is aborted
   */
  async ask(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    const stop = new AbortController();
    const giveUp = (): void => stop.abort(new ExchangeFailure('nobody waits for its answer any more'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    const { timeout } = this.#options;
    const timer = setTimeout(() => stop.abort(new ExchangeFailure(`no answer within ${timeout} s`)), timeout * 1000);
    try {
      return await this.#slots.run(stop.signal, () => this.#askUntilFresh(question, stop.signal));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Closes all connections; what still waits fails. */
  close(): void {
    this.#agent.destroy();
  }

  /** A used connection may turn out to be closed; there are `sockets` of them at most, then comes a fresh one. */
  async #askUntilFresh(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    for (let used = 0; ; used++) {
      const attempt = this.#start(question);
      let answered = false;
      attempt.once('response', () => {
        answered = true;
      });
      try {
        return await answerOf(attempt, question.body, { signal, maximumBytes: this.#options.maximumBytes });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const wasIdle = attempt.reusedSocket && !answered && CLOSED.includes(code);
        if (wasIdle && used < this.#options.sockets && !signal.aborted) continue;
        throw error instanceof ExchangeFailure
          ? error
          : new ExchangeFailure(`the connection failed (${code ?? 'closed'})`);
      }
    }
  }

  #start({ method, headers, body }: HttpQuestion): ClientRequest {
    const { url } = this.#options;
    const request = url.protocol === 'https:' ? requestEncrypted : requestPlain;
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    return request(url, { agent: this.#agent, method, headers: { ...headers, ...length } });
  }
}

interface AnswerLimits {
  readonly signal: AbortSignal;
  readonly maximumBytes: number;
}

function answerOf(
  request: ClientRequest,
  body: Uint8Array | undefined,
  { signal, maximumBytes }: AnswerLimits,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const end = (): void => signal.removeEventListener('abort', abort);
    const fail = (error: unknown): void => {
      end();
      reject(error);
      request.destroy();
    };
    const abort = (): void => fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.on('error', fail);
    // Node ends a switch of protocols, which nobody asked for, without an error.
    request.on('close', () => fail(new ExchangeFailure('the connection was closed')));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maximumBytes) fail(new ExchangeFailure(`the answer is larger than ${maximumBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        end();
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}
