import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { UnreachableError } from '../error.ts';
import type { Target, Transport, TransportReceiver } from '../platform.ts';
import type { NodeClientOptions } from './options.ts';
import { unreachable } from './unreachable.ts';

/** Unsent bytes below which writing is welcome again. */
const LOW_WATER = 65_536;
/** Milliseconds after which a server that does not answer the closing handshake is cut off. */
const GRACE = 1000;

/** Opens a WebSocket. // [MQTT-6.0.0-3] */
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
  readonly #receiver: TransportReceiver;

  constructor(target: Target, subprotocol: string, receiver: TransportReceiver, options: NodeClientOptions) {
    const { headers = {}, tls, localAddress } = options;
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = new WebSocket(target.text, subprotocol, {
      ...tls,
      ...from,
      headers: { ...headers },
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.#receiver = receiver;
    let problem: Error | undefined;
    let isOpen = false;
    socket.on('open', () => {
      isOpen = true;
      receiver.opened();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) receiver.received(data, data.length);
      else {
        problem ??= new Error('it sent a text frame; MQTT travels in binary frames'); // [MQTT-6.0.0-1]
        socket.close(1003);
      }
    });
    socket.on('unexpected-response', (_request, response) => void this.#refused(target, response));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      problem ??= isOpen ? error : unreachable(target.text, error, target.scheme === 'wss');
    });
    socket.on('close', (code, reason) => {
      problem ??= this.#refusal ?? closing(code, reason.toString());
      receiver.closed(problem);
    });
  }

  #refusal: Error | undefined;

  /** The server answered with a page instead of a WebSocket: its first words say why. */
  async #refused(target: Target, response: IncomingMessage): Promise<void> {
    let text = '';
    try {
      for await (const chunk of response) {
        text += String(chunk);
        if (text.length > 500) break;
      }
    } catch {
      // what came of it is enough
    }
    const said = text.trim().split('\n', 1)[0] ?? '';
    const why = `the server answered HTTP ${response.statusCode}${said === '' ? '' : `: ${said}`}; is the path right, and does it speak MQTT over WebSocket there?`;
    this.#refusal = new UnreachableError(target.text, why);
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
    const socket = this.#socket;
    socket.resume();
    socket.close(1000);
    const timer = setTimeout(() => socket.terminate(), GRACE);
    socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.terminate();
  }
}

/** What a closing handshake says, where it says more than goodbye. */
function closing(code: number, reason: string): Error | undefined {
  if (code === 1000 || code === 1005 || code === 1006) return undefined;
  return new Error(`the WebSocket was closed with code ${code}${reason === '' ? '' : `: ${reason}`}`);
}
