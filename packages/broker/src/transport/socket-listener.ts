import net from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import type { BrokerCore, ListenerSettings } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { isLoopback } from '../exposure.ts';
import type { HttpHost } from '../http/http-host.ts';
import type { AddressList } from './address-list.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { Listener, ListenerAddress, ListenerOptions } from './listener.ts';
import { ProxyIntake, type ProxyReceiver } from './proxy-intake.ts';
import type { ProxySource } from './proxy-protocol.ts';
import { PlainSocket, readInto, SocketLink } from './tcp.ts';
import type { TlsContexts } from './tls-contexts.ts';
import { TlsHandshake } from './tls-handshake.ts';
import { listenOnPath, type SocketFile } from './unix-socket.ts';
import { WebSocketLayer, type WebSocketOptions } from './websocket/websocket-layer.ts';
import { WebSocketLink } from './websocket/websocket-link.ts';

const BACKLOG = 4096;
/** Milliseconds between two reports of connections that could not be accepted. */
const SAY_EVERY = 5000;

/** The part of a server's handle that `net` keeps to itself; see `#takeHandles`. */
interface ServerHandle {
  onconnection(status: number, handle: unknown): void;
}

/** The part of an accepted handle that is used before it has a socket. */
interface AcceptedHandle {
  getpeername?(out: { address?: string; port?: number }): number;
  close(): void;
}

/** What goes before MQTT on a listener's connections. */
export interface Layers {
  /** null = no TLS. */
  readonly tls: TlsContexts | null;
  /** Who may, and must, send a PROXY protocol header; null = there is none. */
  readonly proxies: AddressList | null;
  /** MQTT over WebSocket; null = MQTT as it is. */
  readonly webSocket: WebSocketOptions | null;
}

/** A listener on TCP or a Unix socket. Everything about sockets ends here; the core gets bytes. */
export class SocketListener implements Listener {
  readonly name: string;
  readonly #core: BrokerCore;
  readonly #options: ListenerOptions;
  readonly #settings: ListenerSettings;
  readonly #pool: BufferPool;
  readonly #layers: Layers;
  readonly #server = net.createServer({ noDelay: true });
  readonly #webSocket: WebSocketLayer | null;
  readonly #links = new Set<SocketLink>();
  /** Above this a socket says when it has drained; no higher than where the core begins to wait for that. */
  readonly #drainAbove: number;
  #address: ListenerAddress = { host: '', port: 0 };
  #file: SocketFile | null = null;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    core: BrokerCore,
    options: ListenerOptions,
    settings: ListenerSettings,
    pool: BufferPool,
    layers: Layers,
  ) {
    this.name = options.name;
    this.#core = core;
    this.#options = options;
    this.#settings = settings;
    this.#pool = pool;
    this.#layers = layers;
    this.#drainAbove = Math.min(getDefaultHighWaterMark(false), settings.limits.maxOutboundBytes);
    this.#webSocket = layers.webSocket === null ? null : this.#webSocketLayer(layers.webSocket);
  }

  #webSocketLayer(options: WebSocketOptions): WebSocketLayer {
    return new WebSocketLayer(options, {
      guard: () => ({
        listener: this.#address,
        secure: this.#layers.tls !== null,
        localPages: isLoopback(this.#address.host),
      }),
      limits: this.#settings.limits,
      linkAgain: (socket, { remoteAddress, peer }) => {
        if (!this.#admit(remoteAddress)) return null;
        const link = this.#link(socket, remoteAddress, false) as WebSocketLink;
        link.opened();
        link.peer = peer;
        return link;
      },
      refused: (address, reason, reasonCode) => this.#refuse(address, reason, reasonCode),
    });
  }

  /** @throws {ListenerError | NodeJS.ErrnoException} */
  async listen(): Promise<void> {
    const options = this.#options;
    if (options.path === undefined) {
      await this.#listenOnTcp(options.host, options.port);
      const { address, port } = this.#server.address() as net.AddressInfo;
      this.#address = { host: address, port };
    } else {
      this.#file = await listenOnPath(this.#server, options, BACKLOG);
      this.#address = { host: '', port: 0, path: options.path };
    }
    this.#takeHandles();
    this.http?.start();
  }

  #listenOnTcp(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: BACKLOG, ipv6Only: true }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  get address(): ListenerAddress {
    return this.#address;
  }

  get url(): string {
    const { host, port, path } = this.#address;
    const isPlain = this.#layers.tls === null;
    if (this.#webSocket !== null) return `${isPlain ? 'ws' : 'wss'}://${hostPort(host, port)}${this.#webSocket.path}`;
    const scheme = isPlain ? 'mqtt' : 'mqtts';
    return path === undefined ? `${scheme}://${hostPort(host, port)}` : `${scheme}+unix://${encodeURI(path)}`;
  }

  get connections(): number {
    return this.#links.size + (this.http?.connections ?? 0);
  }

  get http(): HttpHost | null {
    return this.#webSocket?.http ?? null;
  }

  get files(): readonly string[] {
    return this.#layers.tls?.files ?? [];
  }

  async reload(): Promise<readonly string[]> {
    return (await this.#layers.tls?.reload()) ?? [];
  }

  stopAccepting(): void {
    this.#server.close();
    this.http?.stop();
    this.#file?.remove();
    this.#file = null;
  }

  destroyLinks(): void {
    for (const link of [...this.#links]) link.destroy();
    this.http?.destroy();
  }

  /**
   * `net.Server` makes a socket of its own for each accepted handle, without `onread`. Taking the handle before it does
   * saves that socket; where this Node offers no such hook, its socket's handle is taken over.
   */
  #takeHandles(): void {
    const handle = (this.#server as unknown as { _handle?: ServerHandle })._handle;
    if (handle !== undefined && handle !== null && typeof handle.onconnection === 'function') {
      handle.onconnection = (status, client) => {
        if (status === 0) this.#accept(client as AcceptedHandle);
        else this.#acceptFailed(status);
      };
      return;
    }
    this.#server.on('connection', (socket) => {
      const owner = socket as unknown as { _handle: AcceptedHandle | null };
      const client = owner._handle;
      owner._handle = null;
      if (client !== null) this.#accept(client);
    });
  }

  /** The system could not hand a connection over; said at most every few seconds. */
  #acceptFailed(status: number): void {
    const now = this.#core.now;
    this.#core.metrics.connectionsRefused += 1;
    if (now - this.#saidAt < SAY_EVERY) return;
    this.#saidAt = now;
    const reason = `the system could not accept a connection: ${getSystemErrorName(status)}`;
    this.#core.observer.refused?.('unknown', undefined, { reasonCode: ReasonCode.serverUnavailable, reason });
  }

  #accept(handle: AcceptedHandle): void {
    const { proxies, tls } = this.#layers;
    const peer: { address?: string; port?: number } = {};
    handle.getpeername?.(peer);
    const address = peer.address === undefined ? this.#nameless : hostPort(peer.address, peer.port ?? 0);
    // Behind a proxy the client is asked for by its own address, once that is known.
    const welcome = proxies === null ? this.#admit(address) : this.#isProxy(proxies, peer.address, address);
    if (!welcome) handle.close();
    else if (tls === null && this.#webSocket === null) this.#acceptPlain(handle, address);
    else this.#acceptLayered(handle, address, tls);
  }

  /** What stands for a peer without an address. */
  get #nameless(): string {
    const { path } = this.#options;
    return path === undefined ? 'unknown' : `unix:${path}`;
  }

  #admit(address: string): boolean {
    return this.#core.admit(address, this.#settings) === null;
  }

  #isProxy(proxies: AddressList, host: string | undefined, address: string): boolean {
    if (host !== undefined && proxies.has(host)) return true;
    this.#refuse(address, 'it is no proxy of this listener (proxyProtocol.from): whoever else spoke could be anybody');
    return false;
  }

  /** Tells that a connection never becomes a client. */
  #refuse(address: string, reason: string, reasonCode: number = ReasonCode.notAuthorized): void {
    this.#core.metrics.connectionsRefused += 1;
    this.#core.observer.refused?.(address, undefined, { reasonCode, reason });
  }

  #acceptPlain(handle: AcceptedHandle, address: string): void {
    const socket = new PlainSocket(handle, this.#drainAbove);
    const link = this.#link(socket, address, this.#layers.proxies === null);
    const { receiver } = link;
    const intake =
      this.#layers.proxies === null
        ? receiver
        : this.#proxyIntake(link, (rest) => {
            link.opened();
            socket.intake = receiver;
            if (rest.length > 0) receiver.feed(rest, rest.length);
          });
    socket.start(link, intake);
  }

  #link(socket: net.Socket, remoteAddress: string, open: boolean): SocketLink {
    const from = { listener: this.name, remoteAddress };
    const link =
      this.#webSocket === null
        ? new SocketLink(socket, from, this.#pool, this.#links, open)
        : new WebSocketLink(socket, from, this.#pool, this.#links, this.#drainAbove);
    link.receiver = this.#core.accept(link, this.#settings);
    return link;
  }

  /** What takes a connection's header; `then` goes on with what is behind it. */
  #proxyIntake(link: SocketLink, then: (rest: Uint8Array) => void): ProxyIntake {
    const receiver: ProxyReceiver = {
      proxied: (source: ProxySource | null, rest) => {
        if (source !== null) link.remoteAddress = hostPort(source.address, source.port);
        if (this.#admit(link.remoteAddress)) then(rest);
        else link.destroy();
      },
      notProxied: (reason) => {
        this.#refuse(link.remoteAddress, reason, ReasonCode.protocolError);
        link.destroy();
      },
    };
    return new ProxyIntake(receiver);
  }

  /** A connection with more before MQTT than a PROXY header: TLS, WebSocket, or both. */
  #acceptLayered(handle: AcceptedHandle, address: string, tls: TlsContexts | null): void {
    const raw = new net.Socket({
      handle,
      writableHighWaterMark: this.#drainAbove,
    } as unknown as net.SocketConstructorOpts);
    raw.setNoDelay(true);
    const link = this.#link(raw, address, false);
    const begin = (): void => {
      if (tls === null) this.#speak(raw, link);
      else this.#shake(raw, link, tls);
    };
    // The core may have ended it at once, to make room.
    if (raw.destroyed) raw.once('close', () => link.gone());
    else if (this.#layers.proxies === null) begin();
    else this.#readHeaderBefore(raw, link, begin);
  }

  #shake(raw: net.Socket, link: SocketLink, tls: TlsContexts): void {
    const refuse = (reason: string): void => this.#refuse(link.remoteAddress, reason);
    new TlsHandshake(raw, link, tls, this.#drainAbove, refuse, (socket) => this.#speak(socket, link));
  }

  /** What goes before MQTT, or WebSocket, is done. */
  #speak(socket: net.Socket, link: SocketLink): void {
    if (this.#webSocket !== null) this.#webSocket.begin(socket, link as WebSocketLink);
    else readInto(socket, link, link.receiver);
  }

  /** Reads a PROXY protocol header from a socket that TLS or HTTP takes over afterwards. */
  #readHeaderBefore(raw: net.Socket, link: SocketLink, then: () => void): void {
    const onData = (chunk: Buffer): void => intake.feed(chunk, chunk.length);
    const onError = (error: Error): void => {
      link.error = error;
    };
    const onClose = (): void => link.gone();
    const intake = this.#proxyIntake(link, (rest) => {
      raw.off('data', onData).off('error', onError).off('close', onClose);
      raw.pause();
      if (rest.length > 0) raw.unshift(rest);
      then();
    });
    raw.on('data', onData).on('error', onError).on('close', onClose);
  }
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
