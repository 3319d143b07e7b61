import { Histogram } from './histogram.ts';
import { sleep } from './meter.ts';
import { type PublishTemplate, publishTemplate } from './packets.ts';
import { type Failures, Peer } from './peer.ts';
import { Subscriber } from './subscriber.ts';

/** A new connection every so often: a limit of connections a second is not what is tried here. */
const DIAL_MS = 12;
const TICK_MS = 1;
const IDS = 65_535;

interface Pair {
  readonly publisher: Peer;
  readonly template: PublishTemplate;
  packetId: number;
}

/** Where microseconds go. */
interface Readings {
  /** From sending to arrival. */
  readonly latency: Histogram;
  /** From when a message was due until it was sent: the generator's own share. */
  readonly lateness: Histogram;
}

export interface BystandersOptions {
  readonly host: string;
  readonly port: number;
  readonly pairs: number;
  /** Messages a second over all pairs. */
  readonly rate: number;
  readonly payloadBytes: number;
}

/**
 * Pairs of clients that behave: half of them send at QoS 0, half at QoS 1, by the clock and all in turn. They sleep in
 * between, so that an attacker on the same core gets what they leave.
 */
export class Bystanders {
  sent = 0;
  #readings: Readings = { latency: new Histogram(), lateness: new Histogram() };
  readonly #pairs: readonly Pair[];
  readonly #subscribers: readonly Subscriber[];
  readonly #listeners: readonly Peer[];
  readonly #rate: number;
  #timer: NodeJS.Timeout | null = null;

  private constructor(pairs: readonly Pair[], listeners: readonly Peer[], rate: number) {
    this.#pairs = pairs;
    this.#listeners = listeners;
    this.#rate = rate;
    const latency = { add: (microseconds: number): void => this.#readings.latency.add(microseconds) };
    this.#subscribers = listeners.map((peer) => new Subscriber(peer, 4, latency));
    for (const subscriber of this.#subscribers) subscriber.measure();
  }

  static async open(options: BystandersOptions, failures: Failures): Promise<Bystanders> {
    const { host, port, rate, payloadBytes } = options;
    const pairs: Pair[] = [];
    const listeners: Peer[] = [];
    const connect = async (clientId: string): Promise<Peer> => {
      await sleep(DIAL_MS);
      return Peer.open({ host, port, version: 4, clientId, countPublishes: false, keepAlive: 0 }, failures);
    };
    for (let i = 0; i < options.pairs; i++) {
      const qos = i % 2;
      const listener = await connect(`bench-s${i}`);
      await listener.subscribe(1, [`bench/${i}`], qos);
      listeners.push(listener);
      const publisher = await connect(`bench-p${i}`);
      pairs.push({ publisher, template: publishTemplate(4, `bench/${i}`, qos, payloadBytes), packetId: 0 });
    }
    return new Bystanders(pairs, listeners, rate);
  }

  get received(): number {
    return this.#subscribers.reduce((sum, subscriber) => sum + subscriber.received, 0);
  }

  measureInto(readings: Readings): void {
    this.#readings = readings;
  }

  start(): void {
    const started = performance.now();
    const before = this.sent;
    this.#timer = setInterval(() => {
      const due = before + ((performance.now() - started) / 1000) * this.#rate;
      if (due - this.sent >= 1) this.#readings.lateness.add(((due - this.sent) / this.#rate) * 1e6);
      while (this.sent < Math.floor(due)) this.#send(this.#pairs[this.sent++ % this.#pairs.length]!);
    }, TICK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  close(): void {
    this.stop();
    for (const { publisher } of this.#pairs) publisher.close();
    for (const listener of this.#listeners) listener.close();
  }

  #send(pair: Pair): void {
    const { template, publisher } = pair;
    const bytes = Buffer.from(template.bytes);
    if (template.idAt > 0) {
      pair.packetId = (pair.packetId % IDS) + 1;
      bytes.writeUInt16BE(pair.packetId, template.idAt);
    }
    bytes.writeDoubleLE(performance.now(), template.payloadAt);
    publisher.socket.write(bytes);
  }
}
