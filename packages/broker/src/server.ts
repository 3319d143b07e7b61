import { randomInt, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type Authenticator,
  type Authorizer,
  BrokerCore,
  type ClientInfo,
  type DisconnectReason,
  type DropReason,
  defaultLimits,
  type Interceptor,
  type Metrics,
  type Observer,
  type Refusal,
} from '@cauldron/core';
import { MqttError, type Properties, type QoS, ReasonCode, topicFilterProblem } from '@cauldron/protocol';
import { allowAll } from './auth/allow-all.ts';
import { type Config, ConfigError, type ConfigInput, parseConfig } from './config/index.ts';
import { storedQueueLimits } from './config/schema.ts';
import { checkExposure, listenerName } from './exposure.ts';
import { type Health, HealthMonitor } from './health.ts';
import { LocalSubscription, type MessageHandler } from './local-subscription.ts';
import { createLogger, type Logger } from './log.ts';
import { type OpenedStore, type OpenStoreOptions, openStore } from './store/open-store.ts';
import { StoreKeeper } from './store-keeper.ts';
import { SysTopics } from './sys-topics.ts';
import { BufferPool } from './transport/buffer-pool.ts';
import type { Listener } from './transport/listener.ts';
import { openListener } from './transport/open-listener.ts';

/** How often time moves on in the core, milliseconds: the grain of keep alive and expiry. */
const TICK = 250;
/**
 * How many topics' matches are kept. Enough that a broker whose every device has its own topic matches few of them twice;
 * a topic takes some 300 bytes, and only those published to take any.
 */
const TOPIC_CACHE = 131_072;
/** How long clients may take to get their DISCONNECT when the broker stops, milliseconds. */
const CLOSE_WITHIN = 2000;
/** How long the store may take to write what is left, and then to close, when the broker stops; milliseconds. */
const CLOSE_STORE_WITHIN = 5000;

/** Where a broker listens. */
export interface ListenAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** `mqtt://host:port`. */
  readonly url: string;
}

export interface BrokerOptions {
  readonly log?: Logger;
  /** Who may connect; everybody by default. */
  readonly authenticator?: Authenticator;
  /** What a client may publish and subscribe to; everything by default. */
  readonly authorizer?: Authorizer;
  /** See every message before it is routed, in this order. */
  readonly interceptors?: readonly Interceptor[];
  /** How the store in `data.directory` is opened: for tests, which may let it fail. */
  readonly store?: OpenStoreOptions;
}

export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS;
  /** Default false. */
  readonly retain?: boolean;
  readonly properties?: Properties;
}

/** What a broker tells the program around it, with the arguments of each event. */
export interface BrokerEvents {
  connect: [client: ClientInfo, sessionPresent: boolean];
  disconnect: [client: ClientInfo, reason: DisconnectReason];
  /** A connection was refused or never became a client. */
  refuse: [remoteAddress: string, clientId: string | undefined, refusal: Refusal];
  subscribe: [client: ClientInfo, filter: string, qos: QoS];
  unsubscribe: [client: ClientInfo, filter: string];
  /** A publish or subscribe was not allowed. */
  deny: [client: ClientInfo, action: 'publish' | 'subscribe', topic: string, refusal: Refusal];
  /** Messages are being dropped for a client; said once until it keeps up again. */
  drop: [clientId: string, reason: DropReason];
  sessionEnd: [clientId: string, reason: 'expired' | 'cleaned' | 'discarded'];
  /** Something keeps the broker from doing all it should, or does so no more. */
  health: [health: Health];
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
  readonly #pool = new BufferPool();
  readonly #listeners: Listener[] = [];
  readonly #interceptors: Interceptor[];
  readonly #sys: SysTopics;
  readonly #health = new HealthMonitor((health) => this.#tell('health', health));
  readonly #keeper: StoreKeeper | null;
  /** What the monotonic clock lacks to the time of day, as it was at the start: setting the clock moves no deadline. */
  readonly #clockOffset = Date.now() - performance.now();
  #ticking: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Use {@link createBroker}, which also opens the store and the listeners.
   *
   * @param opened where data is kept, the broker's from here on; null = in memory
   */
  constructor(config: Config, options: BrokerOptions, opened: OpenedStore | null) {
    super();
    this.config = config;
    this.#log =
      options.log ?? createLogger({ level: config.log.level, format: config.log.format, stream: process.stderr });
    this.#interceptors = [...(options.interceptors ?? [])];
    this.#keeper = opened && new StoreKeeper(opened, this.#log, this.#health);
    const stored = opened === null ? {} : storedQueueLimits;
    const flush = () => this.core.flush();
    this.core = new BrokerCore(
      {
        limits: { ...defaultLimits, ...stored, ...defined(config.limits) },
        mqtt: config.mqtt,
        ack: { default: config.data.ack, topics: config.data.topics },
        restartWillDelay: config.data.restartWillDelay,
        topicCacheSize: TOPIC_CACHE,
        hashSeed: randomInt(0, 2 ** 32),
        newClientId: () => `auto-${randomUUID()}`, // [MQTT-3.2.2-16]
      },
      {
        scheduler: {
          requestFlush: () => setImmediate(flush),
          after: (milliseconds, then) => setTimeout(then, milliseconds),
        },
        authenticator: options.authenticator ?? allowAll,
        authorizer: options.authorizer ?? null,
        interceptors: this.#interceptors,
        observer: this.#observer(),
        store: this.#keeper?.store ?? null,
      },
      this.#now(),
    );
    this.#sys = new SysTopics(this.core, config.sys.interval, this.#keeper);
  }

  /** What the broker counted since it started. */
  get metrics(): Metrics {
    return this.core.metrics;
  }

  /** Whether the broker does all it should, and what keeps it from that. */
  get health(): Health {
    return this.#health.state;
  }

  /** Where it listens, one entry a listener that could be opened. */
  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ name, address: { host, port }, url }) => ({ name, host, port, url }));
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
      for (const listener of this.config.listeners) await this.#openOrNote(listener);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#sys.publish(this.#now());
  }

  /** A machine without IPv6 has no ::1; where there are other listeners that is worth a line, not the end. */
  async #openOrNote(own: Config['listeners'][number]): Promise<void> {
    try {
      await this.#open(own);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      const missing = own.host === '::1' && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code);
      if (!missing || this.config.listeners.length === 1) throw error;
      this.#log.warn(`not listening on [::1]:${own.port}: this machine has no IPv6 loopback (${code})`);
    }
  }

  async #open(own: Config['listeners'][number]): Promise<void> {
    if (own.path !== undefined) return;
    const { maxConnections, maxPacketSize, connectTimeout, receiveMaximum, topicAliasMaximum, serverKeepAlive } = own;
    const { maxConnectRate, maxConnectRatePerAddress, maxMessageRate, maxByteRate } = own;
    const rates = { maxConnectRate, maxConnectRatePerAddress, maxMessageRate, maxByteRate };
    const settings = this.core.listener({
      limits: defined({ maxConnections, maxPacketSize, connectTimeout, receiveMaximum, ...rates }),
      mqtt: defined({ topicAliasMaximum, serverKeepAlive }),
      ack: own.ack,
    });
    const address = { name: listenerName(own), host: own.host, port: own.port };
    this.#listeners.push(await openListener(this.core, address, settings, this.#pool));
  }

  /** Milliseconds since 1970, never going back. */
  #now(): number {
    return Math.floor(this.#clockOffset + performance.now());
  }

  #tick(): void {
    const now = this.#now();
    this.core.tick(now);
    this.#sys.tick(now);
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
      this.#log.error(`a handler of '${filter}' failed: ${describe(error)}`);
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
    return this.core.disconnect(clientId, reasonCode, 'disconnected by the broker', properties);
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
    for (const listener of this.#listeners) listener.stopAccepting();
    this.core.close();
    const deadline = performance.now() + CLOSE_WITHIN;
    while (this.#listeners.some((listener) => listener.connections > 0) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const listener of this.#listeners) listener.destroyLinks();
    await this.#keeper?.settle(this.core, CLOSE_STORE_WITHIN);
    clearInterval(this.#ticking);
    await this.#keeper?.close(CLOSE_STORE_WITHIN);
  }

  /** An event for the program; a listener that throws must not stop what the core was doing, so it is only logged. */
  #tell<K extends keyof BrokerEvents & string>(event: K, ...args: BrokerEvents[K]): void {
    try {
      (this as EventEmitter).emit(event, ...args);
    } catch (error) {
      this.#log.error(`a listener of '${event}' failed: ${describe(error)}`);
    }
  }

  #observer(): Observer {
    return {
      connected: (client, present) => {
        this.#log.debug(`client '${client.clientId}' connected`, { address: client.remoteAddress, present });
        this.#tell('connect', client, present);
      },
      disconnected: (client, reason) => {
        this.#log.debug(`client '${client.clientId}' disconnected: ${reason.reason}`, { by: reason.by });
        this.#tell('disconnect', client, reason);
      },
      refused: (remoteAddress, clientId, refusal) => {
        this.#log.warn(`refused ${remoteAddress}: ${refusal.reason}`, { clientId, reasonCode: refusal.reasonCode });
        this.#tell('refuse', remoteAddress, clientId, refusal);
      },
      subscribed: (client, filter, qos) => this.#tell('subscribe', client, filter, qos),
      unsubscribed: (client, filter) => this.#tell('unsubscribe', client, filter),
      denied: (client, action, topic, refusal) => {
        // While the store fails that may be every message; the failure itself was said.
        const level = this.#health.state.ok ? 'info' : 'debug';
        this.#log[level](`'${client.clientId}' may not ${action} '${topic}': ${refusal.reason}`);
        this.#tell('deny', client, action, topic, refusal);
      },
      dropping: (clientId, reason) => {
        this.#log.debug(`dropping messages for '${clientId}': ${reason}`);
        this.#tell('drop', clientId, reason);
      },
      sessionEnded: (clientId, reason) => this.#tell('sessionEnd', clientId, reason),
      storeFailing: (failure) => this.#keeper?.failing(failure, this.#now()),
      storeRecovered: () => this.#keeper?.recovered(),
      internalError: (error, address) => this.#log.error(`internal error with ${address}: ${describe(error)}`),
    };
  }
}

/**
 * Starts a broker in this process.
 *
 * @param input the configuration; what is left out has its default. Without `data.directory` nothing is kept on the disk
 * @throws {ConfigError} where the configuration is wrong
 * @throws {StoreError} where `data.directory` cannot be used: another broker has it, it may not be written, or what it
 * holds is damaged or something else
 * @throws {NodeJS.ErrnoException} where an address cannot be listened on
 *
 * @example
 * const broker = await createBroker({ listeners: [{ port: 0 }] });
 * await broker.close();
 */
export async function createBroker(input: ConfigInput = {}, options: BrokerOptions = {}): Promise<Broker> {
  const config = parseConfig(input);
  checkExposure(config, { hasAuthenticator: options.authenticator !== undefined });
  refuseUnwired(config);
  const { directory, memory } = config.data;
  const opened = directory === undefined || memory ? null : await openStore(directory, options.store);
  const broker = await construct(config, options, opened);
  await broker.start();
  return broker;
}

/** A broker, or the folder free again. */
async function construct(config: Config, options: BrokerOptions, opened: OpenedStore | null): Promise<Broker> {
  try {
    return new Broker(config, options, opened);
  } catch (error) {
    await opened?.close();
    throw error;
  }
}

/** What the configuration can say and this class does not do: better no broker than one that ignores it. */
function refuseUnwired({ listeners, authentication, authorization, audit }: Config): void {
  const said = {
    listeners: listeners.some(
      (own) => own.path !== undefined || own.tls !== undefined || own.proxyProtocol !== undefined,
    ),
    'authentication.providers': authentication.providers.length > 0,
    authorization: authorization.rules.length + authorization.aclFiles.length > 0 || authorization.default === 'deny',
    'audit.file': audit.file !== undefined,
  };
  const problems = Object.entries(said).filter(([, isSaid]) => isSaid);
  if (problems.length === 0) return;
  const message = 'is not supported by this version; leave it out';
  throw new ConfigError(
    'CONFIG_INVALID',
    problems.map(([path]) => ({ path, message })),
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** An object without its undefined values. */
function defined<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}
