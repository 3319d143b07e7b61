import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DropReason } from '@cauldron/core';
import { PacketType } from '@cauldron/protocol';
import { HeldStore, MemoryEngine, TestBroker, type TestClient } from '@cauldron/testkit';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

/** What is in flight, counted one by one. */
const inflightOf = (broker: TestBroker): number =>
  [...broker.core.sessions.values()].reduce((sum, { inflight }) => sum + (inflight?.size ?? 0), 0);

test('a connection counts its own PUBLISH packets and bytes, in both directions', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  const subscriber = broker.connect('s');
  subscriber.subscribe('t', { qos: 1 });
  for (const qos of [0, 0, 0, 1, 2] as const) publisher.publish('t', 'x', { qos });
  const of = (clientId: string) => broker.core.sessions.get(clientId)!.connection!;
  assert.deepEqual([of('p').publishReceived, of('p').output.publishSent], [5, 0]);
  assert.deepEqual([of('s').publishReceived, of('s').output.publishSent], [0, 5]);
  const { bytesReceived, bytesSent } = broker.core.metrics;
  assert.equal(of('p').bytesReceived + of('s').bytesReceived, bytesReceived);
  assert.equal(of('p').output.bytesSent + of('s').output.bytesSent, bytesSent);
});

test('a run of QoS 0 messages counts each of them', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  broker.connect('s').subscribe('t');
  const packet = { type: PacketType.publish, topic: 't', payload: new Uint8Array(4), qos: 0, retain: false } as const;
  const whole = Array.from({ length: 50 }, () => ({ ...packet, dup: false, packetId: 0, properties: undefined }));
  publisher.send(...whole);
  assert.equal(broker.core.sessions.get('s')!.connection!.output.publishSent, 50);
  assert.equal(broker.core.sessions.get('p')!.connection!.publishReceived, 50);
});

test('a connection knows when its client was let in, and a session when its client went', () => {
  const broker = new TestBroker();
  broker.advance(5000);
  const client = broker.connect('c', lasting);
  assert.equal(broker.core.sessions.get('c')!.connection!.connectedAt, 1_005_000);
  broker.advance(1000);
  client.cut();
  broker.advance(1000);
  assert.equal(broker.core.sessions.get('c')!.leftAt, 1_006_000);
});

test('messages in flight are counted from their sending to their last acknowledgement', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  const subscriber = broker.connect('s', lasting);
  subscriber.subscribe('t', { qos: 2 });
  publisher.publish('t', 'x', { qos: 1 });
  publisher.publish('t', 'x', { qos: 2 });
  assert.equal(broker.core.metrics.inflightMessages, 2);
  const [first, second] = subscriber.takeMessages();
  subscriber.ack(PacketType.puback, first!.packetId);
  assert.equal(broker.core.metrics.inflightMessages, 1);
  subscriber.ack(PacketType.pubrec, second!.packetId);
  assert.equal(broker.core.metrics.inflightMessages, 1, 'until PUBCOMP the identifier is taken');
  subscriber.cut();
  assert.equal(broker.core.metrics.inflightMessages, 1, 'its client is away, and it stays');
  const back = broker.connect('s', lasting);
  back.ack(PacketType.pubcomp, second!.packetId);
  assert.equal(broker.core.metrics.inflightMessages, 0);
});

test('a session that ends takes what was in flight out of the count', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t', { qos: 1 });
  broker.connect('p').publish('t', 'x', { qos: 1 });
  subscriber.cut();
  assert.equal(broker.core.metrics.inflightMessages, 0);
});

test('what a restarted broker takes back as in flight is counted', async () => {
  const engine = new MemoryEngine();
  let store = new HeldStore(engine);
  const before = new TestBroker({ store });
  const subscriber = before.open(5);
  subscriber.send({ type: PacketType.connect, protocolVersion: 5, keepAlive: 0, clientId: 's', ...lasting });
  for (let i = 0; i < 3; i++) {
    before.settle();
    await Promise.resolve();
  }
  const request = { filter: 't', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  subscriber.send({ type: PacketType.subscribe, packetId: 1, subscriptions: [request] });
  before.core.publish({ topic: 't', payload: new Uint8Array(1), qos: 1, retain: false, properties: undefined });
  before.settle();
  assert.equal(before.core.metrics.inflightMessages, 1);
  store = new HeldStore(engine);
  const after = new TestBroker({ store });
  assert.deepEqual([after.core.metrics.inflightMessages, inflightOf(after)], [1, 1]);
});

test('whatever clients do, the count of messages in flight is what their sessions hold', () => {
  const seed = 20_261_121;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const broker = new TestBroker({ limits: { maxInflight: 5, maxQueuedMessages: 10, queueFull: 'drop-oldest' } });
  const publisher = broker.connect('p');
  const clients = new Map<string, TestClient>();
  for (let step = 0; step < 3000; step++) {
    const name = `s${random(4)}`;
    const client = clients.get(name);
    const action = random(8);
    if (client === undefined) {
      const back = broker.connect(name, random(4) === 0 ? {} : lasting);
      back.subscribe('t', { qos: random(3) as 0 | 1 | 2 });
      clients.set(name, back);
    } else if (action === 0) {
      client.cut();
      clients.delete(name);
    } else if (action < 4) {
      publisher.publish('t', 'x', { qos: (1 + random(2)) as 1 | 2 });
      publisher.take();
    } else {
      const type = ([PacketType.puback, PacketType.pubrec, PacketType.pubcomp] as const)[random(3)]!;
      client.ack(type, 1 + random(12), random(6) === 0 && type === PacketType.pubrec ? 0x80 : 0);
      client.take();
    }
    if (client?.closed === true) clients.delete(name);
    assert.equal(broker.core.metrics.inflightMessages, inflightOf(broker), `seed ${seed}, step ${step}`);
  }
});

test('drops are told at most once a tick for a client and a reason, and all of them are counted', () => {
  const told: [string, DropReason][] = [];
  const broker = new TestBroker({
    limits: { maxOutboundBytes: 100 },
    observer: { dropped: (clientId, reason) => told.push([clientId, reason]) },
  });
  const publisher = broker.connect('p');
  const slow = broker.connect('slow');
  slow.subscribe('t');
  slow.link.reading = false;
  publisher.publish('t', 'x'.repeat(200));
  for (let i = 0; i < 10; i++) publisher.publish('t', 'x');
  assert.deepEqual(told, [['slow', 'slow-consumer']]);
  assert.equal(broker.core.sessions.get('slow')!.drops?.count, 10);
  assert.equal(broker.core.metrics.droppedSlowConsumer, 10);
  broker.advance(250);
  publisher.publish('t', 'x');
  publisher.publish('t', 'x');
  assert.deepEqual(told, [
    ['slow', 'slow-consumer'],
    ['slow', 'slow-consumer'],
  ]);
});

test('what says nothing of a client is not told of it: messages it was away for', () => {
  const told: string[] = [];
  const broker = new TestBroker({ observer: { dropped: (clientId) => told.push(clientId) } });
  const away = broker.connect('away', lasting);
  away.subscribe('t', { qos: 0 });
  away.cut();
  broker.connect('p').publish('t', 'x');
  assert.deepEqual(told, []);
  assert.equal(broker.core.sessions.get('away')!.drops?.count, 1);
});
