import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textBytes } from '@cauldron/testkit';

const { puback, pubcomp, pubrec, pubrel } = PacketType;
const MANY = 2000;

async function withRetained(options: ConstructorParameters<typeof DurableBroker>[0] = {}): Promise<DurableBroker> {
  const broker = new DurableBroker(options);
  for (let i = 0; i < MANY; i++) {
    broker.core.publish({ topic: `r/${i}`, payload: textBytes(`${i}`), qos: 2, retain: true, properties: undefined });
  }
  await broker.settle();
  return broker;
}

/** Watches how many messages are sent in one turn at most. */
function longestTurn({ core }: DurableBroker): () => number {
  let longest = 0;
  const flush = core.flush.bind(core);
  core.flush = () => {
    const before = core.metrics.publishSent;
    flush();
    longest = Math.max(longest, core.metrics.publishSent - before);
  };
  return () => longest;
}

/** Everything that one turn brings, acknowledged. Null when nothing came. */
async function turn(broker: DurableBroker, client: TestClient): Promise<string[] | null> {
  const packets = client.take();
  if (packets.length === 0) return null;
  const topics: string[] = [];
  for (const packet of packets) {
    if (packet.type === pubrel) client.ack(pubcomp, packet.packetId);
    if (packet.type !== PacketType.publish) continue;
    topics.push(packet.topic);
    if (packet.qos > 0) client.ack(packet.qos === 1 ? puback : pubrec, packet.packetId);
  }
  while (broker.store.releaseOne()) broker.core.flush();
  await Promise.resolve();
  return topics;
}

async function all(broker: DurableBroker, client: TestClient, least = Number.POSITIVE_INFINITY): Promise<string[]> {
  const topics: string[] = [];
  for (let quiet = 0; quiet < 3 && topics.length < least; ) {
    const some = await turn(broker, client);
    if (some === null) quiet += 1;
    else topics.push(...some);
  }
  return topics;
}

async function assertNothingLeft(broker: DurableBroker): Promise<void> {
  const cleaner = broker.broker.connect('cleaner');
  for (let i = 0; i < MANY; i++) cleaner.publish(`r/${i}`, '', { retain: true });
  await broker.settle();
  const { messages, references, entries, retained } = broker.engine.content();
  const left = { messages: 0, references: 0, entries: 0, retained: 0 };
  assert.deepEqual({ messages, references, entries, retained }, left);
  assert.deepEqual([broker.metrics.queuedMessages, broker.metrics.queuedBytes], [0, 0]);
}

for (const qos of [0, 1, 2] as const) {
  test(`${MANY} retained messages reach a new subscription in full and in slices (QoS ${qos}) [MQTT-3.3.1-9]`, async () => {
    const broker = await withRetained();
    for (const lasting of [false, true]) {
      const client = lasting ? await broker.connect('lasting') : broker.broker.connect('passing');
      broker.requestSubscribe(client, 'r/#', { qos });
      if (lasting) broker.store.releaseOne();
      const topics: string[] = [];
      const longest = longestTurn(broker);
      for (let quiet = 0; quiet < 3; ) {
        const some = await turn(broker, client);
        if (some === null) quiet += 1;
        else topics.push(...some);
      }
      assert.equal(topics.length, MANY);
      assert.equal(new Set(topics).size, MANY);
      assert.ok(longest() <= 600, `${longest()} in one turn`);
      client.cut();
      await broker.settle();
      // What was owed is paid: a restart brings none of it again.
      broker.crash();
      if (lasting) assert.deepEqual(await all(broker, await broker.connect('lasting')), []);
    }
    await assertNothingLeft(broker);
  });
}

test('what a lasting session is owed is owed past a crash, and comes in full', async () => {
  for (const qos of [1, 2] as const) {
    const broker = await withRetained();
    const client = await broker.connect('s');
    await broker.subscribe(client, 'r/#', { qos });
    const got = new Set(await all(broker, client, 600));
    assert.ok(got.size < MANY);
    broker.crash();
    const back = await broker.connect('s');
    for (const topic of await all(broker, back)) got.add(topic);
    assert.equal(got.size, MANY);
    broker.crash();
    assert.deepEqual(await all(broker, await broker.connect('s')), []);
    await broker.settle();
    await assertNothingLeft(broker);
  }
});

test('a client that goes before it has everything gets the rest when it comes back', async () => {
  const broker = await withRetained();
  const client = await broker.connect('s');
  await broker.subscribe(client, 'r/#', { qos: 1 });
  const got = await all(broker, client, 600);
  client.cut();
  await broker.settle();
  const back = await broker.connect('s');
  got.push(...(await all(broker, back)));
  assert.equal(new Set(got).size, MANY);
  await broker.settle();
  await assertNothingLeft(broker);
});

test('unsubscribing stops what is owed, subscribing again starts over', async () => {
  const broker = await withRetained();
  const client = await broker.connect('s');
  await broker.subscribe(client, 'r/#', { qos: 1 });
  const before = (await all(broker, client, 300)).length;
  client.send({ type: PacketType.unsubscribe, packetId: 9, filters: ['r/#'] });
  await broker.settle();
  const after = (await all(broker, client)).length;
  assert.ok(before + after < 1200, `${before} and then ${after}`);
  await broker.subscribe(client, 'r/#', { qos: 1 });
  await all(broker, client, 300);
  await broker.subscribe(client, 'r/#', { qos: 1 });
  const again = await all(broker, client);
  assert.equal(new Set(again).size, MANY);
  assert.ok(again.length < MANY + 1100, `${again.length}`);
  await broker.settle();
  await assertNothingLeft(broker);
});

test('a subscription that is replaced while it is owed messages has its own options for the rest', async () => {
  const broker = await withRetained();
  const client = await broker.connect('s');
  await broker.subscribe(client, 'r/#', { qos: 2 });
  await all(broker, client, 300);
  await broker.subscribe(client, 'r/#', { qos: 0, retainHandling: 2, identifier: 5 });
  // What waits already is what it was.
  const session = broker.core.sessions.get('s')!;
  for (let left = session.queuedMessages + session.inflight!.size; left > 0; ) {
    const some = await all(broker, client, 1);
    if (some.length === 0) break;
    left -= some.length;
  }
  const later: number[] = [];
  for (let quiet = 0; quiet < 3; ) {
    const packets = client.take();
    if (packets.length === 0) quiet += 1;
    for (const packet of packets) {
      if (packet.type === pubrel) client.ack(pubcomp, packet.packetId);
      if (packet.type !== PacketType.publish) continue;
      later.push(packet.qos);
      if (packet.qos > 0) client.ack(pubrec, packet.packetId);
    }
    await broker.settle();
  }
  assert.ok(
    later.slice(-100).every((qos) => qos === 0),
    `${later.length} came`,
  );
  await broker.settle();
  await assertNothingLeft(broker);
});

test('retained messages that change while they are owed arrive as they are when their turn comes', async () => {
  const broker = await withRetained();
  const client = await broker.connect('s');
  await broker.subscribe(client, 'r/#', { qos: 1 });
  await all(broker, client, 100);
  const changer = broker.broker.connect('changer');
  for (let i = 1000; i < 1100; i++) changer.publish(`r/${i}`, 'new', { qos: 1, retain: true });
  for (let i = 1100; i < 1200; i++) changer.publish(`r/${i}`, '', { qos: 1, retain: true });
  const got = await all(broker, client);
  assert.ok(got.length >= MANY - 700);
  await broker.settle();
  await assertNothingLeft(broker);
});

test('while a SUBACK waits for the store, the retained messages behind it ask for no turn after turn', async () => {
  const broker = await withRetained();
  const client = await broker.connect('reader');
  await broker.subscribe(client, 'live', { qos: 1 });
  broker.core.publish({ topic: 'live', payload: textBytes('x'), qos: 1, retain: false, properties: undefined });
  await broker.settle();
  const [live] = client.takeMessages();
  broker.requestSubscribe(client, 'r/#');
  const { flushSet } = broker.core;
  let asked = 0;
  const add = flushSet.add.bind(flushSet);
  flushSet.add = (one) => {
    asked += 1;
    add(one);
  };
  client.ack(puback, live!.packetId); // there is room again, for more of what is retained too
  for (let i = 0; i < 20; i++) broker.core.flush();
  assert.ok(asked <= 3, `${asked} turns were asked for`);
});
