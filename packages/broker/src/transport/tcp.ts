import net from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import type { BrokerCore, Link, LinkReceiver, ListenerSettings } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import type { BufferPool } from './buffer-pool.ts';

/** Bytes read at once; one buffer serves every connection, since the core copies what it keeps. */
const READ_BUFFER = 65_536;
const BACKLOG = 4096;
/** Milliseconds between two reports of connections that could not be accepted. */
const SAY_EVERY = 5000;

/** The part of an accepted handle's owner that `net` keeps to itself; see {@link takeHandles}. */
interface ServerHandle {
  onconnection(status: number, handle: unknown): void;
}

export interface TcpListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

/**
 * A listener for MQTT over TCP: hop 1 of a message's way. Everything about sockets ends here; the core gets bytes.
 * // [MQTT-4.2.0-1]
 *
 * Reads go through `onread` into one buffer for all connections, writes come from a pool: a plain `data` event would
 * allocate for each of them, and an idle connection would keep a buffer.
 */
export class TcpListener {
  readonly name: string;
  readonly #core: BrokerCore;
  readonly #settings: ListenerSettings;
  readonly #pool: BufferPool;
  readonly #server: net.Server;
  readonly #links = new Set<TcpLink>();
  readonly #onread: net.OnReadOpts;
  /** Above this a socket says when it has drained; no higher than where the core begins to wait for that. */
  readonly #drainAbove: number;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(core: BrokerCore, options: TcpListenerOptions, settings: ListenerSettings, pool: BufferPool) {
    this.name = options.name;
    this.#core = core;
    this.#settings = settings;
    this.#pool = pool;
    this.#drainAbove = Math.min(getDefaultHighWaterMark(false), settings.limits.maxOutboundBytes);
    this.#onread = { buffer: readBuffer, callback: onRead };
    this.#server = net.createServer({ noDelay: true });
  }

  /**
   * Opens a listener.
   *
   * @throws {NodeJS.ErrnoException} EADDRINUSE, EACCES, EADDRNOTAVAIL
   */
  static async open(
    core: BrokerCore,
    options: TcpListenerOptions,
    settings: ListenerSettings,
    pool: BufferPool,
  ): Promise<TcpListener> {
    const listener = new TcpListener(core, options, settings, pool);
    await listener.#listen(options);
    return listener;
  }

  #listen(options: TcpListenerOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: options.host, port: options.port, backlog: BACKLOG, ipv6Only: true }, () => {
        this.#server.off('error', reject);
        this.#takeHandles();
        resolve();
      });
    });
  }

  /** Where it listens, with the port that was chosen for 0. */
  get address(): net.AddressInfo {
    return this.#server.address() as net.AddressInfo;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#links.size;
  }

  /**
   * `net.Server` makes a socket of its own for each accepted handle, without `onread`. Taking the handle before it does
   * saves that socket; where this Node offers no such hook, its socket's handle is taken over.
   */
  #takeHandles(): void {
    const handle = (this.#server as unknown as { _handle?: ServerHandle })._handle;
    if (handle !== undefined && handle !== null && typeof handle.onconnection === 'function') {
      handle.onconnection = (status, client) => {
        if (status === 0) this.#accept(client);
        else this.#acceptFailed(status);
      };
      return;
    }
    this.#server.on('connection', (socket) => {
      const owner = socket as unknown as { _handle: unknown };
      const client = owner._handle;
      owner._handle = null;
      this.#accept(client);
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

  #accept(handle: unknown): void {
    const socket = new LinkSocket({
      handle,
      onread: this.#onread,
      writableHighWaterMark: this.#drainAbove,
    } as unknown as net.SocketConstructorOpts);
    const link = new TcpLink(socket, this.name, this.#pool, this.#links);
    socket.link = link;
    this.#links.add(link);
    link.receiver = this.#core.accept(link, this.#settings);
    socket.setNoDelay(true);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('drain', onDrain);
    socket.resume();
  }

  /** Takes no more connections; those there are go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Closes what is still open. */
  destroyLinks(): void {
    for (const link of [...this.#links]) link.destroy();
  }
}

const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER);

class LinkSocket extends net.Socket {
  link!: TcpLink;
}

// One function each for all sockets, called with the socket as `this`: a connection costs no closures.

function onRead(this: LinkSocket, length: number, buffer: Uint8Array): boolean {
  this.link.receiver.feed(buffer, length);
  return true;
}

function onEnd(this: LinkSocket): void {
  // MQTT has no half-open connections.
  this.link.receiver.ended();
}

function onError(this: LinkSocket, error: Error): void {
  this.link.error = error;
}

function onClose(this: LinkSocket): void {
  this.link.gone();
}

function onDrain(this: LinkSocket): void {
  this.link.receiver.drained();
}

/** One TCP connection as the core's link. */
export class TcpLink implements Link {
  readonly listener: string;
  receiver!: LinkReceiver;
  /** What broke the connection, for `closed`. */
  error: Error | undefined = undefined;
  readonly #socket: net.Socket;
  readonly #pool: BufferPool;
  readonly #links: Set<TcpLink>;

  constructor(socket: net.Socket, listener: string, pool: BufferPool, links: Set<TcpLink>) {
    this.#socket = socket;
    this.listener = listener;
    this.#pool = pool;
    this.#links = links;
  }

  get remoteAddress(): string {
    const { remoteAddress, remotePort } = this.#socket;
    if (remoteAddress === undefined) return 'unknown';
    return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  take(size: number): Uint8Array {
    return this.#pool.take(size);
  }

  give(buffer: Uint8Array): void {
    this.#pool.give(buffer);
  }

  write(buffer: Uint8Array, length: number): void {
    const pool = this.#pool;
    const small = pool.small(buffer, length);
    if (small !== null) {
      pool.give(buffer);
      this.#socket.write(small);
      return;
    }
    this.#socket.write(buffer.subarray(0, length), () => pool.give(buffer));
  }

  writeShared(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    // Paused or not: only a socket that is read from sees the peer's end and closes.
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket closed. */
  gone(): void {
    this.#links.delete(this);
    this.receiver.closed(this.error);
  }
}
