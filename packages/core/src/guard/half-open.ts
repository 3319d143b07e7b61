import { networkOf } from './remote-address.ts';

/** A connection that waits for its CONNECT, or for the next AUTH of a login in several steps. */
export interface HalfOpen {
  /** Whose it is. */
  readonly remoteAddress: string;
  /** There are too many like it, and it has waited longest: it ends. */
  crowdedOut(limit: number): void;
}

/** A network that holds more than this part of all places crowds out its own first. */
const FAIR_SHARE = 1 / 16;

/**
 * The connections whose CONNECT has not come yet, in the order they came: `limits.maxHalfOpen` of them may wait, so that
 * who opens connections and says nothing takes places only from others that say nothing either. One whose client owes the
 * next step of an enhanced authentication is among them again, and so is one that was refused and does not close its side;
 * those that wait for an authenticator are not.
 *
 * Where all places are taken, a newcomer whose network (IPv4 address, IPv6 /64) holds more than a sixteenth of them takes
 * that of its own oldest: one machine that says nothing, however fast, leaves room for honest clients that are slow.
 */
export class HalfOpenList {
  /** By connection, in the order they came: where each is from. Null = this machine's Unix sockets. */
  readonly #waiting = new Map<HalfOpen, string | null>();
  readonly #byNetwork = new Map<string, Set<HalfOpen>>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** One more waits; where that is one too many, one that has waited longest ends. */
  add(connection: HalfOpen): void {
    const network = networkOf(connection.remoteAddress);
    const neighbours = this.#join(connection, network);
    if (this.#waiting.size <= this.#limit) return;
    const greedy = neighbours !== null && neighbours.size > this.#limit * FAIR_SHARE;
    const [oldest] = greedy ? neighbours : this.#waiting.keys();
    this.remove(oldest!);
    oldest!.crowdedOut(this.#limit);
  }

  #join(connection: HalfOpen, network: string | null): Set<HalfOpen> | null {
    this.#waiting.set(connection, network);
    if (network === null) return null;
    const neighbours = this.#byNetwork.get(network) ?? new Set();
    this.#byNetwork.set(network, neighbours.add(connection));
    return neighbours;
  }

  /** Its CONNECT came, or it is gone. */
  remove(connection: HalfOpen): void {
    const network = this.#waiting.get(connection);
    if (!this.#waiting.delete(connection) || network === null || network === undefined) return;
    const neighbours = this.#byNetwork.get(network)!;
    neighbours.delete(connection);
    if (neighbours.size === 0) this.#byNetwork.delete(network);
  }
}
