import type { StoreFailure } from '@cauldron/core';
import { type SentFailure, toError } from './thread-messages.ts';

/** Parts of a snapshot, each the reader's own. */
export type SnapshotParts = AsyncGenerator<Uint8Array, void, void>;

/** So low that the thread never waits again. */
const RELEASED = -(2 ** 30);

/** The main thread's end of a snapshot: parts as they come, and the word to the thread that one was worked off. */
export class SnapshotReader {
  /** Parts on their way, see `StoreCommand`. */
  readonly window = new Int32Array(new SharedArrayBuffer(4));
  readonly #parts: Uint8Array[] = [];
  #ended = false;
  #failure: SentFailure | null = null;
  #news: () => void = () => {};
  readonly #start: () => void;

  /** @param start called when the first part is asked for */
  constructor(start: () => void) {
    this.#start = start;
  }

  take(operations: Uint8Array): void {
    this.#parts.push(operations);
    this.#news();
  }

  end(failure: StoreFailure | SentFailure | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure === null ? null : { reason: null, ...failure };
    this.#news();
  }

  /** No part is wanted any more: the thread is not to wait for room. */
  release(): void {
    Atomics.store(this.window, 0, RELEASED);
    Atomics.notify(this.window, 0);
  }

  async *parts(): SnapshotParts {
    this.#start();
    try {
      for (;;) {
        const part = this.#parts.shift();
        if (part !== undefined) {
          yield part;
          Atomics.sub(this.window, 0, 1);
          Atomics.notify(this.window, 0);
        } else if (this.#ended) {
          break;
        } else {
          await new Promise<void>((resolve) => {
            this.#news = resolve;
          });
        }
      }
      if (this.#failure !== null) throw toError(this.#failure);
    } finally {
      this.release();
    }
  }
}
