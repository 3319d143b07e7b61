import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target, Transport, TransportReceiver } from '../platform.ts';
import { cutOff } from './cut-off.ts';
import type { NodeClientOptions } from './options.ts';
import { explained, lost, unreachable } from './unreachable.ts';

/** Bytes read at once; one buffer serves every plain socket, since the client copies what it keeps. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Opens a TCP, TLS or Unix socket. Throws where options make no sense. */
export function openSocket(target: Target, receiver: TransportReceiver, options: NodeClientOptions): Transport {
  return new SocketTransport(target, receiver, options);
}

class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #target: Target;
  readonly #receiver: TransportReceiver;
  readonly #secure: boolean;
  #ended = false;
  /** Nothing was received yet. */
  #silent = true;
  #problem: Error | undefined;

  constructor(target: Target, receiver: TransportReceiver, options: NodeClientOptions) {
    this.#target = target;
    this.#receiver = receiver;
    this.#secure = target.scheme === 'mqtts' || (target.scheme === 'unix' && options.tls !== undefined);
    let isOpen = false;
    const socket = this.#secure
      ? secureSocket(target, options)
      : plainSocket(target, options, (chunk, end) => this.#received(chunk, end));
    this.#socket = socket;
    if (this.#secure) socket.on('data', (chunk: Uint8Array) => this.#received(chunk, chunk.length));
    socket.once(this.#secure ? 'secureConnect' : 'connect', () => {
      isOpen = true;
      receiver.opened();
    });
    socket.on('drain', () => receiver.drained());
    socket.on('error', (error) => {
      this.#problem ??= isOpen ? lost(target.text, error) : unreachable(target.text, error, this.#secure);
    });
    socket.once('close', () => {
      if (isOpen && this.#silent && !this.#ended) this.#problem ??= new Error(this.#secure ? MUTE_TLS : MUTE_PLAIN);
      receiver.closed(this.#problem);
    });
  }

  #received(chunk: Uint8Array, end: number): void {
    if (this.#silent) {
      this.#silent = false;
      const wrong = foreign(chunk, this.#secure);
      if (wrong !== undefined) {
        this.#problem = explained(this.#target.text, wrong);
        this.#socket.destroy();
      }
    }
    if (this.#problem === undefined) this.#receiver.received(chunk, end);
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const socket = this.#socket;
    socket.end();
    socket.resume();
    cutOff(socket, () => socket.writableLength);
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }
}

const MUTE = 'the other end closed it without a word; check that it speaks MQTT on this port, ';
const MUTE_TLS = `${MUTE}and whether it wants a client certificate, or another one`;
const MUTE_PLAIN = `${MUTE}and without TLS`;

/** What the first bytes of a server say that speaks something else: TLS answers with an alert, the web with HTTP. */
function foreign(chunk: Uint8Array, secure: boolean): string | undefined {
  if (chunk[0] === 0x15 && chunk[1] === 3 && !secure) return 'the other end speaks TLS on this port; write mqtts://';
  if (chunk[0] !== 0x48 || chunk[1] !== 0x54) return undefined;
  return `the other end is a web server; for MQTT over WebSocket write ${secure ? 'wss' : 'ws'}://HOST:PORT/PATH`;
}

const where = ({ scheme, host, port, path }: Target) => (scheme === 'unix' ? { path } : { host, port });

const from = ({ localAddress }: NodeClientOptions) => (localAddress === undefined ? {} : { localAddress });

/** @param received gets bytes that are valid during the call */
function plainSocket(
  target: Target,
  options: NodeClientOptions,
  received: (chunk: Uint8Array, end: number) => void,
): Socket {
  const callback = (length: number, buffer: Uint8Array): boolean => {
    received(buffer, length);
    return true; // whoever paused it meanwhile has stopped the reading already
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
