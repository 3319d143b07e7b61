import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ReasonCode } from '@cauldron/protocol';
import type { Answer } from '../../http/answer.ts';
import { HttpHost } from '../../http/http-host.ts';
import type { OriginGuardOptions } from '../../http/origin-guard.ts';
import { checkUpgrade, otherwise } from './handshake.ts';
import type { WebSocketLink } from './websocket-link.ts';

/** How a listener takes MQTT over WebSocket. */
export interface WebSocketOptions {
  /** Path of the endpoint; default `/mqtt`. */
  readonly path?: string | undefined;
  /** Origins of other sites whose pages may connect; `*` = all. */
  readonly origins?: readonly string[] | undefined;
  /** Names under which the listener is reached beside its address, `NAME` or `NAME:PORT`. */
  readonly names?: readonly string[] | undefined;
  /** Compresses messages where the client can (permessage-deflate); default false. */
  readonly compression?: boolean | undefined;
  /** Bytes of a compressed message, compressed or not; default 1 MiB. */
  readonly maxInflatedSize?: number | undefined;
}

/** Seconds that HTTP gives a request beyond what the core gives the connection: who has a link is the core's to end. */
const AFTER_THE_CORE = 2;

export const DEFAULT_PATH = '/mqtt';
export const DEFAULT_MAX_INFLATED_SIZE = 1_048_576;

/** What the layer needs of its listener. */
export interface WebSocketHost {
  readonly guard: () => Pick<OriginGuardOptions, 'listener' | 'secure' | 'localPages'>;
  /** Seconds until a connection must have become MQTT, and bytes of its first packet. */
  readonly limits: { readonly connectTimeout: number; readonly maxConnectPacketSize: number };
  /** The core's link for a connection that had one, and asked for a page with it; null = it may not come again. */
  readonly linkAgain: (socket: Socket, before: WebSocketLink) => WebSocketLink | null;
  /** Tells that a connection never becomes a client. */
  readonly refused: (remoteAddress: string, reason: string, reasonCode: number) => void;
}

/**
 * WebSocket between a connection's socket, plain or TLS, and MQTT.
 *
 * ```
 *  begin -> HTTP host -> upgrade ---> link.upgrade: frames, MQTT
 *              |            +-------> refused: answered, counted, told; the core waits for its end
 *              +-> page ------------> no link any more: it is the HTTP host's; an upgrade may follow
 * ```
 */
export class WebSocketLayer {
  readonly path: string;
  /** Where pages can be served from the same port. */
  readonly http: HttpHost;
  readonly #options: WebSocketOptions;
  readonly #host: WebSocketHost;
  readonly #links = new WeakMap<Socket, WebSocketLink>();

  constructor(options: WebSocketOptions, host: WebSocketHost) {
    this.#options = options;
    this.#host = host;
    this.path = options.path ?? DEFAULT_PATH;
    const { names, origins } = options;
    this.http = new HttpHost({
      guard: () => ({ ...host.guard(), names, origins }),
      headersTimeout: host.limits.connectTimeout + AFTER_THE_CORE,
      addressOf: (socket) => this.#links.get(socket)?.remoteAddress ?? 'unknown',
      otherwise: ({ url }) => otherwise(url, this.path),
      upgrade: (request, socket, head) => this.#upgrade(request, socket, head),
      page: (socket) => this.#page(socket),
      refused: (socket, answer) => this.#refused(socket, answer),
    });
  }

  /** HTTP begins on a connection, plain or TLS. */
  begin(socket: Socket, link: WebSocketLink): void {
    this.#links.set(socket, link);
    link.opened();
    socket.on('error', (error) => {
      const now = this.#links.get(socket);
      if (now !== undefined) now.error ??= error;
    });
    socket.on('close', () => this.#links.get(socket)?.gone());
    this.http.take(socket);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Answer | null {
    const before = this.#links.get(socket);
    const link = before === undefined || !before.isGone ? before : this.#host.linkAgain(socket, before);
    // What the core has ended at once is still told when it is gone.
    if (link !== undefined && link !== null) this.#links.set(socket, link);
    if (link === undefined || link === null || link.ending) {
      socket.destroy();
      return null;
    }
    const { compression = false, maxInflatedSize = DEFAULT_MAX_INFLATED_SIZE } = this.#options;
    const checked = checkUpgrade(request, { path: this.path, compression });
    if ('status' in checked) return checked;
    const limits = {
      maxInflatedSize: checked.deflate ? maxInflatedSize : null,
      maxConnectSize: this.#host.limits.maxConnectPacketSize,
    };
    const adopted = link.upgrade({ response: checked.response, head, ...limits });
    if (!adopted) this.#links.delete(socket);
    return null;
  }

  /** Pages are no business of the core: its link ends, the connection goes on. */
  #page(socket: Socket): boolean {
    const link = this.#links.get(socket);
    if (link === undefined || link.ending) {
      socket.destroy();
      return false;
    }
    link.gone();
    return true;
  }

  #refused(socket: Socket, { reason }: Answer): void {
    const link = this.#links.get(socket);
    if (link === undefined || link.ending) return; // why it ends was told
    this.#host.refused(link.remoteAddress, reason, ReasonCode.protocolError);
    if (!link.isGone) link.receiver.ended(); // the core ends it, once the answer has gone
  }
}
