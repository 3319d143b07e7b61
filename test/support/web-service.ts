import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a service was asked. */
export interface AskedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request. */
export type Answer = (response: ServerResponse, asked: AskedRequest) => void;

/** A web service on 127.0.0.1 for one test, which answers as the test says at that moment. */
export class WebService {
  readonly url: string;
  /** Everything that was asked, in order. */
  readonly asked: AskedRequest[] = [];
  /** Connections that were ever made. */
  connections = 0;
  /** How requests are answered from here on. */
  answer: Answer;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();

  private constructor(server: ReturnType<typeof createServer>, scheme: string, answer: Answer) {
    this.#server = server;
    this.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/login`;
    this.answer = answer;
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @param tls makes it an https service */
  static async start(answer: Answer, tls?: ServerOptions): Promise<WebService> {
    const take: RequestListener = async (request, response) => {
      const { method = '', url = '', headers } = request;
      const asked = { method, url, headers, body: await text(request) };
      service.asked.push(asked);
      service.answer(response, asked);
    };
    const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const service = new WebService(server, tls === undefined ? 'http' : 'https', answer);
    return service;
  }

  /** Ends all connections that are open, as a service may at any time. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nobody listens there any more. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.hangUp();
    await once(this.#server, 'close');
  }
}

/** An answer of JSON. */
export const json =
  (value: unknown, status = 200): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

/** An answer that never comes. */
export const silence: Answer = () => {};
