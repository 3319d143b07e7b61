import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target, Transport, TransportReceiver } from '../platform.ts';
import type { NodeClientOptions } from './options.ts';
import { unreachable } from './unreachable.ts';

/** Bytes read at once; one buffer serves every plain socket, since the client copies what it keeps. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);
/** Milliseconds after which a peer that does not close its side is cut off. */
const GRACE = 1000;

/** Opens a TCP, TLS or Unix socket. */
export function openSocket(target: Target, receiver: TransportReceiver, options: NodeClientOptions): Transport {
  return new SocketTransport(target, receiver, options);
}

class SocketTransport implements Transport {
  readonly #socket: Socket;

  constructor(target: Target, receiver: TransportReceiver, options: NodeClientOptions) {
    const secure = target.scheme === 'mqtts' || (target.scheme === 'unix' && options.tls !== undefined);
    const socket = secure ? secureSocket(target, options) : plainSocket(target, receiver, options);
    this.#socket = socket;
    let problem: Error | undefined;
    let isOpen = false;
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      isOpen = true;
      receiver.opened();
    });
    if (secure) socket.on('data', (chunk: Uint8Array) => receiver.received(chunk, chunk.length));
    socket.on('drain', () => receiver.drained());
    socket.on('error', (error) => {
      problem ??= isOpen ? error : unreachable(target.text, error, secure);
    });
    socket.once('close', () => receiver.closed(problem));
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), GRACE);
    socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const where = ({ scheme, host, port, path }: Target) => (scheme === 'unix' ? { path } : { host, port });

const from = ({ localAddress }: NodeClientOptions) => (localAddress === undefined ? {} : { localAddress });

function plainSocket(target: Target, receiver: TransportReceiver, options: NodeClientOptions): Socket {
  const callback = (length: number, buffer: Uint8Array): boolean => {
    receiver.received(buffer, length);
    return true;
  };
  const socket = { ...where(target), ...from(options), noDelay: true, onread: { buffer: readBuffer, callback } };
  return connectTcp(socket as Parameters<typeof connectTcp>[0] & object);
}

function secureSocket(target: Target, options: NodeClientOptions): Socket {
  const name = target.scheme === 'unix' || isIP(target.host) !== 0 ? {} : { servername: target.host };
  const socket = connectTls({ ...where(target), ...from(options), ...name, ...options.tls });
  socket.setNoDelay(true);
  return socket;
}
