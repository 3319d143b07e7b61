import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { BrokerCore, type Interceptor, type Metrics } from '@cauldron/core';
import { MqttError, type Properties, type QoS, ReasonCode, topicFilterProblem } from '@cauldron/protocol';
import type { AccessClient, Action, AuthorizationOptions, Explanation } from './access/index.ts';
import type { LoginCounters } from './auth/authentication-options.ts';
import type { BrokerOptions, ListenAddress, PublishOptions, ReloadOptions, ReloadReport } from './broker-options.ts';
import type { Clock } from './clock.ts';
import { type Config, type ConfigInput, type ListenerConfig, parseConfig, plain } from './config/index.ts';
import { anonymousFinding, type Exposure } from './exposure.ts';
import type { Health, HealthMonitor } from './health.ts';
import { LocalSubscription, type MessageHandler } from './local-subscription.ts';
import type { Logger } from './log.ts';
import { type MemoryFinding, MemoryMonitor } from './memory-monitor.ts';
import type { OpenedStore } from './store/open-store.ts';
import { StoreKeeper } from './store-keeper.ts';
import { SysTopics } from './sys-topics.ts';
import type { Listener } from './transport/listener.ts';
import { version } from './version.ts';
import type { DashboardServer } from './wiring/admin.ts';
import { coreOptionsOf } from './wiring/core-options.ts';
import { dashboardUrlOf, servesDashboard } from './wiring/dashboard-listeners.ts';
import { describeError } from './wiring/describe-error.ts';
import { type History, historyOf } from './wiring/history.ts';
import { type ListenerReload, Listeners } from './wiring/listeners.ts';
import { type BrokerEvents, type ObserverParts, observerOf, type Tell } from './wiring/observer.ts';
import type { Actor, Security } from './wiring/security.ts';

/** How often time moves on in the core, milliseconds: the grain of keep alive and expiry. */
const TICK = 250;
/** Milliseconds without a tick after which the process stood still. */
const STOOD_STILL = 1000;
/** How long clients may take to get their DISCONNECT when the broker stops, milliseconds. */
const CLOSE_WITHIN = 2000;
/** How long the store may take to write what is left, and then to close, when the broker stops; milliseconds. */
const CLOSE_STORE_WITHIN = 5000;

/** What a broker is made of beside its core; `createBroker` opens it. */
export interface BrokerParts {
  readonly log: Logger;
  readonly now: Clock;
  readonly health: HealthMonitor;
  readonly security: Security;
  readonly exposure: Exposure;
  /** Where data is kept, the broker's from here on; null = in memory. */
  readonly opened: OpenedStore | null;
}

/**
 * A running MQTT broker.
 *
 * @example
 * const broker = await createBroker({ listeners: [{ port: 0 }] });
 * const stop = broker.subscribe('greetings/#', (message) => console.log(message.topic));
 * broker.publish('greetings/world', 'hello');
 * await broker.close();
 */
export class Broker extends EventEmitter<BrokerEvents> {
  readonly config: Config;
  readonly core: BrokerCore;
  readonly #log: Logger;
  readonly #now: Clock;
  readonly #listeners: Listeners;
  readonly #interceptors: Interceptor[];
  readonly #sys: SysTopics;
  readonly #health: HealthMonitor;
  readonly #keeper: StoreKeeper | null;
  readonly #security: Security;
  readonly #memory: MemoryMonitor;
  readonly #exposure: Exposure;
  readonly #options: BrokerOptions;
  readonly #history: History | null;
  #dashboard: DashboardServer | null = null;
  #dashboardUrl: string | null = null;
  #ticking: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  /** Use `createBroker`, which also opens the store and the listeners. */
  constructor(config: Config, options: BrokerOptions, parts: BrokerParts) {
    super();
    const { log, now, health, security, opened, exposure } = parts;
    this.config = config;
    this.#options = options;
    this.#log = log;
    this.#now = now;
    this.#health = health;
    this.#security = security;
    this.#exposure = exposure;
    health.onChange((state) => this.#tell('health', state));
    this.#interceptors = [...(options.interceptors ?? [])];
    this.#keeper = opened && new StoreKeeper(opened, log, health);
    const tell: Tell = (event, ...args) => this.#tell(event, ...args);
    const ruleOf: ObserverParts['ruleOf'] = (...asked) => security.ruleOf(...asked);
    this.#history = historyOf(config, now);
    const history = this.#history === null ? [] : [this.#history.events, this.#history.trouble];
    const flush = () => this.core.flush();
    this.core = new BrokerCore(
      coreOptionsOf(config, opened !== null),
      {
        scheduler: {
          requestFlush: () => setImmediate(flush),
          after: (milliseconds, then) => setTimeout(then, milliseconds),
        },
        authenticator: security.authenticator,
        authorizer: security.authorizer,
        interceptors: this.#interceptors,
        observer: observerOf({ log, security: security.log, health, keeper: this.#keeper, now, tell, ruleOf, history }),
        store: this.#keeper?.store ?? null,
      },
      now(),
    );
    security.attach(this.core);
    this.#listeners = new Listeners(this.core, log);
    this.#memory = new MemoryMonitor((finding) => this.#memoryChanged(finding), config.limits);
    const logins = () => security.logins;
    const counters = () => this.#dashboard?.counters ?? null;
    this.#sys = new SysTopics(this.core, config.sys.interval, this.#keeper, logins, counters);
  }

  /** What the broker counted since it started. */
  get metrics(): Metrics {
    return this.core.metrics;
  }

  /** What was counted of logins since the start; zeros where the program brought its own authenticator. */
  get logins(): LoginCounters {
    return this.#security.logins;
  }

  /** Whether the broker does all it should, and what keeps it from that. */
  get health(): Health {
    return this.#health.state;
  }

  /** Where it listens, one entry a listener that could be opened. */
  get addresses(): readonly ListenAddress[] {
    return this.#listeners.open.map(({ name, address: { host, port }, url }) => ({ name, host, port, url }));
  }

  /** Where the dashboard is; null where no listener serves it. */
  get dashboardUrl(): string | null {
    return this.#dashboardUrl;
  }

  /**
   * Restores what is kept, opens the listeners and starts the clock.
   *
   * @throws {StoreError} what is kept cannot be read
   * @throws {NodeJS.ErrnoException} where an address cannot be listened on
   */
  async start(): Promise<void> {
    try {
      await this.#keeper?.restore(this.core);
      this.#ticking = setInterval(() => this.#tick(), TICK);
      this.#dashboard = this.#history && (await this.#openDashboard(this.#history));
      await this.#listeners.openAll(this.config, {
        opened: (listener, own) => this.#serveDashboard(listener, own),
        changed: (reload) => this.#reloaded(reload, 'file'),
      });
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#sys.publish(this.#now());
    const open = this.addresses;
    this.#security.log.started(
      version,
      open.map(({ url }) => url),
    );
    const finding = anonymousFinding(this.#exposure, open);
    if (finding !== undefined) this.#health.report(finding.code, finding.message, this.#now());
  }

  /** Its framework takes a while to load, which nobody without a dashboard should wait for. */
  async #openDashboard(history: History): Promise<DashboardServer> {
    const { DashboardServer } = await import('./wiring/admin.ts');
    const { authenticator, pages, dashboards } = this.#options;
    return DashboardServer.open({
      core: this.core,
      config: this.config,
      security: this.#security,
      exposure: this.#exposure,
      health: this.#health,
      history,
      keeper: this.#keeper,
      listeners: () => this.#listeners.open,
      maxMemory: this.#memory.maxMemory,
      log: this.#log,
      now: this.#now,
      ownAuthenticator: authenticator !== undefined,
      pages,
      initial: dashboards,
    });
  }

  #serveDashboard({ name, address, http }: Listener, own: ListenerConfig): void {
    if (this.#dashboard === null || http === null || !servesDashboard(own)) return;
    this.#dashboard.serve(http, { name, port: address.port, secure: own.tls !== undefined });
    this.#dashboardUrl ??= dashboardUrlOf(address, own);
  }

  #memoryChanged({ level, message }: MemoryFinding): void {
    this.core.setMemoryPressure(level);
    this.#health.clear('memory-high');
    this.#health.clear('memory-critical');
    this.#log[level === 'none' ? 'info' : 'warn'](message);
    if (level !== 'none') this.#health.report(`memory-${level}`, message, this.#now());
  }

  /** Nobody was read from meanwhile, so nobody's silence was its own: every keep alive begins anew. */
  #stoodStill(now: number): void {
    for (const connection of this.core.connections) connection.lastSeen = now;
  }

  #tick(): void {
    const now = this.#now();
    if (now - this.core.now > STOOD_STILL) this.#stoodStill(now);
    this.core.tick(now);
    this.#sys.tick(now);
    this.#memory.tick(now);
    this.#security.tick(now);
    this.#dashboard?.tick(now);
  }

  /**
   * Publishes a message from the program.
   *
   * @param payload text is sent as UTF-8
   * @returns the reason code a client would get: 0, 0x10 where nobody subscribed, 0x80 and above where it was refused
   * @throws {MqttError} TOPIC_NAME_INVALID
   */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): number {
    if (topic === '$SYS' || topic.startsWith('$SYS/')) {
      throw new MqttError('topics below $SYS belong to the broker; publish to another topic', {
        code: 'TOPIC_NAME_INVALID',
        reasonCode: ReasonCode.topicNameInvalid,
      });
    }
    return this.core.publish({
      topic,
      payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload,
      qos: options.qos ?? 0,
      retain: options.retain ?? false,
      properties: options.properties,
    });
  }

  /**
   * Calls `handler` for every message that matches a filter, retained ones first; `$share/group/filter` takes turns with
   * the other members.
   *
   * @returns what ends the subscription
   * @throws {MqttError} TOPIC_FILTER_INVALID
   */
  subscribe(filter: string, handler: MessageHandler, options: { readonly qos?: QoS } = {}): () => void {
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) {
      throw new MqttError(problem, { code: 'TOPIC_FILTER_INVALID', reasonCode: ReasonCode.topicFilterInvalid });
    }
    const local = new LocalSubscription(this.core, handler, (error) => {
      this.#log.error(`a handler of '${filter}' failed: ${describeError(error)}`);
    });
    return local.start(filter, options.qos ?? 2);
  }

  /** Adds an interceptor behind those there are; returns what removes it. */
  intercept(interceptor: Interceptor): () => void {
    this.#interceptors.push(interceptor);
    return () => {
      const index = this.#interceptors.indexOf(interceptor);
      if (index >= 0) this.#interceptors.splice(index, 1);
    };
  }

  /**
   * Ends a client's connection, for example to send it elsewhere.
   *
   * @param reasonCode default 0x98, administrative action
   * @returns false where no such client is connected
   */
  disconnect(clientId: string, reasonCode: number = ReasonCode.administrativeAction, properties?: Properties): boolean {
    const client = this.core.sessions.get(clientId)?.connection?.client ?? null;
    const reason = 'disconnected by the broker';
    if (client !== null) this.#security.log.kicked(client, reason, reasonCode, 'api');
    return this.core.disconnect(clientId, reasonCode, reason, properties);
  }

  /**
   * Disconnects every client that logged in as a user, and ends its logins to the dashboard.
   *
   * @param reason the clients are told
   * @returns how many clients
   */
  disconnectUser(username: string, reason = 'disconnected by the broker'): number {
    this.#dashboard?.logOut(username, reason);
    return this.#security.kickUser(username, reason);
  }

  /**
   * Says what a client may do and which rule decides; undefined where the program brought its own authorizer.
   *
   * @param topic a topic name; for `subscribe` a topic filter
   */
  explain(client: AccessClient, action: Action, topic: string): Explanation | undefined {
    return this.#security.explain(client, action, topic);
  }

  /**
   * Puts other rules, roles and groups in force, and applies them to connected clients: what they may publish and receive
   * is decided anew from the next message on, and who has a subscription that would not be granted any more is
   * disconnected without it.
   *
   * @throws {AccessError} rules or ACL files that cannot be used; what was in force stays so
   */
  async replaceRules(authorization: AuthorizationOptions): Promise<void> {
    const error = await this.#security.reloadRules('api', authorization);
    if (error !== null) throw error;
  }

  /**
   * Reads users, rules, certificates and the configuration again, and applies them without a restart. What cannot be
   * used is told and left as it was; the rest is applied. Never rejects for that.
   *
   * @param input the whole configuration as it is now; absent = the same, with its files read again
   * @throws {ConfigError} where `input` is wrong; nothing is applied then
   */
  async reload(input?: ConfigInput, options: ReloadOptions = {}): Promise<ReloadReport> {
    const { by = 'api', originOf } = options;
    const config = input === undefined ? this.config : parseConfig(input);
    const failures: (Error | null)[] = [await this.#security.reloadUsers(by)];
    const authorization = input === undefined ? undefined : config.authorization;
    failures.push(await this.#security.reloadRules(by, authorization, originOf));
    for (const reload of await this.#listeners.reload()) {
      failures.push(reload.error);
      this.#reloaded(reload, by);
    }
    failures.push(await this.#security.reopenAudit(by));
    const said = failures.flatMap((error) => (error === null ? [] : [error.message]));
    return { failures: said, needsRestart: input === undefined ? [] : changedSections(this.config, config) };
  }

  #reloaded({ name, error, identities }: ListenerReload, by: Actor): void {
    this.#security.reloaded(`certificates and keys of ${name}`, error, by);
    if (identities.length > 0) this.#security.usersChanged('psk', identities);
  }

  /**
   * Stops: no new connections, DISCONNECT 0x8B to 5.0 clients, no wills; what is kept is written. Connections end within
   * two seconds, also where clients do not take their last bytes; a slow disk may take some more. Calling it again waits
   * for the same end.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#listeners.stopAccepting();
    await this.#dashboard?.close();
    this.core.close();
    const deadline = performance.now() + CLOSE_WITHIN;
    while (this.#listeners.connections > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#listeners.destroyLinks();
    await this.#keeper?.settle(this.core, CLOSE_STORE_WITHIN);
    clearInterval(this.#ticking);
    await this.#keeper?.close(CLOSE_STORE_WITHIN);
    await this.#security.close(CLOSE_WITHIN);
  }

  /** An event for the program; a listener that throws must not stop what the core was doing, so it is only logged. */
  #tell<K extends keyof BrokerEvents & string>(event: K, ...args: BrokerEvents[K]): void {
    try {
      (this as EventEmitter).emit(event, ...args);
    } catch (error) {
      this.#log.error(`a listener of '${event}' failed: ${describeError(error)}`);
    }
  }
}

/** Sections that differ and are read at the start only. */
function changedSections(before: Config, after: Config): string[] {
  const fixed = Object.keys(before).filter((section) => section !== 'authorization') as (keyof Config)[];
  return fixed.filter((section) => !isDeepStrictEqual(plain(before[section]), plain(after[section])));
}
