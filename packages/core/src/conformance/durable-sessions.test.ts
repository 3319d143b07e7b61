import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnackPacket, PacketType } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const ending = { cleanStart: true, properties: { sessionExpiryInterval: 0 } };

function answer(client: TestClient): Pick<ConnackPacket, 'reasonCode' | 'sessionPresent'> {
  const { reasonCode, sessionPresent } = client.takeFirst(PacketType.connack) as ConnackPacket;
  return { reasonCode, sessionPresent };
}

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('a clean start is answered when the session before it is over on the disk, so no crash brings that back', async () => {
  const broker = new DurableBroker();
  const before = await broker.connect('c');
  await broker.subscribe(before, 't');
  const anew = broker.request('c', ending);
  assert.deepEqual(anew.take(), []);
  await broker.settle();
  assert.deepEqual(answer(anew), { reasonCode: 0, sessionPresent: false });
  broker.crash();
  const back = broker.request('c');
  await broker.settle();
  assert.deepEqual(answer(back), { reasonCode: 0, sessionPresent: false });
  assert.equal(broker.core.router.subscriptions, 0);
});

test('a clean start that would end a stored session is refused while the store fails, and the session stays', async () => {
  const broker = new DurableBroker();
  const before = await broker.connect('c');
  await broker.subscribe(before, 't');
  broker.fail('io');
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'x', { qos: 1 });
  await broker.settle();
  const anew = broker.request('c', ending);
  await broker.settle();
  assert.equal(answer(anew).reasonCode, 0x88);
  assert.equal(broker.core.router.subscriptions, 1);
  const other = broker.request('other', ending);
  assert.equal(answer(other).reasonCode, 0);
});

test('who comes back to a session that is not written yet is answered when it is', async () => {
  const broker = new DurableBroker();
  broker.request('c').cut();
  const again = broker.request('c');
  assert.deepEqual(again.take(), []);
  broker.crash();
  const last = broker.request('c');
  await broker.settle();
  assert.deepEqual(answer(last), { reasonCode: 0, sessionPresent: false });
});

test('of two connections that wait for one session the later one gets it [MQTT-3.1.4-3]', async () => {
  const broker = new DurableBroker();
  const first = broker.request('c');
  const second = broker.request('c');
  await broker.settle();
  assert.equal(answer(first).reasonCode, 0x89);
  assert.equal(answer(second).reasonCode, 0);
});

test('a session does not expire while its client waits to be answered', async () => {
  const broker = new DurableBroker();
  const client = broker.request('c', { properties: { sessionExpiryInterval: 1 } });
  broker.broker.advance(3000);
  await broker.settle();
  assert.equal(answer(client).reasonCode, 0);
});

test('a broker that stops before it has written who is connected still has will and end of the session to come', async () => {
  const broker = new DurableBroker();
  const before = await broker.connect('c');
  before.cut();
  await broker.settle();
  const will = { topic: 'will', payload: textBytes('gone'), qos: 0 as const, retain: false };
  broker.request('other'); // while its group is written, the next one waits
  broker.request('c', { will, properties: { sessionExpiryInterval: 60 } });
  broker.core.close();
  await broker.settle();
  broker.crash();
  const watcher = await broker.connect('w');
  await broker.subscribe(watcher, 'will');
  await broker.pass(11_000);
  assert.deepEqual(texts(watcher), ['gone']);
  await broker.pass(60_000);
  assert.equal(broker.core.sessions.get('c'), undefined);
});

test('a QoS 0 message that waited in the store goes out at most once, whatever crashes', async () => {
  const broker = await filled();
  const here = await broker.connect('s', slowly);
  broker.broker.connect('p').publish('t', 'zero', { qos: 0 });
  await broker.settle();
  assert.deepEqual(await drain(broker, here, 1), ['one']);
  here.ack(PacketType.puback, here.takeMessages()[0]!.packetId);
  const got: string[] = [];
  while (!got.includes('zero') && broker.store.releaseOne()) {
    broker.core.flush();
    got.push(...texts(here));
  }
  assert.deepEqual(got, ['three', 'zero']);
  broker.crash(); // before the store knows that it went out
  const back = await broker.connect('s');
  assert.ok(!texts(back).includes('zero'));
  await broker.settle();
  assert.deepEqual([broker.metrics.queuedMessages, broker.engine.content().entries], [0, 0]);
});

test('QoS 0 messages that wait keep their order when the client goes and comes back', async () => {
  const broker = await filled();
  const here = await broker.connect('s', slowly);
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'older', { qos: 0 });
  await broker.settle();
  assert.deepEqual(await drain(broker, here, 1), ['one']);
  // The second is in flight; the rest is in memory and waits for its acknowledgement.
  publisher.publish('t', 'newer', { qos: 0 });
  await broker.settle();
  here.cut();
  await broker.settle();
  const back = await broker.connect('s', slowly);
  const got = await drain(broker, back, 5);
  assert.deepEqual(got, ['two', 'three', 'older', 'newer']);
});

const slowly = { properties: { sessionExpiryInterval: 1000, receiveMaximum: 1 } };

/** A broker that found three messages for a session when it started: QoS 0 for that session waits behind them. */
async function filled(): Promise<DurableBroker> {
  const broker = new DurableBroker({ durability: { memoryWindow: 2 } });
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't', { qos: 1 });
  subscriber.cut();
  await broker.settle();
  const publisher = broker.broker.connect('p0');
  for (const text of ['one', 'two', 'three']) publisher.publish('t', text, { qos: 1 });
  await broker.settle();
  broker.crash();
  return broker;
}

/** Takes messages one by one and acknowledges them. */
async function drain(broker: DurableBroker, client: TestClient, rounds: number): Promise<string[]> {
  const got: string[] = [];
  for (let i = 0; i < rounds; i++) {
    for (const { packetId, payload, qos } of client.takeMessages()) {
      got.push(textOf(payload));
      if (qos > 0) client.ack(PacketType.puback, packetId);
    }
    await broker.settle();
  }
  return got;
}

test('a client that goes before its CONNECT is answered leaves its session, and no connection in it', async () => {
  const broker = new DurableBroker();
  const client = broker.request('c');
  const [connection] = broker.core.connections;
  client.cut();
  await broker.settle();
  const session = broker.core.sessions.get('c')!;
  assert.equal(session.away, true);
  assert.equal(Object.values(session).includes(connection), false);
  const back = broker.request('c');
  await broker.settle();
  assert.deepEqual(answer(back), { reasonCode: 0, sessionPresent: true });
});
