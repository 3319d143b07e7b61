import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, answerText, listHas, sendAnswer } from './answer.ts';
import { checkHostAndOrigin, type OriginGuardOptions } from './origin-guard.ts';

/** Bytes of request line and headers: 431 beyond. */
export const MAX_HEADER_BYTES = 16_384;
/** Headers of a request; those behind them do not count. */
export const MAX_HEADERS = 100;
/** Connections at the same time that have asked for a page, and none of them for WebSocket: 503 beyond. */
export const MAX_PAGE_CONNECTIONS = 256;
/** Seconds a whole request may take. */
export const REQUEST_TIMEOUT = 60;
/** Seconds a connection may wait for its next request. */
export const KEEP_ALIVE_TIMEOUT = 5;
/** Seconds without a byte in either direction. */
export const IDLE_TIMEOUT = 60;
/** Milliseconds between two looks at who is late. */
const LOOK_EVERY = 1000;

/** What HTTP is for on a listener, and what it is told. */
export interface HttpHostOptions {
  /** Names and origins, once it is known where it listens. */
  readonly guard: () => OriginGuardOptions;
  /** Seconds the headers of a request may take. */
  readonly headersTimeout: number;
  /** Answers what nobody else does ({@link HttpHost.serve}). */
  readonly otherwise: (request: IncomingMessage) => Answer;
  /** A request to upgrade, meant for this listener and from a page that may. null = the connection is the receiver's now. */
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => Answer | null;
  /** A connection asks for a page for the first time. False = it must not, and is gone. */
  readonly page: (socket: Socket) => boolean;
  /** A request, or what should have been one, was answered with a refusal. */
  readonly refused: (socket: Socket, answer: Answer) => void;
}

/**
 * HTTP on connections that somebody else accepted, plain or TLS: upgrades go one way, other requests another. Host and
 * Origin are checked before either. It listens on nothing itself.
 */
export class HttpHost {
  /** For frameworks that want one; give it to them with what they hand to {@link HttpHost.serve}. */
  readonly server: Server;
  readonly #options: HttpHostOptions;
  /** Connections that have asked for pages, and how many answers they wait for. */
  readonly #pages = new Map<Socket, number>();
  #handler: RequestListener | null = null;

  constructor(options: HttpHostOptions) {
    this.#options = options;
    this.server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: options.headersTimeout * 1000,
      requestTimeout: Math.max(REQUEST_TIMEOUT, options.headersTimeout) * 1000,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT * 1000,
      connectionsCheckingInterval: LOOK_EVERY,
      requireHostHeader: false, // the guard says more
      shouldUpgradeCallback: ({ headers }) => listHas(headers, 'upgrade', 'websocket'),
    });
    this.server.timeout = IDLE_TIMEOUT * 1000;
    this.server.maxHeadersCount = MAX_HEADERS;
    this.server.on('request', (request, response) => this.#request(request, response));
    this.server.on('upgrade', (request, _stream, head) => this.#upgrade(request, head));
    this.server.on('clientError', (error, stream) => this.#unreadable(error, stream as Socket));
    // It never listens, and looks for late requests only from this event on.
    this.server.emit('listening');
  }

  /** Has requests that are no upgrades answered by `handler`; null = by nobody. Host and Origin are checked before. */
  serve(handler: RequestListener | null): void {
    this.#handler = handler;
  }

  /** Connections that have asked for pages. */
  get connections(): number {
    return this.#pages.size;
  }

  /** Takes a connection from which nothing was read but what it was given back (`unshift`). */
  take(socket: Socket): void {
    this.server.emit('connection', socket);
    socket.resume();
  }

  /** Closes connections that wait for their next request; the others close with their answer. */
  stop(): void {
    this.server.keepAliveTimeout = 1;
    this.server.close();
  }

  /** Closes what is left. */
  destroy(): void {
    for (const socket of this.#pages.keys()) socket.destroy();
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (!this.#pages.has(socket) && !this.#takesPages(socket, response)) return;
    this.#waiting(socket, 1);
    response.once('close', () => this.#waiting(socket, -1));
    // A page of this machine may open a WebSocket, which asks for a login of its own; a request may count on more than that.
    const checked = checkHostAndOrigin(request, { ...this.#options.guard(), localPages: false });
    if (checked !== true) {
      this.#options.refused(socket, checked);
      sendAnswer(response, checked);
    } else if (this.#handler === null) {
      const answer = this.#options.otherwise(request);
      if (answer.status === 426) this.#options.refused(socket, answer);
      sendAnswer(response, answer);
    } else this.#handler(request, response);
  }

  #waiting(socket: Socket, more: number): void {
    const waiting = this.#pages.get(socket);
    if (waiting !== undefined) this.#pages.set(socket, waiting + more);
  }

  #takesPages(socket: Socket, response: ServerResponse): boolean {
    if (!this.#options.page(socket)) return false;
    if (this.#pages.size >= MAX_PAGE_CONNECTIONS) {
      const reason = `${MAX_PAGE_CONNECTIONS} connections ask for pages already. Try again in a moment.`;
      const answer = { status: 503, reason, headers: { 'Retry-After': '5' } };
      this.#options.refused(socket, answer);
      sendAnswer(response, answer);
      socket.destroySoon();
      return false;
    }
    this.#pages.set(socket, 0);
    socket.once('close', () => this.#pages.delete(socket));
    return true;
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    const { socket } = request;
    // What is still to be answered before it would get among the frames.
    if (!socket.writable || (this.#pages.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const checked = checkHostAndOrigin(request, this.#options.guard());
    const refusal = checked === true ? this.#options.upgrade(request, socket, head) : checked;
    if (refusal === null) this.#pages.delete(socket);
    else this.#refuse(socket, refusal);
  }

  /** Answers what has no response object with a refusal, and ends its connection. */
  #refuse(socket: Socket, answer: Answer): void {
    socket.write(answerText(answer));
    this.#options.refused(socket, answer);
    if (this.#pages.has(socket)) socket.destroySoon();
    else socket.end();
  }

  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    const answer = ANSWERS.get(error.code ?? '') ?? NO_HTTP;
    // What broke is no request; and where an answer is on its way, nothing can be put before its end.
    const broke = error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable;
    if (broke || this.#pages.has(socket)) socket.destroy(error);
    else this.#refuse(socket, answer);
  }
}

const NO_HTTP: Answer = {
  status: 400,
  reason:
    'This is no HTTP request that can be read. This listener takes MQTT over WebSocket: connect with ws:// or wss://. ' +
    'For MQTT over TCP or TLS use the port of another listener.',
};

/** By what Node calls the mistake. */
const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, reason: `The headers are longer than ${MAX_HEADER_BYTES} bytes. Send fewer, or smaller cookies.` },
  ],
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, reason: 'The request did not come in time. Send it at once.' }],
]);
