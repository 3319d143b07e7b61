import { Crowd } from './crowd.ts';
import { Histogram } from './histogram.ts';
import { runFor, settle, startMeter } from './meter.ts';
import { publishTemplate } from './packets.ts';
import { Failures, Peer } from './peer.ts';
import { per } from './proc.ts';
import { reached } from './progress.ts';
import { Publisher } from './publisher.ts';
import { makeSessions } from './sessions.ts';
import type { BesideSpec, LoadResult } from './spec.ts';
import { Stream } from './stream.ts';

const BATCH = 256;
const TOPIC = 'quick/pair';

/** Twice each, in an order in which drift of the machine meets both alike. */
const ORDER = ['alone', 'beside', 'beside', 'alone'] as const;
type Part = (typeof ORDER)[number];

/** Sums over the stretches of one part. */
interface Sum {
  delivered: number;
  acked: number;
  seconds: number;
  brokerCpu: number;
  readonly latency: Histogram;
}

const emptySums = (): Record<Part, Sum> => {
  const sum = (): Sum => ({ delivered: 0, acked: 0, seconds: 0, brokerCpu: 0, latency: new Histogram() });
  return { alone: sum(), beside: sum() };
};

/** A QoS 0 pair, flat out and at a rate, with and without QoS 1 publishers into sessions that are away. */
export class BesideLoad {
  readonly #spec: BesideSpec;
  readonly #failures = new Failures();
  #crowd!: Crowd;

  constructor(spec: BesideSpec) {
    this.#spec = spec;
  }

  async run(): Promise<LoadResult> {
    const { sessions, share } = this.#spec;
    await makeSessions(this.#spec, sessions, this.#failures);
    this.#crowd = await Crowd.open({ ...this.#spec, topics: sessions }, this.#failures);
    const flat = await this.#flatOut();
    const rate = share * (flat.alone.delivered / flat.alone.seconds);
    const steady = await this.#atRate(rate);
    this.#crowd.close();
    const figures = {
      ...figuresOf('flat', flat),
      ...figuresOf('steady', steady),
      steady_wanted_per_s: rate,
      steady_alone_p99_us: steady.alone.latency.percentile(0.99),
      steady_beside_p99_us: steady.beside.latency.percentile(0.99),
      steady_beside_max_ms: steady.beside.latency.max / 1000,
    };
    return { figures, errors: this.#failures.list(), notes: [] };
  }

  async #flatOut(): Promise<Record<Part, Sum>> {
    const { host, port, payloadBytes, warmup } = this.#spec;
    const options = { host, port, version: 4, countPublishes: true, keepAlive: 0 } as const;
    const listener = await Peer.open({ ...options, clientId: 'bench-quick-s' }, this.#failures);
    await listener.subscribe(1, [TOPIC], 0);
    const peer = await Peer.open({ ...options, clientId: 'bench-quick-p' }, this.#failures);
    const template = publishTemplate(4, TOPIC, 0, payloadBytes);
    const publisher = new Publisher(peer, template, { batch: BATCH, window: 1, refuse: () => {} });
    const pump = (): void => publisher.pump();
    await runFor(warmup, pump);
    const sums = emptySums();
    for (const part of ORDER) await this.#stretch(part, sums[part], () => listener.received, pump);
    await settle(() => listener.received, 200, 5000);
    peer.close();
    listener.close();
    return sums;
  }

  async #atRate(rate: number): Promise<Record<Part, Sum>> {
    const stream = await Stream.open(this.#spec, TOPIC, this.#failures);
    const sums = emptySums();
    const paced = (): (() => void) => {
      const started = performance.now();
      const before = stream.sent;
      return () => {
        const sent = stream.sent - before;
        const due = Math.floor(((performance.now() - started) / 1000) * rate) - sent;
        stream.send(due, started + (1000 * sent) / rate);
      };
    };
    await runFor(this.#spec.warmup, paced());
    for (const part of ORDER) {
      const sum = sums[part];
      stream.latency = sum.latency;
      await this.#stretch(part, sum, () => stream.received, paced());
      stream.latency = null;
    }
    stream.close();
    return sums;
  }

  /** Half of the measured time of one part; the first tenth of a second of each is not counted. */
  async #stretch(part: Part, sum: Sum, received: () => number, turn: () => void): Promise<void> {
    if (part === 'beside') this.#crowd.start();
    await runFor(0.1, turn);
    const before = { received: received(), acked: this.#crowd.acked };
    const stop = startMeter(this.#spec.brokerPid);
    await runFor(this.#spec.seconds / 2, turn);
    const { seconds, brokerCpu } = stop();
    sum.delivered += received() - before.received;
    sum.acked += this.#crowd.acked - before.acked;
    sum.seconds += seconds;
    sum.brokerCpu += brokerCpu ?? Number.NaN;
    this.#crowd.stop();
    if (this.#failures.total > 0) throw new Error(`the load broke down: ${this.#failures.list().join('; ')}`);
    await reached(() => this.#crowd.acked, this.#crowd.sent, this.#failures);
    await settle(received, 100, 2000);
  }
}

function figuresOf(name: string, { alone, beside }: Record<Part, Sum>): Record<string, number | null> {
  const [before, after] = [alone.delivered / alone.seconds, beside.delivered / beside.seconds];
  const percent = (cpu: number, seconds: number): number | null => per(Number.isNaN(cpu) ? null : cpu, seconds, 100);
  return {
    [`${name}_alone_per_s`]: before,
    [`${name}_beside_per_s`]: after,
    [`${name}_kept_percent`]: before > 0 ? (100 * after) / before : null,
    [`${name}_acked_per_s`]: beside.acked / beside.seconds,
    [`${name}_alone_core_percent`]: percent(alone.brokerCpu, alone.seconds),
    [`${name}_beside_core_percent`]: percent(beside.brokerCpu, beside.seconds),
  };
}
