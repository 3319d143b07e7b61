import type { BrokerCore, Metrics } from '@cauldron/core';
import { encodeUtf8 } from '@cauldron/protocol';
import type { DashboardCounters } from './admin/ports.ts';
import { LoginCounters } from './auth/authentication-options.ts';
import { LoadAverage } from './load-average.ts';
import type { StoreStats } from './store/worker-store.ts';
import { version } from './version.ts';

/** Counters whose load averages are published, by the topic below `load/`. */
const loads: readonly (readonly [topic: string, counter: (metrics: Metrics) => number])[] = [
  ['messages/received', (m) => m.messagesReceived],
  ['messages/sent', (m) => m.messagesSent],
  ['bytes/received', (m) => m.bytesReceived],
  ['bytes/sent', (m) => m.bytesSent],
  ['publish/received', (m) => m.publishReceived],
  ['publish/sent', (m) => m.publishSent],
  ['publish/dropped', (m) => m.publishDropped],
  ['connections', (m) => m.connectionsAccepted],
];

/**
 * The broker's own numbers below `$SYS/broker`, retained, under the names Mosquitto's users know. A value is published
 * again only when it changed.
 */
export class SysTopics {
  readonly #core: BrokerCore;
  readonly #intervalMs: number;
  readonly #store: { readonly stats: StoreStats } | null;
  readonly #logins: () => LoginCounters;
  readonly #dashboard: () => DashboardCounters | null;
  readonly #published = new Map<string, string>();
  readonly #loads = loads.map(([topic, counter]) => ({ topic, counter, average: new LoadAverage() }));
  #startedAt: number | undefined;
  #lastAt = 0;
  #heapMaximum = 0;

  /**
   * @param intervalSeconds how often to publish, 0 = never
   * @param store null = everything is in memory
   * @param logins what was counted of them
   * @param dashboard what it counts; null = there is none
   */
  constructor(
    core: BrokerCore,
    intervalSeconds: number,
    store: { readonly stats: StoreStats } | null = null,
    logins: () => LoginCounters = () => new LoginCounters(),
    dashboard: () => DashboardCounters | null = () => null,
  ) {
    this.#dashboard = dashboard;
    this.#core = core;
    this.#logins = logins;
    this.#store = store;
    this.#intervalMs = intervalSeconds * 1000;
  }

  /** Publishes when the interval is over. `now` in milliseconds. */
  tick(now: number): void {
    if (this.#intervalMs > 0 && now - this.#lastAt >= this.#intervalMs) this.publish(now);
  }

  /** Publishes what changed. */
  publish(now: number): void {
    if (this.#intervalMs === 0) return;
    this.#startedAt ??= now;
    const elapsed = (now - (this.#lastAt || now)) / 1000;
    this.#lastAt = now;
    for (const [topic, value] of this.#values(now)) this.#set(topic, value);
    for (const { topic, counter, average } of this.#loads) {
      if (elapsed > 0) average.update(counter(this.#core.metrics), elapsed);
      for (const [minutes, perMinute] of average.values()) {
        this.#set(`load/${topic}/${minutes}min`, perMinute.toFixed(2));
      }
    }
  }

  #set(topic: string, value: string): void {
    if (this.#published.get(topic) === value) return;
    this.#published.set(topic, value);
    this.#core.publishSystem(`$SYS/broker/${topic}`, encodeUtf8(value));
  }

  #values(now: number): [topic: string, value: string][] {
    const { metrics, sessions, router, retained } = this.#core;
    const { heapUsed, external } = process.memoryUsage();
    this.#heapMaximum = Math.max(this.#heapMaximum, heapUsed + external);
    const stored = retained.count + metrics.queuedMessages;
    const numbers: [string, number][] = [
      ['clients/total', sessions.size],
      ['clients/connected', metrics.clientsConnected],
      ['clients/disconnected', sessions.size - metrics.clientsConnected],
      ['clients/expired', metrics.sessionsExpired],
      ['clients/maximum', metrics.clientsMaximum],
      ['messages/received', metrics.messagesReceived],
      ['messages/sent', metrics.messagesSent],
      ['messages/stored', stored],
      ['publish/messages/received', metrics.publishReceived],
      ['publish/messages/sent', metrics.publishSent],
      ['publish/messages/dropped', metrics.publishDropped],
      ['bytes/received', metrics.bytesReceived],
      ['bytes/sent', metrics.bytesSent],
      ['publish/bytes/received', metrics.publishBytesReceived],
      ['publish/bytes/sent', metrics.publishBytesSent],
      ['subscriptions/count', router.subscriptions],
      ['shared_subscriptions/count', router.sharedSubscriptions],
      ['retained messages/count', retained.count],
      ['store/messages/count', stored],
      ['store/messages/bytes', retained.bytes + metrics.queuedBytes],
      ...this.#storeNumbers(),
      ...this.#guardNumbers(),
      ...this.#loginNumbers(),
      ...this.#dashboardNumbers(),
      ['heap/current', heapUsed + external],
      ['heap/maximum', this.#heapMaximum],
    ];
    const texts: [string, string][] = [
      ['store/state', this.#storeState()],
      ['guard/memory', this.#core.memory.level],
      ['version', `cauldron version ${version}`],
      ['uptime', `${Math.round((now - this.#startedAt!) / 1000)} seconds`],
    ];
    return [...numbers.map(([topic, value]): [string, string] => [topic, String(value)]), ...texts];
  }
  /** Cauldron's own, below what Mosquitto has there. Times are of the last 2,048 commits, in milliseconds. */
  #storeNumbers(): [string, number][] {
    const { metrics } = this.#core;
    const dropped: [string, number][] = [
      ['store/queue/dropped/full', metrics.droppedQueueFull],
      ['store/queue/dropped/age', metrics.droppedTooOld],
      ['store/queue/refused', metrics.publishesRefusedQueueFull],
    ];
    if (this.#store === null) return dropped;
    const { commits, failedWrites, bytes, roundTrip } = this.#store.stats;
    return [
      ...dropped,
      ['store/refused', metrics.refusedStoreFailing],
      ['store/commits', commits],
      ['store/commits/failed', failedWrites],
      ['store/commits/bytes', bytes],
      ['store/commit/p50', rounded(roundTrip.p50)],
      ['store/commit/p99', rounded(roundTrip.p99)],
      ['store/commit/max', rounded(roundTrip.max)],
    ];
  }

  /** What limits refused, slowed and shed. */
  #guardNumbers(): [string, number][] {
    const { metrics } = this.#core;
    return [
      ['guard/refused/connections', metrics.refusedMaxConnections],
      ['guard/refused/sessions', metrics.refusedMaxSessions],
      ['guard/refused/timeout', metrics.refusedConnectTimeout],
      ['guard/refused/halfopen', metrics.refusedMaxHalfOpen],
      ['guard/refused/rate', metrics.refusedConnectRate],
      ['guard/refused/rate/address', metrics.refusedAddressRate],
      ['guard/refused/banned', metrics.refusedBanned],
      ['guard/refused/memory', metrics.refusedMemoryPressure],
      ['guard/refused/subscriptions', metrics.subscriptionsOverLimit + metrics.subscriptionsOverTotal],
      ['guard/refused/retained', metrics.retainedOverLimit + metrics.retainedOverBytes + metrics.retainedOverClient],
      ['guard/refused/packets', metrics.packetsTooLarge],
      ['guard/bans', metrics.clientsBanned],
      ['guard/throttled', metrics.clientsThrottled],
      ['guard/throttled/disconnected', metrics.disconnectedRate],
      ['guard/dropped/memory', metrics.droppedMemoryPressure],
    ];
  }

  /** Logins, and what rules denied. */
  #dashboardNumbers(): [string, number][] {
    const counters = this.#dashboard();
    if (counters === null) return [];
    return [
      ['guard/dashboard/sessions', counters.sessions],
      ['guard/dashboard/sessions/refused', counters.sessionsRefused],
      ['guard/dashboard/streams', counters.streams],
      ['guard/dashboard/streams/refused', counters.streamsRefused],
    ];
  }

  #loginNumbers(): [string, number][] {
    const { metrics } = this.#core;
    const logins = this.#logins();
    return [
      ['logins/accepted', logins.loginsAccepted],
      ['logins/cached', logins.loginsCached],
      ['logins/refused', logins.loginsRefused],
      ['logins/refused/delayed', logins.loginsDelayed],
      ['logins/refused/busy', logins.loginsBusy],
      ['logins/refused/timeout', logins.loginsTimedOut],
      ['logins/unavailable', logins.providerUnavailable],
      ['logins/expired', metrics.loginsExpired],
      ['logins/refused/owner', metrics.refusedOtherOwner],
      ['denied/publish', metrics.publishesDenied],
      ['denied/subscribe', metrics.subscriptionsDenied],
      ['denied/will', metrics.willsDenied],
      ['denied/receive', metrics.droppedNotAllowed],
    ];
  }

  #storeState(): string {
    const { journal } = this.#core;
    if (journal === null) return 'memory';
    if (journal.failure === null) return 'ok';
    return journal.failure.kind === 'full' ? 'full' : 'failing';
  }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
