import { Crowd } from './crowd.ts';
import { type FsyncTimes, timeFsync, watchFsync } from './fsync.ts';
import { Histogram, percentileOf } from './histogram.ts';
import { type Stretch, settle, sleep, startMeter } from './meter.ts';
import { Failures, type Peer } from './peer.ts';
import { bytesWritten, difference, memory, per } from './proc.ts';
import { reached, runBy } from './progress.ts';
import { makeSessions, makeSubscribers, openSession } from './sessions.ts';
import type { LoadResult, QueueSpec } from './spec.ts';
import type { Subscriber } from './subscriber.ts';

const QUIET_FSYNCS = 200;
/** Sessions that are brought back at the end to count what waited for them. */
const CHECKED_SESSIONS = 10;
/** Above this share of its core a process is busy all the time. */
const BUSY_PERCENT = 85;

/** QoS 1 publishers into durable sessions: acknowledgements a second and how long each took, beside the disk's fsync. */
export class QueueLoad {
  readonly #spec: QueueSpec;
  readonly #failures = new Failures();
  readonly #latency = new Histogram();
  readonly #notes: string[] = [];
  #subscribers: [Peer, Subscriber][] = [];

  constructor(spec: QueueSpec) {
    this.#spec = spec;
  }

  async run(): Promise<LoadResult> {
    const { folder, sessions, online, publishers, window } = this.#spec;
    const quiet = timeFsync(folder, QUIET_FSYNCS);
    if (online) this.#subscribers = await makeSubscribers(this.#spec, sessions, this.#failures);
    else await makeSessions(this.#spec, sessions, this.#failures);
    const crowd = await Crowd.open({ ...this.#spec, topics: sessions }, this.#failures);
    const figures = await this.#measure(crowd);
    crowd.stop();
    const lacking = await reached(() => crowd.acked, crowd.sent, this.#failures);
    if (!lacking) this.#failures.add(`${crowd.sent - crowd.acked} messages were never acknowledged`);
    Object.assign(figures, await this.#check(crowd));
    crowd.close();
    await sleep(1000);
    Object.assign(figures, ownFsync([...quiet, ...timeFsync(folder, QUIET_FSYNCS)], figures.puback_p99_us ?? null));
    figures.outstanding = publishers * window;
    return { figures, errors: this.#failures.list(), notes: this.#notes };
  }

  async #measure(crowd: Crowd): Promise<Record<string, number | null>> {
    const { warmup, seconds, rate, brokerPid, folder } = this.#spec;
    if (rate > 0) crowd.startAtRate(rate);
    else crowd.start();
    await runBy(warmup, this.#failures);
    crowd.measure(this.#latency);
    const before = { acked: crowd.acked, received: this.#received(), written: bytesWritten(brokerPid) };
    const stopFsync = watchFsync(folder);
    const stop = startMeter(brokerPid);
    await runBy(seconds, this.#failures);
    const stretch = stop();
    const acked = crowd.acked - before.acked;
    const written = difference(bytesWritten(brokerPid), before.written);
    const received = this.#received() - before.received;
    crowd.measure(null);
    const figures = { ...this.#rates(acked, received, stretch), written_bytes_per_message: per(written, acked) };
    const lateness = rate > 0 ? { late_p99_us: crowd.lateness.percentile(0.99) } : {};
    return { ...figures, ...lateness, ...loadedFsync(await stopFsync(), figures.puback_p99_us) };
  }

  #rates(acked: number, received: number, { seconds, brokerCpu, loadCpu }: Stretch) {
    const own = (100 * loadCpu) / seconds;
    const broker = per(brokerCpu, seconds, 100);
    if (own > BUSY_PERCENT && broker !== null && broker < BUSY_PERCENT) {
      this.#notes.push('the load generator was busier than the broker and may have been the limit');
    }
    return {
      acked_per_s: acked / seconds,
      delivered_per_s: this.#spec.online ? received / seconds : null,
      puback_p50_us: this.#latency.percentile(0.5),
      puback_p99_us: this.#latency.percentile(0.99),
      puback_p999_us: this.#latency.percentile(0.999),
      broker_core_percent: broker,
      load_core_percent: own,
      cpu_us_per_ack: per(brokerCpu, acked, 1e6),
      rss_mb: per(memory(this.#spec.brokerPid).rssKb, 1024),
    };
  }

  /** What was acknowledged and does not arrive: over all messages where the clients are online, else in some sessions. */
  async #check(crowd: Crowd): Promise<Record<string, number | null>> {
    const { online, sessions } = this.#spec;
    const count = online ? sessions : Math.min(sessions, CHECKED_SESSIONS);
    if (!online) {
      for (let i = 0; i < count; i++) this.#subscribers.push(await openSession(this.#spec, i, this.#failures));
    }
    let expected = 0;
    for (let i = 0; i < count; i++) expected += crowd.sentTo(i);
    await reached(() => this.#received(), expected, this.#failures, 5000);
    await settle(() => this.#received(), 200, 5000);
    for (const [peer] of this.#subscribers) peer.close();
    const { rssKb, peakKb } = memory(this.#spec.brokerPid);
    return {
      checked_messages: expected,
      missing_percent: expected > 0 ? 100 * (1 - this.#received() / expected) : null,
      rss_end_mb: per(rssKb, 1024),
      rss_peak_mb: per(peakKb, 1024),
    };
  }

  #received(): number {
    return this.#subscribers.reduce((sum, [, subscriber]) => sum + subscriber.received, 0);
  }
}

/** The disk's fdatasync with nothing else going on, before and after the load. */
function ownFsync(times: FsyncTimes, p99: number | null): Record<string, number | null> {
  const [middle, slow] = [percentileOf(times, 0.5), percentileOf(times, 0.99)];
  return { fsync_p50_us: middle, fsync_p99_us: slow, p99_in_fsyncs: inTimesOf(p99, middle) };
}

/** The disk's fdatasync as any other program meets it while the load runs. */
function loadedFsync(times: FsyncTimes, p99: number | null): Record<string, number | null> {
  const [middle, slow] = [percentileOf(times, 0.5), percentileOf(times, 0.99)];
  return {
    fsync_load_p50_us: middle,
    fsync_load_p99_us: slow,
    p99_in_load_fsyncs: inTimesOf(p99, middle),
    p99_in_slow_fsyncs: inTimesOf(p99, slow),
  };
}

const inTimesOf = (value: number | null, unit: number | null): number | null =>
  value === null || unit === null ? null : value / unit;
