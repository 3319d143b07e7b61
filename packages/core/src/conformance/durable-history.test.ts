import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type QoS } from '@cauldron/protocol';
import { DurableBroker, type TestClient } from '@cauldron/testkit';

const { puback, pubcomp, pubrec, pubrel } = PacketType;
const CLIENTS = ['a', 'b', 'c', 'd'];
const TOPICS = ['t/1', 't/2', 'r'];

/** Clients that come, go, subscribe, publish and acknowledge as a seed says, while the store answers when it says. */
class History {
  readonly broker: DurableBroker;
  published = 0;
  delivered = 0;
  readonly #clients = new Map<string, TestClient>();
  #state: number;

  constructor(seed: number) {
    this.#state = seed * 7919;
    const queueFull = (['drop-newest', 'drop-oldest', 'refuse'] as const)[seed % 3]!;
    this.broker = new DurableBroker({
      limits: { maxQueuedMessages: seed % 2 === 0 ? 8 : 10_000, queueFull },
      mqtt: { queueQos0: seed % 5 === 0 },
      durability: { ack: { default: 'disk', topics: [{ filter: 't/2', ack: seed % 4 === 0 ? 'memory' : 'disk' }] } },
      observer: {
        internalError: (error) => {
          if (!/could not read/.test((error as Error).message)) throw error;
        },
      },
    });
  }

  random(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }

  #pick<T>(all: readonly T[]): T {
    return all[this.random(all.length)]!;
  }

  #client(): TestClient | undefined {
    const client = this.#clients.get(this.#pick(CLIENTS));
    return client === undefined || client.closed ? undefined : client;
  }

  #connect(): void {
    const clientId = this.#pick(CLIENTS);
    const will = { topic: 't/1', payload: new Uint8Array([1]), qos: this.random(3) as QoS, retain: false };
    const client = this.broker.request(clientId, {
      cleanStart: this.random(6) === 0,
      properties: {
        sessionExpiryInterval: this.#pick([0, 5, 1000]),
        receiveMaximum: this.#pick([1, 3, 100]),
      },
      ...(this.random(2) === 0 ? { will } : {}),
    });
    this.#clients.set(clientId, client);
  }

  #publish(client: TestClient): void {
    const retain = this.random(4) === 0;
    const payload = new Uint8Array(retain && this.random(3) === 0 ? 0 : 1 + this.random(40));
    const properties = this.random(5) === 0 ? { messageExpiryInterval: 1 + this.random(4) } : {};
    client.publish(this.#pick(TOPICS), payload, { qos: this.random(3) as QoS, retain, properties });
  }

  #acknowledge(client: TestClient, always: boolean): void {
    for (const packet of client.take()) {
      if (!always && this.random(5) === 0) continue;
      if (packet.type === PacketType.publish && packet.qos > 0) {
        client.ack(packet.qos === 1 ? puback : pubrec, packet.packetId);
      } else if (packet.type === pubrel) client.ack(pubcomp, packet.packetId);
      else if (packet.type === pubrec && packet.reasonCode < 0x80) client.ack(pubrel, packet.packetId);
    }
  }

  step(): void {
    const client = this.#client();
    const what = this.random(20);
    if (what < 2 || client === undefined) this.#connect();
    else if (what < 8) this.broker.store.releaseOne();
    else if (what === 8) this.broker.fail(this.#pick(['full', 'io', null, null, null, null]));
    else if (what === 9) this.broker.broker.advance(250 * (1 + this.random(6)));
    else if (what === 10 && this.random(5) === 0) this.#crash();
    else if (what === 11 && this.random(6) === 0) this.broker.core.discardSession(this.#pick(CLIENTS));
    else if (what === 12 && this.random(2) === 0) client.cut();
    else if (what === 13) {
      const filter = this.#pick(['t/#', 'r', '#', '$share/g/t/+', 't/1']);
      this.broker.requestSubscribe(client, filter, { qos: this.random(3) as QoS });
    } else if (what === 14) {
      client.send({
        type: PacketType.unsubscribe,
        packetId: client.nextId(),
        filters: [this.#pick(['t/#', 'r', '#'])],
      });
    } else if (what < 18) for (let i = this.random(6); i >= 0; i--) this.#publish(client);
    else this.#acknowledge(client, false);
    this.broker.core.flush();
  }

  #crash(): void {
    for (const client of this.#clients.values()) client.link.cut();
    this.#clients.clear();
    this.#count();
    this.broker.crash({ applied: this.random(2) === 0 });
  }

  #count(): void {
    this.published += this.broker.metrics.publishReceived;
    this.delivered += this.broker.metrics.publishSent;
  }

  /** Everybody comes back, takes what is there, and goes for good; retained messages are removed. */
  async end(): Promise<void> {
    const { broker } = this;
    broker.fail(null);
    await broker.pass(1500);
    if (this.random(2) === 0) this.#crash();
    else this.#count();
    for (const clientId of CLIENTS) {
      const client = broker.request(clientId);
      await broker.settle();
      for (let i = 0; i < 200 && broker.core.sessions.get(clientId)!.queuedMessages > 0; i++) {
        this.#acknowledge(client, true);
        await broker.settle();
      }
      assert.equal(broker.core.sessions.get(clientId)!.queuedMessages, 0, `the queue of ${clientId} does not drain`);
      if (this.random(2) === 0) this.#acknowledge(client, true);
    }
    for (const clientId of CLIENTS) broker.core.discardSession(clientId);
    const cleaner = broker.broker.connect('cleaner');
    for (const topic of TOPICS) cleaner.publish(topic, '', { retain: true });
    await broker.settle();
  }
}

test('over any history of clients, failures and crashes nothing is left once everybody has had everything', async () => {
  const nothing = { sessions: 0, subscriptions: 0, messages: 0, references: 0, entries: 0, retained: 0 };
  let published = 0;
  let delivered = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const history = new History(seed);
    for (let i = 0; i < 400; i++) {
      history.step();
      if (i % 10 === 0) for (let k = 0; k < 3; k++) await Promise.resolve();
    }
    await history.end();
    const { broker } = history;
    published += history.published;
    delivered += history.delivered;
    assert.deepEqual(broker.engine.content(), nothing, `seed ${seed}`);
    assert.deepEqual([broker.metrics.queuedMessages, broker.metrics.queuedBytes], [0, 0], `seed ${seed}`);
    assert.equal(broker.core.journal!.idle, true, `seed ${seed}`);
    assert.equal(broker.metrics.droppedLost, 0, `seed ${seed}`);
  }
  assert.ok(published > 10_000 && delivered > 4000, `too little happened: ${published} and ${delivered}`);
});
