import { readFileSync, rmSync } from 'node:fs';
import { runFor, sleep, startMeter } from './meter.ts';
import { publishTemplate } from './packets.ts';
import { eachLimited, Failures, Peer } from './peer.ts';
import { difference, memory, per } from './proc.ts';
import type { LoadResult, SubscriptionsSpec } from './spec.ts';
import { filtersOf, MATCHES, spread, topicName } from './topics.ts';

const FILTERS_PER_PACKET = 100;
const PUBLISHES_PER_WRITE = 32;
/** Publishes whose deliveries are outstanding, over all publishers. */
const WINDOW = 1024;
/** After this long without a delivery what is outstanding counts as lost. */
const STALL_MS = 1000;
const PROBE_LIMIT_MS = 20_000;

/** Many subscriptions: what they take in memory and what a publish costs among them. */
export class SubscriptionsLoad {
  readonly #spec: SubscriptionsSpec;
  readonly #failures = new Failures();
  readonly #topics: number;
  #clients: Peer[] = [];
  #publishers: Peer[] = [];
  #packets: Buffer[] = [];
  #sent = 0;
  #writtenOff = 0;

  constructor(spec: SubscriptionsSpec) {
    this.#spec = spec;
    this.#topics = Math.floor(spec.subscriptions / MATCHES);
  }

  async run(): Promise<LoadResult> {
    const { clients, publishers, subscriptions, brokerPid, hotTopics, version } = this.#spec;
    this.#clients = await eachLimited(clients, 50, (i) => this.#open(`bench-s${i}`));
    this.#publishers = await eachLimited(publishers, 50, (i) => this.#open(`bench-p${i}`));
    const heapBefore = await this.#heapBytes();
    const before = memory(brokerPid).rssKb;
    const seconds = await this.#subscribeAll();
    const after = memory(brokerPid).rssKb;
    const heapAfter = await this.#heapBytes();
    this.#packets = Array.from({ length: this.#topics }, (_, n) => publishTemplate(version, topicName(n), 0, 16).bytes);
    const hot = await this.#publish(Math.min(hotTopics, this.#topics), 'hot');
    const uniform = await this.#publish(this.#topics, 'uniform');
    const figures = {
      subscribes_per_s: subscriptions / seconds,
      rss_bytes_per_subscription: per(difference(after, before), subscriptions, 1024),
      heap_bytes_per_subscription: per(difference(heapAfter, heapBefore), subscriptions),
      ...hot,
      ...uniform,
      rss_peak_mb: per(memory(brokerPid).peakKb, 1024),
    };
    for (const peer of [...this.#clients, ...this.#publishers]) peer.close();
    return { figures, errors: this.#failures.list(), notes: [] };
  }

  #open(clientId: string): Promise<Peer> {
    const { host, port, version } = this.#spec;
    // Subscribing to very many filters may take longer than a keep alive, during which nothing else is sent.
    return Peer.open({ host, port, version, clientId, countPublishes: true, keepAlive: 0 }, this.#failures);
  }

  async #subscribeAll(): Promise<number> {
    const { clients, subscriptions } = this.#spec;
    const started = performance.now();
    await eachLimited(clients, clients, async (i) => {
      let filters: string[] = [];
      let id = 1;
      for (const filter of filtersOf(i, clients, subscriptions)) {
        filters.push(filter);
        if (filters.length < FILTERS_PER_PACKET) continue;
        await this.#clients[i]!.subscribe(id++, filters, 0);
        filters = [];
      }
      if (filters.length > 0) await this.#clients[i]!.subscribe(id, filters, 0);
    });
    return (performance.now() - started) / 1000;
  }

  async #publish(topics: number, name: string): Promise<Record<string, number | null>> {
    const { warmup, seconds, brokerPid } = this.#spec;
    const pick = spread(1);
    const step = this.#stepper(() => pick(topics));
    await runFor(warmup, step);
    const sent = this.#sent;
    const received = this.#received();
    const lost = this.#writtenOff;
    const stop = startMeter(brokerPid);
    await runFor(seconds, step);
    const { seconds: took, brokerCpu } = stop();
    const publishes = this.#sent - sent;
    const missing = (this.#writtenOff - lost) / MATCHES;
    return {
      [`${name}_cpu_us_per_publish`]: per(brokerCpu, publishes, 1e6),
      [`${name}_published_per_s`]: publishes / took,
      [`${name}_delivered_per_s`]: (this.#received() - received) / took,
      [`${name}_undelivered_percent`]: publishes > 0 ? (100 * missing) / publishes : null,
    };
  }

  /** Keeps up to WINDOW publishes outstanding, judged by the deliveries that came back. */
  #stepper(pick: () => number): () => void {
    let lastReceived = this.#received();
    let movedAt = performance.now();
    return () => {
      const received = this.#received();
      const now = performance.now();
      if (received !== lastReceived) movedAt = now;
      lastReceived = received;
      const outstanding = this.#sent * MATCHES - received - this.#writtenOff;
      if (now - movedAt > STALL_MS && outstanding > 0) {
        this.#writtenOff += outstanding;
        movedAt = now;
      }
      let room = WINDOW - outstanding / MATCHES;
      for (let i = 0; i < this.#publishers.length && room >= PUBLISHES_PER_WRITE; i++) {
        const socket = this.#publishers[i]!.socket;
        if (socket.writableLength > 0) continue;
        const batch = Array.from({ length: PUBLISHES_PER_WRITE }, () => this.#packets[pick()]!);
        socket.write(Buffer.concat(batch));
        this.#sent += PUBLISHES_PER_WRITE;
        room -= PUBLISHES_PER_WRITE;
      }
      if (this.#failures.total > 0) throw new Error(`the load broke down: ${this.#failures.list().join('; ')}`);
    };
  }

  #received(): number {
    let sum = 0;
    for (const peer of this.#clients) sum += peer.received;
    return sum;
  }

  /** Heap in use after a full collection, from a broker started under the gc probe; null from any other. */
  async #heapBytes(): Promise<number | null> {
    const { probeFile, brokerPid } = this.#spec;
    if (probeFile === null || brokerPid === null) return null;
    await sleep(300);
    rmSync(probeFile, { force: true });
    process.kill(brokerPid, 'SIGUSR2');
    const limit = performance.now() + PROBE_LIMIT_MS;
    while (performance.now() < limit) {
      await sleep(50);
      const answer = readAnswer(probeFile);
      if (answer !== null) return answer;
    }
    this.#failures.add(`the broker's heap probe did not answer within ${PROBE_LIMIT_MS / 1000} s`);
    return null;
  }
}

function readAnswer(file: string): number | null {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { heapBytes: number }).heapBytes;
  } catch {
    // Not written yet, or only in part: the caller asks again until its limit.
    return null;
  }
}
