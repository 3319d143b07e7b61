import { UnreachableError } from '../error.ts';
import type { Target, Transport, TransportReceiver } from '../platform.ts';
import { setTimer } from './timers.ts';

/** Unsent bytes below which writing is welcome again, and the milliseconds between two looks at them. */
const LOW_WATER = 65_536;
const LOOK = 4;
/** Milliseconds after which a server that does not answer the closing handshake is left alone. */
const GRACE = 1000;

/**
 * A WebSocket as browsers have it. They tell neither why a connection failed nor when unsent bytes have left, and they
 * cannot stop reading: what comes while the client is paused waits in its decoder. // [MQTT-6.0.0-3]
 */
export class WebSocketTransport implements Transport {
  readonly #receiver: TransportReceiver;
  #socket: WebSocket | undefined;
  #isOpen = false;
  #isClosed = false;
  #isLooking = false;

  constructor(target: Target, subprotocol: string, receiver: TransportReceiver) {
    this.#receiver = receiver;
    try {
      const socket = new WebSocket(`${target.scheme}://${target.host}:${target.port}${target.path}`, subprotocol);
      this.#socket = socket;
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => {
        this.#isOpen = true;
        receiver.opened();
      };
      socket.onmessage = ({ data }) => this.#received(data);
      // Not every browser says `close` after `error` where the security policy of the page forbids it.
      socket.onerror = () => {
        if (!this.#isOpen) this.#closed(unreachable(target));
      };
      socket.onclose = ({ code, reason }) => this.#closed(this.#isOpen ? closing(code, reason) : unreachable(target));
    } catch (error) {
      // A port that browsers never connect to, or ws: from a page of https:.
      queueMicrotask(() => this.#closed(unreachable(target, error as Error)));
    }
  }

  get pending(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  write(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#socket!.send(bytes as Uint8Array<ArrayBuffer>);
    if (!this.#isLooking && this.pending >= LOW_WATER) this.#look();
  }

  #look(): void {
    this.#isLooking = true;
    setTimer(LOOK, () => {
      this.#isLooking = false;
      if (this.#isClosed) return;
      if (this.pending < LOW_WATER) this.#receiver.drained();
      else this.#look();
    });
  }

  #received(data: unknown): void {
    if (this.#isClosed) return;
    if (data instanceof ArrayBuffer) this.#receiver.received(new Uint8Array(data), data.byteLength);
    else this.destroy(new Error('it sent a text frame; MQTT travels in binary frames')); // [MQTT-6.0.0-1]
  }

  pause(): void {} // browsers read on, whatever we do

  resume(): void {}

  end(): void {
    this.#socket?.close();
    setTimer(GRACE, () => this.#closed());
  }

  destroy(error?: Error): void {
    this.#socket?.close();
    queueMicrotask(() => this.#closed(error));
  }

  #closed(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOpen = false;
    this.#receiver.closed(error);
  }
}

/** What browsers let pages know about a connection that did not come about: nothing. */
function unreachable({ text, scheme }: Target, cause?: Error): UnreachableError {
  const { location, navigator } = globalThis;
  let why =
    'browsers do not tell pages why, but their console may; is the broker running, are port and path those of its WebSocket listener, does it accept pages of this origin';
  if (scheme === 'wss') why += ', and does the browser trust its certificate';
  why += '?';
  if (cause !== undefined) why = cause.message;
  else if (navigator?.onLine === false) why = 'the browser is offline';
  else if (scheme === 'ws' && location?.protocol === 'https:') why += ' Pages that came over https: need wss:';
  return new UnreachableError(text, why, cause);
}

/** What a closing handshake says, where it says more than goodbye. */
function closing(code: number, reason: string): Error | undefined {
  if (code === 1000 || code === 1005 || code === 1006) return undefined;
  return new Error(`the WebSocket was closed with code ${code}${reason === '' ? '' : `: ${reason}`}`);
}
