import type { BrokerCore, Metrics } from '@cauldron/core';
import type { HealthSource, ListenerSource, ProcessReading, ProcessSource, StoreSource } from '../ports.ts';
import type { DropReason, Finding, History, Overview, Sample } from '../schema/index.ts';
import type { OverviewService } from '../services.ts';
import { type Found, findingsOf, type LastMinute } from './findings.ts';
import { type Counted, RecentCounters } from './recent-counters.ts';
import type { RecentTrouble } from './trouble.ts';

/** Seconds there are samples of. */
const KEPT = 600;
const SECOND = 1000;
/** Milliseconds a start may keep the event loop busy without that being a finding. */
const START = 5000;

/** What an overview is made of. */
export interface OverviewParts {
  readonly core: BrokerCore;
  /** Milliseconds since 1970, never going back. */
  readonly now: () => number;
  readonly version: string;
  readonly health: HealthSource;
  readonly process: ProcessSource;
  /** Of this broker, as its observer. */
  readonly trouble: RecentTrouble;
  readonly listeners: ListenerSource;
  /** null = everything is in memory. */
  readonly store: StoreSource | null;
  /** Bytes the broker may use (`limits.maxMemory`); null = not watched. */
  readonly memoryLimit: number | null;
}

type StoreStats = StoreSource['stats'];

const DROPS: readonly (readonly [reason: DropReason, counter: Counted])[] = [
  ['slow-consumer', 'droppedSlowConsumer'],
  ['queue-full', 'droppedQueueFull'],
  ['offline', 'droppedOffline'],
  ['expired', 'droppedExpired'],
  ['too-old', 'droppedTooOld'],
  ['too-large', 'droppedTooLarge'],
  ['memory-pressure', 'droppedMemoryPressure'],
  ['lost', 'droppedLost'],
  ['not-allowed', 'droppedNotAllowed'],
];

/**
 * How the broker is: a sample a second of the last ten minutes, and what there is to say about the last minute. All of it
 * takes some tenths of a millisecond a second, whether anybody looks or not.
 */
export class OverviewMonitor implements OverviewService {
  readonly #parts: OverviewParts;
  readonly #startedAt: number;
  readonly #counters = new RecentCounters();
  readonly #samples: Sample[] = [];
  #oldest = 0;
  #current: Sample;
  #before: { readonly at: number; readonly cpu: number } & Totals;
  #nextAt: number;
  #stats: StoreStats | null;
  /** Commits of the store, a second apart: how many there were a minute ago. */
  readonly #commits: { readonly at: number; readonly count: number }[] = [];
  #findings: readonly Finding[] = [];

  constructor(parts: OverviewParts) {
    const now = parts.now();
    this.#parts = parts;
    this.#startedAt = now;
    this.#stats = parts.store?.stats ?? null;
    const reading = parts.process.read();
    this.#before = { at: now, cpu: reading.cpu, ...totalsOf(parts.core.metrics) };
    this.#current = this.#sample(now, reading);
    this.#nextAt = now + SECOND;
    this.#counters.note(parts.core.metrics, now);
  }

  /** Takes a sample where a second is over; to be called at least four times a second. `now` in milliseconds. */
  tick(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = now - this.#nextAt < SECOND ? this.#nextAt + SECOND : now + SECOND;
    const { core, process, store } = this.#parts;
    const reading = process.read();
    this.#stats = store?.stats ?? null;
    if (this.#stats !== null) this.#noteCommits(now, this.#stats.commits);
    this.#current = this.#sample(now, reading);
    this.#before = { at: now, cpu: reading.cpu, ...totalsOf(core.metrics) };
    this.#keep(this.#current);
    this.#counters.note(core.metrics, now);
    this.#find(now);
  }

  overview(): Overview {
    const { core, now: clock, version, health, listeners, memoryLimit } = this.#parts;
    const { metrics, sessions, router, retained, memory } = core;
    const now = clock();
    return {
      version,
      node: process.version,
      pid: process.pid,
      startedAt: this.#startedAt,
      now,
      health: { ok: health.state.ok, findings: this.#allFindings() },
      current: this.#current,
      clients: { connected: metrics.clientsConnected, sessions: sessions.size, maximum: metrics.clientsMaximum },
      retained: { count: retained.countOfUsers, bytes: retained.bytesOfUsers },
      subscriptions: { count: router.subscriptions, shared: router.sharedSubscriptions },
      queue: { messages: metrics.queuedMessages, bytes: metrics.queuedBytes, inflight: metrics.inflightMessages },
      drops: DROPS.map(([reason, counter]) => ({
        reason,
        total: metrics[counter],
        lastMinute: this.#counters.growth(counter, metrics, now),
      })),
      totals: {
        publishIn: metrics.publishReceived,
        publishOut: metrics.publishSent,
        bytesIn: metrics.bytesReceived,
        bytesOut: metrics.bytesSent,
        connectionsAccepted: metrics.connectionsAccepted,
        connectionsRefused: metrics.connectionsRefused,
        protocolErrors: metrics.protocolErrors,
      },
      store: this.#store(),
      memory: {
        resident: this.#current.residentMemory,
        heapUsed: this.#current.heapUsed,
        pressure: memory.level,
        limit: memoryLimit,
      },
      listeners: [...listeners()],
    };
  }

  history(): History {
    return { samples: [...this.#samples.slice(this.#oldest), ...this.#samples.slice(0, this.#oldest)] };
  }

  close(): void {
    this.#parts.process.close();
  }

  #keep(sample: Sample): void {
    if (this.#samples.length < KEPT) {
      this.#samples.push(sample);
      return;
    }
    this.#samples[this.#oldest] = sample;
    this.#oldest = (this.#oldest + 1) % KEPT;
  }

  #sample(now: number, reading: ProcessReading): Sample {
    const { metrics, router, retained } = this.#parts.core;
    const before = this.#before;
    const elapsed = now - before.at;
    const totals = totalsOf(metrics);
    const rate = (key: keyof Totals) => (elapsed === 0 ? 0 : rounded(((totals[key] - before[key]) * 1000) / elapsed));
    const times = this.#stats?.roundTrip;
    return {
      at: now,
      clients: metrics.clientsConnected,
      publishIn: rate('publishIn'),
      publishOut: rate('publishOut'),
      bytesIn: rate('bytesIn'),
      bytesOut: rate('bytesOut'),
      dropped: rate('dropped'),
      retained: retained.countOfUsers,
      subscriptions: router.subscriptions,
      queued: metrics.queuedMessages,
      inflight: metrics.inflightMessages,
      loopDelayP99: reading.loopDelayP99,
      loopDelayMax: reading.loopDelayMax,
      residentMemory: reading.residentMemory,
      heapUsed: reading.heapUsed,
      cpu: elapsed === 0 ? 0 : rounded((reading.cpu - before.cpu) / elapsed),
      commitP50: times === undefined ? null : rounded(times.p50),
      commitP99: times === undefined ? null : rounded(times.p99),
    };
  }

  #store(): Overview['store'] {
    const { core, store } = this.#parts;
    const stats = this.#stats;
    if (store === null || stats === null) return null;
    const failure = core.journal?.failure ?? null;
    return {
      folder: store.folder,
      state: failure === null ? 'ok' : failure.kind === 'full' ? 'full' : 'failing',
      commits: stats.commits,
      commitP50: rounded(stats.roundTrip.p50),
      commitP99: rounded(stats.roundTrip.p99),
      commitMax: rounded(stats.roundTrip.max),
    };
  }

  #noteCommits(at: number, count: number): void {
    this.#commits.push({ at, count });
    while (this.#commits.length > 1 && this.#commits[1]!.at <= at - 60_000) this.#commits.shift();
  }

  // ---- findings

  /** What the health monitor has comes first: it is of now, the rest of the last minute. */
  #allFindings(): Finding[] {
    const healthy = this.#parts.health.state.findings.map(({ code, message, since }): Finding => {
      const { severity, advice } = HEALTH[code] ?? { severity: 'error', advice: null };
      return { code, severity, message, advice, since, clients: [] };
    });
    return [...healthy, ...this.#findings];
  }

  /** A finding is as old as the first of those that followed on each other without a gap. */
  #find(now: number): void {
    const since = new Map(this.#findings.map((finding) => [finding.code, finding.since]));
    this.#findings = findingsOf(this.#lastMinute(now)).map(
      (found: Found): Finding => ({ ...found, since: since.get(found.code) ?? now }),
    );
  }

  #lastMinute(now: number): LastMinute {
    const { core, trouble } = this.#parts;
    const { metrics } = core;
    const minute = this.history().samples.slice(-60);
    const started = minute.filter(({ at }) => at > this.#startedAt + START);
    const stats = this.#stats;
    return {
      growth: (counter) => this.#counters.growth(counter, metrics, now),
      trouble: (kind) => trouble.recent(kind),
      loopDelayMax: started.reduce((most, { loopDelayMax }) => Math.max(most, loopDelayMax), 0),
      cpu: minute.length < 60 ? null : minute.reduce((sum, { cpu }) => sum + cpu, 0) / minute.length,
      commits:
        stats === null
          ? null
          : { count: stats.commits - (this.#commits[0]?.count ?? stats.commits), p99: stats.roundTrip.p99 },
      queuedMessages: metrics.queuedMessages,
    };
  }
}

/** How bad a finding of the health monitor is; most say in their message what to do. */
const HEALTH: Readonly<Record<string, Pick<Finding, 'severity' | 'advice'>>> = {
  'store-full': {
    severity: 'error',
    advice: 'Make room on the disk of data.directory: messages are accepted again by themselves.',
  },
  'store-failing': { severity: 'error', advice: 'Look at the disk of data.directory, and at the log of the broker.' },
  'memory-high': { severity: 'warning', advice: null },
  'memory-critical': { severity: 'error', advice: null },
  'provider-unavailable': { severity: 'error', advice: 'Bring it back: logins work again by themselves.' },
  'audit-failing': { severity: 'error', advice: 'Look at the disk and the permissions of audit.file.' },
  'reload-failed': { severity: 'warning', advice: 'Correct it and reload: what was in force before holds until then.' },
  'dashboards-failing': { severity: 'warning', advice: null },
  'anonymous-exposed': { severity: 'warning', advice: null },
};

interface Totals {
  readonly publishIn: number;
  readonly publishOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly dropped: number;
}

const totalsOf = (metrics: Metrics): Totals => ({
  publishIn: metrics.publishReceived,
  publishOut: metrics.publishSent,
  bytesIn: metrics.bytesReceived,
  bytesOut: metrics.bytesSent,
  dropped: metrics.publishDropped,
});

const rounded = (value: number): number => Math.round(value * 100) / 100;
