import { AckedPublisher, type AckWatch, encodeRun } from './acked.ts';
import { Histogram } from './histogram.ts';
import { eachLimited, type Failures, Peer } from './peer.ts';
import { messagesTo, sessionTopic, topicsOf } from './topics.ts';

const DIALLING = 100;
/** The least time a timer waits. */
const TICK_MS = 1;
/** Messages of one publisher in a row at a rate: with a write and a read for each message the generator is the limit. */
const BURST = 4;

export interface CrowdOptions {
  readonly host: string;
  readonly port: number;
  readonly publishers: number;
  /** Topics over all publishers. */
  readonly topics: number;
  readonly window: number;
  readonly payloadBytes: number;
  readonly retain?: boolean;
}

/** QoS 1 publishers that share their topics among them. */
export class Crowd {
  /** How late messages were sent that were due, in microseconds; only at a rate. */
  readonly lateness = new Histogram();
  readonly #publishers: readonly AckedPublisher[];
  readonly #peers: readonly Peer[];
  readonly #topics: number;
  readonly #watch: AckWatch;
  #timer: NodeJS.Timeout | null = null;
  #turn = 0;

  private constructor(peers: readonly Peer[], options: CrowdOptions, watch: AckWatch) {
    const { publishers, topics, payloadBytes, retain = false, window } = options;
    this.#peers = peers;
    this.#topics = topics;
    this.#watch = watch;
    this.#publishers = peers.map((peer, i) => {
      const run = encodeRun(topicsOf(i, publishers, topics).map(sessionTopic), payloadBytes, retain);
      return new AckedPublisher(peer, run, window, watch);
    });
  }

  static async open(options: CrowdOptions, failures: Failures): Promise<Crowd> {
    const { host, port, publishers } = options;
    const peers = await eachLimited(publishers, DIALLING, (i) =>
      Peer.open({ host, port, version: 4, clientId: `bench-p${i}`, countPublishes: false, keepAlive: 0 }, failures),
    );
    const refused = (reason: number): void => failures.add(`the broker refused a PUBLISH with code ${reason}`);
    return new Crowd(peers, options, { latency: null, refused });
  }

  get sent(): number {
    return this.#publishers.reduce((sum, publisher) => sum + publisher.sent, 0);
  }

  get acked(): number {
    return this.#publishers.reduce((sum, publisher) => sum + publisher.acked, 0);
  }

  /** Times between sending and PUBACK go into `latency` from now on; null: nowhere. */
  measure(latency: Histogram | null): void {
    this.#watch.latency = latency;
  }

  /** Keeps all windows full until `stop`. */
  start(): void {
    for (const publisher of this.#publishers) publisher.start();
  }

  /** Sends `messages` in all, spread evenly, and no more. */
  startUpTo(messages: number): void {
    const each = Math.floor(messages / this.#publishers.length);
    const more = messages - each * this.#publishers.length;
    for (const [i, publisher] of this.#publishers.entries()) publisher.limit = each + (i < more ? 1 : 0);
    this.start();
  }

  /** Sends `rate` messages a second, the publishers in turn, until `stop`. */
  startAtRate(rate: number): void {
    const started = performance.now();
    const before = this.#turn;
    this.#timer = setInterval(() => {
      const due = before + ((performance.now() - started) / 1000) * rate;
      if (due - this.#turn >= 1) this.lateness.add(((due - this.#turn) / rate) * 1e6);
      while (this.#turn < Math.floor(due)) {
        const whose = Math.floor(this.#turn / BURST) % this.#publishers.length;
        const count = Math.min(BURST - (this.#turn % BURST), Math.floor(due) - this.#turn);
        this.#publishers[whose]!.want(count, performance.now());
        this.#turn += count;
      }
    }, TICK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const publisher of this.#publishers) publisher.stop();
  }

  /** Messages sent to topic `n` so far. */
  sentTo(n: number): number {
    return messagesTo(
      n,
      this.#publishers.map(({ sent }) => sent),
      this.#topics,
    );
  }

  close(): void {
    for (const peer of this.#peers) peer.close();
  }
}
