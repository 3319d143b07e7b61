import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, answerText, listHas, sendAnswer } from './answer.ts';
import { checkHostAndOrigin, type OriginGuardOptions } from './origin-guard.ts';
import { MAX_WAITING_REQUESTS, PageLimits } from './page-limits.ts';

/** Bytes of request line and headers: 431 beyond. */
export const MAX_HEADER_BYTES = 16_384;
/** Headers of a request: 431 beyond. */
export const MAX_HEADERS = 100;
/** Seconds a whole request may take. */
export const REQUEST_TIMEOUT = 60;
/** Seconds a connection may wait for its next request. */
export const KEEP_ALIVE_TIMEOUT = 5;
/** Seconds without a byte in either direction. */
export const IDLE_TIMEOUT = 60;
/** Milliseconds until who asks too often is told so: it costs them time, and not the broker. */
const LATE = 1000;
/** Milliseconds between two looks at who is late. */
const LOOK_EVERY = 1000;

/** What HTTP is for on a listener, and what it is told. */
export interface HttpHostOptions {
  /** Names and origins, once it is known where it listens. */
  readonly guard: () => OriginGuardOptions;
  /** Seconds the headers of a request may take. */
  readonly headersTimeout: number;
  /** The client's address, `host:port`, which behind a proxy is not that of the socket. */
  readonly addressOf: (socket: Socket) => string;
  /** Answers what nobody else does ({@link HttpHost.serve}), and with 426 what is for WebSocket and does not ask for it. */
  readonly otherwise: (request: IncomingMessage) => Answer;
  /** A request to upgrade, meant for this listener and from a page that may. null = the connection is the receiver's now. */
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => Answer | null;
  /** A connection asks for a page for the first time. False = it must not, and is gone. */
  readonly page: (socket: Socket) => boolean;
  /** A request, or what should have been one, was answered with a refusal. */
  readonly refused: (socket: Socket, answer: Answer) => void;
}

interface PageConnection {
  /** `host:port` */
  readonly address: string;
  /** Answers it waits for. */
  waiting: number;
}

/** Answers a request that is no upgrade, of a client at `address` (`host:port`). */
export type PageHandler = (request: IncomingMessage, response: ServerResponse, address: string) => void;

/**
 * HTTP on connections that somebody else accepted, plain or TLS: upgrades go one way, other requests another. Host and
 * Origin are checked before either. It listens on nothing itself.
 */
export class HttpHost {
  /** For frameworks that want one; give it to them with what they hand to {@link HttpHost.serve}. */
  readonly server: Server;
  readonly #options: HttpHostOptions;
  /** Connections that have asked for pages. */
  readonly #pages = new Map<Socket, PageConnection>();
  /** Connections whose last answer is on its way: what they asked for behind it gets none. */
  readonly #finished = new WeakSet<Socket>();
  readonly #limits = new PageLimits();
  #handler: PageHandler | null = null;

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
    // What is more than this some versions of Node leave out, and say nothing.
    this.server.maxHeadersCount = MAX_HEADERS + 1;
    for (const event of ['request', 'checkExpectation'] as const) {
      this.server.on(event, (request, response) => this.#request(request, response));
    }
    for (const event of ['upgrade', 'connect'] as const) {
      this.server.on(event, (request, stream, head) => {
        // While a body is still to come it is no socket, and fails by itself when its socket ends.
        if (stream !== request.socket) stream.on('error', ignored);
        this.#upgrade(request, head);
      });
    }
    this.server.on('clientError', (error, stream) => this.#unreadable(error, stream as Socket));
  }

  /** Begins to look for late requests; to be called once, and {@link HttpHost.stop} when it is over. */
  start(): void {
    // It never listens itself, and looks only from this event on.
    this.server.emit('listening');
  }

  /** Has requests that are no upgrades answered by `handler`; null = by nobody. Host and Origin are checked before. */
  serve(handler: PageHandler | null): void {
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
    if (this.#finished.has(socket)) return;
    const address = this.#options.addressOf(socket);
    if (!this.#pages.has(socket) && !this.#takesPages(socket, response, address)) return;
    const connection = this.#pages.get(socket)!;
    if (connection.waiting >= MAX_WAITING_REQUESTS) {
      this.#finished.add(socket);
      this.#options.refused(socket, TOO_MANY_WAIT);
      socket.destroy();
      return;
    }
    connection.waiting += 1;
    response.once('close', () => {
      connection.waiting -= 1;
    });
    const tooOften = this.#limits.request(address, performance.now());
    if (tooOften !== null) this.#answerLate(response, tooOften);
    else this.#serve(request, response, address);
  }

  #serve(request: IncomingMessage, response: ServerResponse, address: string): void {
    // A page of this machine may open a WebSocket, which asks for a login of its own; a request may count on more than that.
    const refusal = refusalOf(request, { ...this.#options.guard(), localPages: false });
    if (refusal !== null) {
      this.#answer(response, refusal, true);
      return;
    }
    const answer = this.#options.otherwise(request);
    const isForWebSocket = answer.status === 426;
    if (this.#handler === null || isForWebSocket) this.#answer(response, answer, isForWebSocket);
    else this.#handler(request, response, address);
  }

  /** Gives the last answer of a connection. */
  #answer(response: ServerResponse, answer: Answer, isRefusal: boolean): void {
    const { socket } = response.req;
    this.#finished.add(socket);
    if (isRefusal) this.#options.refused(socket, answer);
    sendAnswer(response, answer);
  }

  #answerLate(response: ServerResponse, answer: Answer): void {
    const { socket } = response.req;
    this.#finished.add(socket);
    this.#options.refused(socket, answer);
    socket.pause(); // what it asks on is not even read
    setTimeout(() => sendAnswer(response, answer), LATE).unref();
  }

  #takesPages(socket: Socket, response: ServerResponse, address: string): boolean {
    if (!this.#options.page(socket)) return false;
    const refusal = this.#limits.enter(address, performance.now());
    if (refusal !== null) {
      this.#answer(response, refusal, true);
      socket.destroySoon();
      return false;
    }
    this.#pages.set(socket, { address, waiting: 0 });
    socket.once('close', () => this.#leaves(socket));
    return true;
  }

  /** It is none that asks for pages any more. */
  #leaves(socket: Socket): void {
    const connection = this.#pages.get(socket);
    if (connection === undefined) return;
    this.#pages.delete(socket);
    this.#limits.leave(connection.address);
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    const { socket } = request;
    // What is still to be answered before it would get among the frames.
    if (!socket.writable || (this.#pages.get(socket)?.waiting ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const refusal = refusalOf(request, this.#options.guard()) ?? this.#options.upgrade(request, socket, head);
    if (refusal === null) this.#leaves(socket);
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

/** What a socket has to say of its end it says itself. */
const ignored = (): void => undefined;

/** Why a request is not answered, or taken for what it wants to be; null = it is. */
function refusalOf(request: IncomingMessage, guard: OriginGuardOptions): Answer | null {
  if (request.rawHeaders.length > 2 * MAX_HEADERS) return LONG_HEADERS;
  const checked = checkHostAndOrigin(request, guard);
  return checked === true ? null : checked;
}

const LONG_HEADERS: Answer = {
  status: 431,
  reason: `The headers are longer than ${MAX_HEADER_BYTES} bytes, or more than ${MAX_HEADERS}. Send fewer, or smaller cookies.`,
};

const TOO_MANY_WAIT: Answer = {
  status: 429,
  reason: `More than ${MAX_WAITING_REQUESTS} requests wait on one connection. Wait for answers before asking on.`,
};

const NO_HTTP: Answer = {
  status: 400,
  reason:
    'This is no HTTP request that can be read. This listener takes MQTT over WebSocket: connect with ws:// or wss://. ' +
    'For MQTT over TCP or TLS use the port of another listener.',
};

/** By what Node calls the mistake. */
const ANSWERS: ReadonlyMap<string, Answer> = new Map([
  ['HPE_HEADER_OVERFLOW', LONG_HEADERS],
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, reason: 'The request did not come in time. Send it at once.' }],
]);
