import type { BrokerCore, Metrics, StoreFailure } from '@cauldron/core';
import {
  type ConnackPacket,
  type ConnectPacket,
  PacketType,
  type ProtocolVersion,
  type SubackPacket,
} from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions } from '../test-broker.ts';
import { TestClient, type TestSubscribe } from '../test-client.ts';
import { HeldStore } from './held-store.ts';
import { MemoryEngine } from './memory-engine.ts';

export type DurableConnect = Partial<Omit<ConnectPacket, 'type' | 'clientId'>> & { readonly version?: ProtocolVersion };

/**
 * A broker whose store outlives it: what was not let go when it crashes is lost, and the next broker starts on the rest.
 *
 * @example
 * const durable = new DurableBroker();
 * await durable.connect('a');
 * durable.core.publish({ topic: 't', payload: new Uint8Array(1), qos: 1, retain: true, properties: undefined });
 * durable.crash();
 * durable.core.sessions.size // 1
 * durable.core.retained.count // 0
 */
export class DurableBroker {
  readonly engine = new MemoryEngine();
  store!: HeldStore;
  broker!: TestBroker;
  readonly #options: TestBrokerOptions;

  constructor(options: TestBrokerOptions = {}) {
    this.#options = options;
    this.#start(options.now ?? 1_000_000);
  }

  #start(now: number): void {
    this.store = new HeldStore(this.engine);
    this.broker = new TestBroker({ ...this.#options, store: this.store, now });
  }

  get core(): BrokerCore {
    return this.broker.core;
  }

  get metrics(): Metrics {
    return this.core.metrics;
  }

  /** Lets the store answer everything, and waits for what comes by promise. */
  async settle(): Promise<void> {
    this.broker.settle();
    for (let i = 0; i < 3; i++) await Promise.resolve();
    this.broker.settle();
  }

  /** A client that sent its CONNECT, whose session lasts unless `options` say otherwise. Nothing is let go. */
  request(clientId: string, options: DurableConnect = {}): TestClient {
    const { version = 5, ...connect } = options;
    const client = new TestClient(this.core, version);
    client.send({
      type: PacketType.connect,
      protocolVersion: version,
      cleanStart: false,
      keepAlive: 0,
      clientId,
      ...connect,
      properties: version === 5 ? { sessionExpiryInterval: 1000, ...connect.properties } : undefined,
    });
    return client;
  }

  /** The same, connected: what came behind the CONNACK stays to be taken. @throws {Error} where it was refused */
  async connect(clientId: string, options: DurableConnect = {}): Promise<TestClient> {
    const client = this.request(clientId, options);
    await this.settle();
    const connack = client.takeFirst(PacketType.connack) as ConnackPacket;
    if (connack.reasonCode !== 0) throw new Error(`CONNECT was refused: ${JSON.stringify(connack)}`);
    return client;
  }

  /** Subscribes and lets the store write it. */
  async subscribe(client: TestClient, filter: string, options: TestSubscribe = {}): Promise<SubackPacket> {
    this.requestSubscribe(client, filter, options);
    await this.settle();
    return client.takeFirst(PacketType.suback) as SubackPacket;
  }

  /** Sends a SUBSCRIBE and lets nothing go. */
  requestSubscribe(client: TestClient, filter: string, options: TestSubscribe = {}): void {
    const { packetId = client.nextId(), identifier, qos = 2, noLocal = false } = options;
    const { retainAsPublished = false, retainHandling = 0 } = options;
    client.send({
      type: PacketType.subscribe,
      packetId,
      subscriptions: [{ filter, qos, noLocal, retainAsPublished, retainHandling }],
      properties: identifier === undefined ? undefined : { subscriptionIdentifiers: [identifier] },
    });
  }

  /**
   * The process is killed and another starts on what the store has.
   *
   * @param how `applied`: the group under way reached the disk, although nobody heard; `downtime` in milliseconds
   */
  crash(how: { readonly applied?: boolean; readonly downtime?: number } = {}): void {
    this.store.crash(how.applied === true);
    this.#start(this.core.now + (how.downtime ?? 0));
  }

  /** From now on the store fails; null = it works again. */
  fail(kind: StoreFailure['kind'] | null): void {
    this.store.failure =
      kind === null ? null : { kind, message: kind === 'full' ? 'the disk is full' : 'input/output error' };
  }

  /** Moves the clock on, and the store with it. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 250) {
      this.broker.advance(Math.min(250, left));
      await this.settle();
    }
  }
}
