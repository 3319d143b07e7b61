/** Lets a few password checks run at once, and the addresses that wait take turns. */
import { networkOf } from '../network-of.ts';

export interface HashingGateOptions {
  /**
   * Checks that run at the same time. Two of the four threads that Node has by default: the others serve files and
   * names meanwhile.
   */
  readonly concurrency?: number;
}

interface Waiting {
  readonly start: () => void;
  readonly isOver: () => boolean;
}

/**
 * A gate in front of slow work. Work of one network (an address, or the /64 of an IPv6 one) runs in its order; between networks the gate goes round, so
 * somebody with a thousand logins waiting delays another address by one of them at most, and not by a thousand.
 *
 * How many may wait in all is bounded by who hands out the work: the chain of providers.
 *
 * @example await new HashingGate().run('192.0.2.7:50312', async () => 'checked') // 'checked'
 */
export class HashingGate {
  readonly #concurrency: number;
  /** By network, in the order of their turns. */
  readonly #queues = new Map<string, Waiting[]>();
  /** Signals of work that was not begun, given up or not. */
  readonly #unbegun = new WeakSet<AbortSignal>();
  #running = 0;

  constructor({ concurrency = 2 }: HashingGateOptions = {}) {
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new RangeError(`concurrency must be a whole number of at least 1, not ${concurrency}`);
    }
    this.#concurrency = concurrency;
  }

  /** Work that runs now. */
  get running(): number {
    return this.#running;
  }

  /** Work that waits, what was given up meanwhile included until its turn comes. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.length;
    return count;
  }

  /** Whether work with this signal waits for its turn, or was given up before that came. */
  isWaiting(signal: AbortSignal): boolean {
    return this.#unbegun.has(signal);
  }

  /**
   * Runs the work when its turn comes, and answers what it does.
   *
   * @param address of the peer, with or without a port
   * @param signal aborted while the work waits: it is not begun, and the answer rejects with the signal's reason
   */
  run<T>(address: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      let isOver = false;
      const giveUp = () => {
        isOver = true;
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      const start = () => {
        signal?.removeEventListener('abort', giveUp);
        if (signal !== undefined) this.#unbegun.delete(signal);
        // A work that throws at once must leave the gate as one that rejects does.
        Promise.resolve()
          .then(work)
          .finally(() => this.#leave())
          .then(resolve, reject);
      };
      if (signal !== undefined) this.#unbegun.add(signal);
      this.#enter(networkOf(address), { start, isOver: () => isOver });
    });
  }

  #enter(key: string, waiting: Waiting): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [waiting]);
    else queue.push(waiting);
    this.#startWaiting();
  }

  #leave(): void {
    this.#running -= 1;
    this.#startWaiting();
  }

  #startWaiting(): void {
    while (this.#running < this.#concurrency) {
      const next = this.#next();
      if (next === undefined) return;
      if (next.isOver()) continue;
      this.#running += 1;
      next.start();
    }
  }

  /** The first of the address whose turn it is, which then goes to the end. */
  #next(): Waiting | undefined {
    for (const [key, queue] of this.#queues) {
      const next = queue.shift()!;
      this.#queues.delete(key);
      if (queue.length > 0) this.#queues.set(key, queue);
      return next;
    }
    return undefined;
  }
}
