import type { Target, Transport, TransportReceiver } from '../platform.ts';
import type { FakePlatform } from './fake-platform.ts';

/** Unsent bytes from which on the client is told when there is room again. */
const MUCH = 16_384;
/** Milliseconds after which a peer that does not close its side is cut off. */
const GRACE = 1000;

/** The other end of a {@link FakeTransport}. */
export interface FakePeer {
  arrived(bytes: Uint8Array): void;
  /** The client has closed its side: nothing more comes. */
  ended(): void;
  /** The connection is gone. */
  closed(): void;
}

/**
 * A connection in memory. Bytes, ends and losses arrive in turns of their own, in the order of a socket: an end behind
 * all bytes, a loss before those that wait.
 */
export class FakeTransport implements Transport {
  readonly target: Target;
  readonly subprotocol: string;
  peer: FakePeer | undefined;
  /** Bytes the client wrote that have not arrived. */
  pending = 0;
  /** The client does not want to read. */
  paused = false;
  /** `ended`: the client closed its side. */
  state: 'opening' | 'open' | 'ended' | 'closed' = 'opening';
  /** Bytes in each direction after which the connection is lost. */
  readonly cutAfter = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
  readonly #platform: FakePlatform;
  readonly #receiver: TransportReceiver;
  #stuck = false;
  #wasFull = false;
  #outgoing: Uint8Array[] = [];
  #incoming: Uint8Array[] = [];
  #finished = false;
  #told = false;

  constructor(platform: FakePlatform, target: Target, subprotocol: string, receiver: TransportReceiver) {
    this.#platform = platform;
    this.target = target;
    this.subprotocol = subprotocol;
    this.#receiver = receiver;
  }

  // ---- the client's side

  write(bytes: Uint8Array): void {
    if (this.state === 'closed') return;
    if (this.state !== 'open') throw new Error(`the client writes while its connection is ${this.state}`);
    this.#outgoing.push(bytes);
    this.pending += bytes.length;
    this.#wasFull ||= this.pending >= MUCH;
    this.#platform.event(() => this.#arrive());
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.#platform.event(() => this.#read());
  }

  end(): void {
    if (this.state === 'closed' || this.state === 'ended') return;
    this.state = 'ended';
    this.paused = false; // nobody reads any more, so nothing waits to be read
    const timer = this.#platform.setTimer(GRACE, () => this.cut());
    this.#afterClose = () => timer.cancel();
    this.#platform.event(() => this.#arrive());
  }

  #afterClose: () => void = () => undefined;

  destroy(): void {
    this.#close(undefined);
  }

  #arrive(): void {
    if (this.#stuck || this.state === 'closed') return;
    for (const bytes of this.#outgoing.splice(0)) {
      this.pending -= bytes.length;
      this.peer?.arrived(bytes.subarray(0, this.#passing('up', bytes.length)));
    }
    if (this.#wasFull && this.pending === 0 && this.state === 'open') {
      this.#wasFull = false;
      this.#receiver.drained();
    }
    if (this.state === 'ended' && this.pending === 0) this.peer?.ended();
  }

  // ---- the network's and the broker's side, for tests

  /** The connection is there. */
  opens(peer: FakePeer): void {
    if (this.state !== 'opening') return;
    this.state = 'open';
    this.peer = peer;
    this.#receiver.opened();
  }

  /** While it is stuck, what the client writes does not arrive. */
  set stuck(stuck: boolean) {
    this.#stuck = stuck;
    this.#platform.event(() => this.#arrive());
  }

  /** Sends bytes to the client, as one chunk. */
  deliver(bytes: Uint8Array): void {
    this.#incoming.push(bytes.slice());
    this.#platform.event(() => this.#read());
  }

  /** The broker closes its side behind what it sent. */
  finish(): void {
    this.#finished = true;
    this.#platform.event(() => this.#read());
  }

  /** The connection is lost at once, with everything that was under way. */
  cut(error?: Error): void {
    this.#close(error);
  }

  #read(): void {
    if (this.paused || this.state === 'closed') return;
    const bytes = this.#incoming.shift();
    if (bytes !== undefined) {
      const end = this.#passing('down', bytes.length);
      if (this.state !== 'ended' && end > 0) this.#receiver.received(bytes, end);
      bytes.fill(0xee); // whoever still looks at it reads nonsense
      this.#platform.event(() => this.#read());
    } else if (this.#finished) this.#close(undefined);
  }

  /** How many of so many bytes get through; the connection is lost behind them where that is not all. */
  #passing(direction: 'up' | 'down', length: number): number {
    const left = this.cutAfter[direction];
    this.cutAfter[direction] -= length;
    if (left < length) this.cut();
    return Math.max(0, Math.min(left, length));
  }

  #close(error: Error | undefined): void {
    if (this.#told) return;
    this.#told = true;
    this.state = 'closed';
    this.#afterClose();
    this.#platform.event(() => {
      this.peer?.closed();
      this.#receiver.closed(error);
    });
  }
}
