import type { Platform, Transport } from './platform.ts';

/** Bytes gathered at most before they are handed to the transport within a turn. */
const LARGEST = 65_536;
const SMALLEST = 512;
/** Unsent bytes above which whoever publishes should wait. */
export const HIGH_WATER = 262_144;

/** What an outbox needs of its connection. */
export interface OutboxPort {
  /** Called after each write. */
  wrote(): void;
}

/**
 * Gathers what is written in one turn of the event loop into few writes. A buffer lives from the first byte of a turn to
 * its write, so an idle connection holds none.
 */
export class Outbox {
  /** Where the next frame goes: see {@link reserve}. */
  buffer: Uint8Array = EMPTY;
  at = 0;
  readonly #transport: Transport;
  readonly #platform: Platform;
  readonly #port: OutboxPort;
  #size = SMALLEST;
  #scheduled = false;
  #closed = false;

  constructor(transport: Transport, platform: Platform, port: OutboxPort) {
    this.#transport = transport;
    this.#platform = platform;
    this.#port = port;
  }

  /** Bytes that have not left yet. */
  get pending(): number {
    return this.#transport.pending + this.at;
  }

  /** Makes room for `size` bytes at `at` of `buffer`; whoever fills them moves `at` on. */
  reserve(size: number): void {
    if (this.at + size > this.buffer.length) this.#grow(size);
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#platform.defer(this.#flush);
    }
  }

  #grow(size: number): void {
    if (this.at > 0) {
      this.#write();
      this.#size = Math.min(LARGEST, this.#size * 2);
    }
    this.buffer = new Uint8Array(Math.max(size, this.#size));
  }

  /** Appends a frame. */
  append(frame: Uint8Array): void {
    this.reserve(frame.length);
    this.buffer.set(frame, this.at);
    this.at += frame.length;
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** Hands what is gathered to the transport. */
  flush(): void {
    const used = this.at;
    if (used === 0) return;
    this.#write();
    // The next turn probably writes about as much as this one.
    this.#size = Math.max(SMALLEST, Math.min(LARGEST, 2 ** Math.ceil(Math.log2(used))));
  }

  #write(): void {
    const bytes = this.buffer.subarray(0, this.at);
    this.buffer = EMPTY;
    this.at = 0;
    if (this.#closed) return;
    this.#transport.write(bytes);
    this.#port.wrote();
  }

  /** Nothing more is written. */
  close(): void {
    this.#closed = true;
    this.at = 0;
    this.buffer = EMPTY;
  }
}

const EMPTY = new Uint8Array(0);
