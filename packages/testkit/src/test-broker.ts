import {
  type Authenticator,
  type Authorizer,
  BrokerCore,
  type CoreOptions,
  defaultDurability,
  defaultLimits,
  defaultMqttOptions,
  type Interceptor,
  type Limits,
  type MqttOptions,
  type Observer,
  type Scheduler,
} from '@cauldron/core';
import type { ProtocolVersion } from '@cauldron/protocol';
import type { HeldStore } from './store/held-store.ts';
import { TestClient } from './test-client.ts';

export interface TestBrokerOptions {
  readonly limits?: Partial<Limits>;
  readonly mqtt?: Partial<MqttOptions>;
  readonly authenticator?: Authenticator;
  readonly authorizer?: Authorizer;
  readonly interceptors?: Interceptor[];
  readonly observer?: Observer;
  /** Keeps what is durable; what its engine holds already is restored. */
  readonly store?: HeldStore;
  /** Overrides the defaults of acknowledging, of wills after a restart and of how much of a queue is in memory. */
  readonly durability?: Partial<Pick<CoreOptions, 'ack' | 'restartWillDelay' | 'memoryWindow'>>;
  /** The scheduler's, where a test wants to decide when it calls back. */
  readonly after?: NonNullable<Scheduler['after']>;
  /** Milliseconds the clock starts at. */
  readonly now?: number;
}

/**
 * A broker core with a clock that only a test moves and clients without a network. Everything happens inside the calls:
 * a client's packets are handled and answered before `send` returns.
 *
 * @example
 * const broker = new TestBroker();
 * const client = broker.connect('a');
 * client.send({ type: PacketType.pingreq });
 * client.take(); // [{ type: PacketType.pingresp }]
 */
export class TestBroker {
  readonly core: BrokerCore;
  readonly #store: HeldStore | null = null;
  #clientIds = 0;

  constructor(options: TestBrokerOptions = {}) {
    const coreOptions: CoreOptions = {
      limits: { ...defaultLimits, ...options.limits },
      mqtt: { ...defaultMqttOptions, ...options.mqtt },
      ...defaultDurability,
      ...options.durability,
      topicCacheSize: 1024,
      hashSeed: 1,
      newClientId: () => `auto-${++this.#clientIds}`,
    };
    this.core = new BrokerCore(
      coreOptions,
      {
        // Clients flush after everything they do, so nothing has to be asked for.
        scheduler: { requestFlush: () => {}, ...(options.after === undefined ? {} : { after: options.after }) },
        authenticator: options.authenticator ?? { authenticate: () => ({ outcome: 'accept' }) },
        authorizer: options.authorizer ?? null,
        interceptors: options.interceptors ?? [],
        store: options.store ?? null,
        observer: options.observer ?? {
          internalError: (error) => {
            throw error;
          },
        },
      },
      options.now ?? 1_000_000,
    );
    const { store } = options;
    if (store === undefined) return;
    this.#store = store;
    store.receiver = this.core.storeReceiver;
    store.engine.snapshot((operations) => this.core.restore(operations));
    this.core.restored();
  }

  /** Lets the store answer everything it was asked, and what it is asked then. */
  settle(): void {
    this.core.flush();
    for (let i = 0; i < 10_000 && this.#store?.releaseOne() === true; i++) this.core.flush();
    this.core.flush();
  }

  /** Moves the clock on, in the steps a server's tick would take. */
  advance(milliseconds: number): void {
    const end = this.core.now + milliseconds;
    while (this.core.now < end) {
      this.core.tick(Math.min(end, this.core.now + 250));
      this.core.flush();
    }
  }

  /** A network connection that has sent nothing yet. */
  open(version: ProtocolVersion = 5, remoteAddress?: string): TestClient {
    return new TestClient(this.core, version, remoteAddress);
  }

  /** A connected client. Fails where the broker does not accept it. */
  connect(
    clientId: string,
    options: Parameters<TestClient['connect']>[1] & { version?: ProtocolVersion } = {},
  ): TestClient {
    const client = this.open(options.version ?? 5);
    client.connect(clientId, options);
    return client;
  }
}
