import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { LARGEST_PACKET } from '@cauldron/protocol';
import { WebSocket } from 'ws';
import type { Target, Transport, TransportReceiver } from '../platform.ts';
import { cutOff } from './cut-off.ts';
import type { NodeClientOptions } from './options.ts';
import { explained, lost, unreachable } from './unreachable.ts';

/** Unsent bytes below which writing is welcome again. */
const LOW_WATER = 65_536;
/** What is shown of a page that came in place of a WebSocket, in characters. */
const SHOWN = 200;

/** Opens a WebSocket. Throws where options make no sense. // [MQTT-6.0.0-3] */
export function openWebSocket(
  target: Target,
  subprotocol: string,
  receiver: TransportReceiver,
  options: NodeClientOptions,
): Transport {
  return new WebSocketTransport(target, subprotocol, receiver, options);
}

class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #target: Target;
  readonly #receiver: TransportReceiver;
  /** What carries it, once it is open. */
  #carrier: Socket | undefined;
  #ended = false;
  #problem: Error | undefined;

  constructor(target: Target, subprotocol: string, receiver: TransportReceiver, options: NodeClientOptions) {
    const { headers = {}, tls, localAddress, maxPacketSize = LARGEST_PACKET } = options;
    const socket = new WebSocket(addressOf(target), subprotocol, {
      ...tls,
      ...(localAddress === undefined ? {} : { localAddress }),
      headers: { ...headers },
      perMessageDeflate: false,
      // A frame may hold more than one packet, but nobody has to gather more in one.
      maxPayload: Math.max(maxPacketSize, 1_048_576),
    });
    this.#socket = socket;
    this.#target = target;
    this.#receiver = receiver;
    socket.on('upgrade', (response) => {
      this.#carrier = response.socket;
    });
    let isOpen = false;
    socket.on('open', () => {
      isOpen = true;
      receiver.opened();
    });
    socket.on('message', (data: Buffer, isBinary) => this.#received(data, isBinary));
    socket.on('unexpected-response', (_request, response) => void this.#refused(response));
    socket.on('error', (error) => {
      this.#problem ??= isOpen ? lost(target.text, error) : this.#unreachable(error);
    });
    socket.on('close', (code, reason) => receiver.closed(this.#problem ?? closing(code, reason.toString())));
  }

  #unreachable(error: NodeJS.ErrnoException): Error {
    const { text, scheme } = this.#target;
    if (/subprotocol/.test(error.message)) {
      return explained(text, 'the WebSocket there does not speak MQTT (subprotocol mqtt); is the path right?', error);
    }
    if (error.code !== 'ECONNRESET') return unreachable(text, error, scheme === 'wss');
    const why =
      'the other end closed the connection; is this the port of its WebSocket listener, with TLS only for wss:?';
    return explained(text, why, error);
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    if (isBinary) this.#receiver.received(data, data.length);
    else {
      this.#problem ??= new Error('it sent a text frame; MQTT travels in binary frames'); // [MQTT-6.0.0-1]
      this.#close(1003);
    }
  }

  /** The server answered with a page instead of a WebSocket: its first words say why. */
  async #refused(response: IncomingMessage): Promise<void> {
    let text = '';
    try {
      for await (const chunk of response) {
        text += String(chunk);
        if (text.length > SHOWN) break;
      }
    } catch {
      // the status is enough
    }
    const { statusCode, headers } = response;
    const said = (headers.location ?? text.trim().split('\n', 1)[0] ?? '').slice(0, SHOWN);
    const why = `the server answered HTTP ${statusCode}${said === '' ? '' : ` (${said})`}; is the path right, and does it speak MQTT over WebSocket there?`;
    this.#problem ??= explained(this.#target.text, why);
    this.#socket.terminate();
  }

  get pending(): number {
    return this.#socket.bufferedAmount;
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(bytes, () => {
      if (socket.bufferedAmount < LOW_WATER) this.#receiver.drained();
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#close(1000);
  }

  #close(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    const socket = this.#socket;
    socket.resume();
    socket.close(code);
    if (this.#carrier !== undefined) cutOff(this.#carrier, () => socket.bufferedAmount);
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.terminate();
  }
}

/** With the query, which `target.text` does not show. */
const addressOf = ({ scheme, host, port, path }: Target): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;

/** What a closing handshake says, where it says more than goodbye. */
function closing(code: number, reason: string): Error | undefined {
  if (code === 1000 || code === 1005 || code === 1006) return undefined;
  return new Error(`the WebSocket was closed with code ${code}${reason === '' ? '' : `: ${reason}`}`);
}
