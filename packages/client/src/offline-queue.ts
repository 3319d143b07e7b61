import { ReasonCode } from '@cauldron/protocol';
import { clientError } from './error.ts';
import { Fifo } from './fifo.ts';
import type { QueueOptions } from './options.ts';
import type { Outgoing } from './outgoing.ts';

/** Accepted messages that have not been sent, in their order, within the limits of the options. */
export class OfflineQueue {
  /** Bytes of their topics and payloads. */
  bytes = 0;
  /** Messages refused or given up because it was full. */
  dropped = 0;
  readonly #items = new Fifo<Outgoing>();
  readonly #options: QueueOptions;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#items.size;
  }

  get first(): Outgoing | undefined {
    return this.#items.first;
  }

  /**
   * Makes room for a message as the options say.
   *
   * @param fail called for each message that is given up for it, already taken out, or for itself
   * @returns false where it was refused itself
   */
  makeRoom(item: Outgoing, fail: (victim: Outgoing, error: Error) => void): boolean {
    const { maxMessages = 100_000, maxBytes = 67_108_864, whenFull = 'reject' } = this.#options;
    while (this.size >= maxMessages || this.bytes + item.size > maxBytes) {
      this.dropped += 1;
      const mayDrop = whenFull === 'drop-oldest' && item.size <= maxBytes;
      const oldest = mayDrop ? this.shift() : undefined;
      const what = oldest === undefined ? 'a new message was refused' : 'the oldest message was given up';
      const text = `the offline queue is full (${maxMessages} messages or ${maxBytes} bytes), so ${what}; wait for publish() before calling it again, or raise queue.maxMessages and queue.maxBytes`;
      fail(oldest ?? item, clientError('QUEUE_FULL', text, ReasonCode.quotaExceeded));
      if (oldest === undefined) return false;
    }
    return true;
  }

  push(item: Outgoing): void {
    this.#items.push(item);
    this.bytes += item.size;
  }

  shift(): Outgoing | undefined {
    const item = this.#items.shift();
    if (item !== undefined) this.bytes -= item.size;
    return item;
  }

  /** Takes one out, wherever it is; false when it is not there. */
  remove(item: Outgoing): boolean {
    if (!this.#items.remove(item)) return false;
    this.bytes -= item.size;
    return true;
  }

  /** Takes everything out. */
  drain(): Outgoing[] {
    this.bytes = 0;
    return this.#items.drain();
  }
}
