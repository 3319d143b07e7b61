import { Churn } from './churn.ts';
import { tryClosed } from './closed.ts';
import { Histogram } from './histogram.ts';
import { runFor, type Stretch, settle, startMeter } from './meter.ts';
import { publishTemplate, topicRuns } from './packets.ts';
import { eachLimited, Failures, Peer } from './peer.ts';
import { memory, per } from './proc.ts';
import { Publisher } from './publisher.ts';
import type { LoadResult, PublishSpec } from './spec.ts';
import { Subscriber } from './subscriber.ts';
import { MANY_FILTER, manyTopics } from './topics.ts';

const DIALLING = 100;
/** How long the broker may go on delivering after the last publish; later it cannot be told what was dropped. */
const DRAIN_LIMIT_MS = 5000;
const STALL_MS = 1000;
/** At a rate, reads are served after this many writes at the latest, or the generator's own turn would be the latency. */
const MOST_PER_TURN = 32;

/** The broker's and our own counters at one moment. */
interface Counts {
  readonly sent: number;
  readonly received: number;
}

/** Publishers and subscribers, flat out or at a rate. */
export class PublishLoad {
  readonly #spec: PublishSpec;
  readonly #failures = new Failures();
  readonly #notes: string[] = [];
  readonly #latency: Histogram | null;
  readonly #lateness = new Histogram();
  #peers: Peer[] = [];
  #publishers: Publisher[] = [];
  #subscribers: Subscriber[] = [];
  #due = 0;
  #lastReceived = 0;
  #movedAt = 0;
  #writtenOff = 0;
  /** Messages sent at a rate so far; also whose turn it is. */
  #turnOf = 0;

  constructor(spec: PublishSpec) {
    this.#spec = spec;
    this.#latency = spec.rate > 0 ? new Histogram() : null;
  }

  async run(): Promise<LoadResult> {
    const { denied } = this.#spec;
    const closed = denied === null ? {} : { denied_closed: await tryClosed(this.#spec, denied, this.#failures) };
    await this.#connect();
    const churn = this.#spec.churn === null ? null : await Churn.open(this.#spec, this.#spec.churn, this.#failures);
    const figures = churn === null ? await this.#measure() : await this.#measureBeside(churn);
    Object.assign(figures, await this.#drain());
    churn?.close();
    for (const peer of this.#peers) peer.close();
    return { figures: { ...figures, ...closed }, errors: this.#failures.list(), notes: this.#notes };
  }

  async #connect(): Promise<void> {
    const { qos, version, subscribers, publishers, payloadBytes, batch, window, topics } = this.#spec;
    const counting = qos === 0 && this.#latency === null;
    const listening = await eachLimited(subscribers, DIALLING, async (i) => {
      const peer = await this.#open(`bench-s${i}`, counting);
      await peer.subscribe(1, [this.#filter(i)], qos);
      return peer;
    });
    const sending = await eachLimited(publishers, DIALLING, (i) => this.#open(`bench-p${i}`, true));
    this.#peers = [...listening, ...sending];
    this.#subscribers = listening.map((peer) => new Subscriber(peer, version, this.#latency));
    const runs = topics > 1 ? topicRuns(version, manyTopics(topics), payloadBytes, batch) : undefined;
    const refuse = (reason: number): void => this.#failures.add(`the broker refused a PUBLISH with code ${reason}`);
    this.#publishers = sending.map((peer, i) => {
      const template = publishTemplate(version, this.#topic(i), qos, payloadBytes);
      return new Publisher(peer, template, { batch, window, refuse, runs });
    });
  }

  #open(clientId: string, countPublishes: boolean): Promise<Peer> {
    const { host, port, version, webSocket = false } = this.#spec;
    return Peer.open({ host, port, version, clientId, countPublishes, webSocket }, this.#failures);
  }

  #topic(i: number): string {
    return this.#spec.shape === 'fanout' ? 'bench/x' : `bench/${i}`;
  }

  #filter(i: number): string {
    if (this.#spec.topics > 1) return MANY_FILTER;
    return this.#spec.shape === 'fanin' ? 'bench/#' : this.#topic(i);
  }

  async #measure(): Promise<Record<string, number | null>> {
    const { warmup, seconds, brokerPid, rate } = this.#spec;
    await this.#drive(warmup);
    for (const subscriber of this.#subscribers) subscriber.measure();
    const before = this.#counts();
    const stop = startMeter(brokerPid);
    await this.#drive(seconds);
    const stretch = stop();
    const figures = throughput(before, this.#counts(), stretch);
    if (rate > 0) Object.assign(figures, this.#latencies());
    return figures;
  }

  /** The same load alone and beside churn by turns, so that drift of the machine meets both alike. */
  async #measureBeside(churn: Churn): Promise<Record<string, number | null>> {
    const { warmup, seconds } = this.#spec;
    const totals = { alone: { n: 0, s: 0 }, beside: { n: 0, s: 0 } };
    await this.#drive(warmup);
    const answers = churn.acknowledged;
    for (const part of ['alone', 'beside', 'beside', 'alone'] as const) {
      const before = this.#counts().received;
      const started = performance.now();
      const base = churn.issued();
      const beside = (): void => churn.advance((performance.now() - started) / 1000, base);
      await this.#drive(seconds / 2, part === 'beside' ? beside : undefined);
      totals[part].n += this.#counts().received - before;
      totals[part].s += (performance.now() - started) / 1000;
    }
    const alone = totals.alone.n / totals.alone.s;
    const besideRate = totals.beside.n / totals.beside.s;
    return {
      alone_per_s: alone,
      beside_per_s: besideRate,
      churn_cost_percent: alone > 0 ? 100 * (1 - besideRate / alone) : null,
      churn_answers_per_s: (churn.acknowledged - answers) / totals.beside.s,
    };
  }

  async #drive(seconds: number, also?: () => void): Promise<void> {
    const { rate } = this.#spec;
    const started = performance.now();
    const before = this.#due;
    await runFor(seconds, () => {
      also?.();
      if (rate > 0) this.#sendDue(before + ((performance.now() - started) / 1000) * rate);
      else if (this.#hasRoom()) for (const publisher of this.#publishers) publisher.pump();
      if (this.#failures.total > 0) {
        throw new Error(`the load broke down: ${this.#failures.list().join('; ')}`);
      }
    });
    this.#due = before + Math.floor(seconds * rate);
  }

  /** False while more deliveries are outstanding than the load allows; what stalls for long counts as lost. */
  #hasRoom(): boolean {
    const { outstanding } = this.#spec;
    if (outstanding === 0) return true;
    const { sent, received } = this.#counts();
    const now = performance.now();
    if (received !== this.#lastReceived) this.#movedAt = now;
    this.#lastReceived = received;
    const missing = sent * this.#copies() - received - this.#writtenOff;
    if (missing < outstanding) return true;
    if (now - this.#movedAt > STALL_MS) this.#writtenOff += missing;
    return false;
  }

  /** Deliveries of one publish. */
  #copies(): number {
    return this.#spec.shape === 'fanout' ? this.#spec.subscribers : 1;
  }

  #sendDue(due: number): void {
    const behind = due - this.#turnOf;
    if (behind >= 1) this.#lateness.add((behind / this.#spec.rate) * 1e6);
    for (let i = 0; i < MOST_PER_TURN && this.#turnOf < Math.floor(due); i++) {
      this.#publishers[this.#turnOf++ % this.#publishers.length]!.sendStamped(performance.now());
    }
  }

  #counts(): Counts {
    let sent = 0;
    let received = 0;
    for (const publisher of this.#publishers) sent += publisher.sent;
    for (const subscriber of this.#subscribers) received += subscriber.received;
    return { sent, received };
  }

  #latencies(): Record<string, number | null> {
    return {
      p50_us: this.#latency!.percentile(0.5),
      p99_us: this.#latency!.percentile(0.99),
      p999_us: this.#latency!.percentile(0.999),
      late_p99_us: this.#lateness.percentile(0.99),
    };
  }

  /** Stops sending, lets what is under way arrive, and compares the whole run's sums. */
  async #drain(): Promise<Record<string, number | null>> {
    for (const publisher of this.#publishers) publisher.stop();
    const quiet = await settle(() => this.#counts().received, 500, DRAIN_LIMIT_MS);
    const { sent, received } = this.#counts();
    if (!quiet) this.#notes.push(`messages still arrived ${DRAIN_LIMIT_MS / 1000} s after the last was sent`);
    const missing = sent > 0 ? 100 * (1 - received / (sent * this.#copies())) : null;
    const { rssKb, peakKb } = memory(this.#spec.brokerPid);
    return {
      total_sent: sent,
      total_received: received,
      undelivered_percent: quiet ? missing : null,
      rss_mb: per(rssKb, 1024),
      rss_peak_mb: per(peakKb, 1024),
    };
  }
}

function throughput(before: Counts, after: Counts, stretch: Stretch): Record<string, number | null> {
  const sent = after.sent - before.sent;
  const received = after.received - before.received;
  return {
    published_per_s: sent / stretch.seconds,
    delivered_per_s: received / stretch.seconds,
    cpu_us_per_delivery: per(stretch.brokerCpu, received, 1e6),
    broker_cpu_percent: per(stretch.brokerCpu, stretch.seconds, 100),
    load_cpu_percent: (stretch.loadCpu / stretch.seconds) * 100,
  };
}
