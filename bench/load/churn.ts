import { subscribePacket, unsubscribePacket } from './packets.ts';
import { eachLimited, type Failures, Peer } from './peer.ts';
import type { ChurnSpec, PublishSpec } from './spec.ts';

/** A subscription lives for this many others before it is taken back. */
const LIFE = 100;

/** Subscribes and unsubscribes at a steady rate, with filters that match none of the load's topics. */
export class Churn {
  acknowledged = 0;
  readonly #spec: ChurnSpec;
  readonly #version: 4 | 5;
  readonly #peers: Peer[];
  #issued = 0;

  private constructor(spec: ChurnSpec, version: 4 | 5, peers: Peer[]) {
    this.#spec = spec;
    this.#version = version;
    this.#peers = peers;
    for (const peer of peers) peer.onFrame = (buffer, start) => this.#answered(buffer[start]! >> 4);
  }

  static async open(load: PublishSpec, spec: ChurnSpec, failures: Failures): Promise<Churn> {
    const { host, port, version } = load;
    const peers = await eachLimited(spec.clients, 10, (i) =>
      Peer.open({ host, port, version, clientId: `bench-c${i}`, countPublishes: true }, failures),
    );
    return new Churn(spec, version, peers);
  }

  /** Issues what is due `elapsed` seconds after this stretch's start, when `issued()` was `base`. */
  advance(elapsed: number, base: number): void {
    const due = base + Math.floor(elapsed * this.#spec.perSecond);
    while (this.#issued < due) this.#step(this.#issued++);
  }

  issued(): number {
    return this.#issued;
  }

  close(): void {
    for (const peer of this.#peers) peer.close();
  }

  #step(n: number): void {
    this.#peer(n).socket.write(subscribePacket(this.#version, 1 + (n % 30000), [this.#filter(n)], 0));
    const old = n - LIFE;
    if (old < 0) return;
    this.#peer(old).socket.write(unsubscribePacket(this.#version, 30001 + (n % 30000), [this.#filter(old)]));
  }

  #peer(n: number): Peer {
    return this.#peers[n % this.#peers.length]!;
  }

  /** Half of the filters share the load's first topic level, so that only a fine-grained cache keeps its entries. */
  #filter(n: number): string {
    const root = n % 2 === 0 ? 'bench' : 'churn';
    return this.#spec.filters === 'exact' ? `${root}/away/${n}` : `${root}/+/away/${n}/#`;
  }

  #answered(type: number): void {
    if (type === 9 || type === 11) this.acknowledged++;
  }
}
