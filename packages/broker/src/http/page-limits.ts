import { networkOf, TokenBucket } from '@cauldron/core';
import type { Answer } from './answer.ts';

/** Connections at the same time that have asked for a page, and none of them for WebSocket: 503 beyond. */
export const MAX_PAGE_CONNECTIONS = 256;
/** The same from one address (of IPv6: one /64 network). */
export const MAX_PAGE_CONNECTIONS_PER_ADDRESS = 64;
/** Requests a second from one address: 429 beyond, a second late. */
export const MAX_REQUEST_RATE = 200;
/** Requests of one connection that wait for their answers: it is closed beyond. Browsers send one, and wait. */
export const MAX_WAITING_REQUESTS = 16;

/** Addresses whose rates are remembered at most. */
const MOST_ADDRESSES = 10_000;

interface Seen {
  connections: number;
  readonly bucket: TokenBucket;
}

/** How much pages may ask of a listener, so that its clients do not wait for them. Time comes in. */
export class PageLimits {
  /** By network; in the order in which they were seen last. */
  readonly #seen = new Map<string, Seen>();
  #connections = 0;

  /** Networks that are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  /**
   * A connection asks for its first page.
   *
   * @param address `host:port`
   * @returns why it may not; null = it may, and {@link PageLimits.leave} is to be called when it is gone
   */
  enter(address: string, now: number): Answer | null {
    const seen = this.#see(partyOf(address), now);
    if (this.#connections >= MAX_PAGE_CONNECTIONS) return tooMany(`${MAX_PAGE_CONNECTIONS} connections`);
    if (seen.connections >= MAX_PAGE_CONNECTIONS_PER_ADDRESS) {
      return tooMany(`${MAX_PAGE_CONNECTIONS_PER_ADDRESS} connections from this address`);
    }
    seen.connections += 1;
    this.#connections += 1;
    return null;
  }

  /** A connection that entered is gone. */
  leave(address: string): void {
    const seen = this.#seen.get(partyOf(address));
    if (seen !== undefined) seen.connections -= 1;
    this.#connections -= 1;
  }

  /** Counts a request. Returns why it is too much; null = it is not. */
  request(address: string, now: number): Answer | null {
    const { bucket } = this.#see(partyOf(address), now);
    if (bucket.tokens < 1) return TOO_OFTEN;
    bucket.take(1);
    return null;
  }

  #see(network: string, now: number): Seen {
    const seen = this.#seen.get(network) ?? { connections: 0, bucket: new TokenBucket(MAX_REQUEST_RATE, now) };
    seen.bucket.refill(now);
    this.#seen.delete(network);
    this.#seen.set(network, seen);
    for (const [oldest, { connections, bucket }] of this.#seen) {
      if (connections > 0 || oldest === network) continue;
      if (!bucket.refill(now) && this.#seen.size <= MOST_ADDRESSES) break;
      this.#seen.delete(oldest);
    }
    return seen;
  }
}

/** Who speaks, as far as an address tells. */
const partyOf = (address: string): string => networkOf(address) ?? 'unknown';

const tooMany = (who: string): Answer => ({
  status: 503,
  reason: `${who} ask for pages already. Try again in a moment.`,
  headers: { 'Retry-After': '5' },
});

const TOO_OFTEN: Answer = {
  status: 429,
  reason: `More than ${MAX_REQUEST_RATE} requests a second come from this address. Ask less often.`,
  headers: { 'Retry-After': '1' },
};
