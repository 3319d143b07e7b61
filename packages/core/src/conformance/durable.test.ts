import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { HeldStore, MemoryEngine, TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

/** A durable client: its CONNACK comes when the store has its session. */
function durable(broker: TestBroker, clientId: string): TestClient {
  const client = broker.open(5);
  client.send({ type: PacketType.connect, protocolVersion: 5, keepAlive: 0, clientId, ...lasting });
  return client;
}

/** Everything asked of the store is answered. */
async function settled(broker: TestBroker): Promise<void> {
  broker.settle();
  // A CONNACK waits by promise.
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  broker.settle();
}

test('PUBACK leaves when the message of an offline durable session is written, and the message outlives a crash', async () => {
  const engine = new MemoryEngine();
  const store = new HeldStore(engine);
  let broker = new TestBroker({ store });
  const subscriber = durable(broker, 's');
  await settled(broker);
  assert.equal(subscriber.takeOne().type, PacketType.connack);
  subscriber.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter: 't', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  });
  assert.deepEqual(subscriber.take(), []);
  await settled(broker);
  assert.equal(subscriber.takeOne().type, PacketType.suback);
  subscriber.cut();
  const publisher = broker.connect('p');
  publisher.publish('t', 'one', { qos: 1 });
  assert.deepEqual(publisher.take(), []);
  await settled(broker);
  assert.equal(publisher.takeOne().type, PacketType.puback);
  publisher.publish('t', 'two', { qos: 1 });
  store.crash();
  broker = new TestBroker({ store: new HeldStore(engine) });
  assert.equal(broker.core.metrics.queuedMessages, 1);
  const back = durable(broker, 's');
  await settled(broker);
  const [connack, message] = back.take();
  assert.deepEqual([connack?.type, connack?.type === PacketType.connack && connack.sessionPresent], [2, true]);
  assert.equal(message?.type === PacketType.publish && textOf(message.payload), 'one');
  back.ack(PacketType.puback, message?.type === PacketType.publish ? message.packetId : 0);
  await settled(broker);
  assert.deepEqual(engine.content().messages, 0);
});

test('a QoS 1 message in flight waits a moment for its PUBACK, and then nothing is written and its publisher is answered', async () => {
  const engine = new MemoryEngine();
  const delayed: (() => void)[] = [];
  const store = new HeldStore(engine);
  const broker = new TestBroker({ store, after: (_milliseconds, then) => delayed.push(then) });
  const subscriber = durable(broker, 's');
  await settled(broker);
  subscriber.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter: 't', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  });
  await settled(broker);
  subscriber.take();
  const before = broker.core.metrics.storeWrites;
  const publisher = broker.connect('p');
  publisher.publish('t', 'fast', { qos: 1 });
  await settled(broker);
  assert.deepEqual(publisher.take(), []);
  const [message] = subscriber.takeMessages();
  subscriber.ack(PacketType.puback, message!.packetId);
  assert.equal(publisher.takeOne().type, PacketType.puback);
  for (const then of delayed.splice(0)) then();
  await settled(broker);
  assert.equal(broker.core.metrics.storeWrites, before);
  // One that is not acknowledged in that moment is written.
  publisher.publish('t', 'slow', { qos: 1 });
  await settled(broker);
  assert.deepEqual(publisher.take(), []);
  for (const then of delayed.splice(0)) then();
  await settled(broker);
  assert.equal(publisher.takeOne().type, PacketType.puback);
  assert.equal(broker.core.metrics.storeWrites, before + 1);
  assert.equal(engine.content().messages, 1);
});
