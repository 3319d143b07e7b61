import type { Link, LinkReceiver } from '@cauldron/core';

/**
 * A link without a network: what the broker writes is handed to a callback, and a test decides when the peer reads,
 * drains or breaks off.
 */
export class MemoryLink implements Link {
  readonly remoteAddress: string;
  readonly listener = 'memory';
  receiver!: LinkReceiver;
  /** True while the broker does not want to read. */
  paused = false;
  /** True after the broker closed it. */
  ended = false;
  /** While false, what is written stays pending, as with a peer that does not read. */
  reading = true;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #onEnd: () => void;
  #held: Uint8Array[] = [];
  #pending = 0;
  #closed = false;

  /**
   * @param onBytes called with a copy of everything the broker sends
   * @param onEnd called when the broker closed the link
   */
  constructor(onBytes: (bytes: Uint8Array) => void, onEnd: () => void = () => {}, remoteAddress = 'memory:1') {
    this.#onBytes = onBytes;
    this.#onEnd = onEnd;
    this.remoteAddress = remoteAddress;
  }

  get pending(): number {
    return this.#pending;
  }

  take(size: number): Uint8Array {
    return new Uint8Array(size);
  }

  give(): void {}

  write(buffer: Uint8Array, length: number): void {
    this.#send(buffer.slice(0, length));
    // The buffer is the link's again: whoever still uses it reads nonsense.
    buffer.fill(0xee);
  }

  writeShared(bytes: Uint8Array): void {
    this.#send(bytes.slice());
  }

  #send(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.reading) {
      this.#onBytes(bytes);
      return;
    }
    this.#held.push(bytes);
    this.#pending += bytes.length;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
    if (this.#pending === 0) this.#close();
  }

  destroy(): void {
    this.ended = true;
    this.#close();
  }

  /** The peer reads again: everything held goes out. */
  drain(): void {
    this.reading = true;
    const held = this.#held;
    this.#held = [];
    this.#pending = 0;
    for (const bytes of held) this.#onBytes(bytes);
    if (this.ended) this.#close();
    else this.receiver.drained();
  }

  /** Bytes arrive from the peer, in a buffer that is reused afterwards, as a transport's is. */
  feed(bytes: Uint8Array): void {
    if (this.#closed) return;
    const chunk = new Uint8Array(bytes); // a Buffer's own slice would share its memory
    this.receiver.feed(chunk, chunk.length);
    chunk.fill(0xdd);
  }

  /** The peer breaks off, or the network does. */
  cut(error?: Error): void {
    this.#held = [];
    this.#pending = 0;
    this.#close(error);
  }

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onEnd();
    this.receiver.closed(error);
  }
}
