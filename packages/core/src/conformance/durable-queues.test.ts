import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type QoS } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textOf } from '@cauldron/testkit';

const { puback, pubcomp, pubrec } = PacketType;

async function away(broker: DurableBroker, clientId = 's', filter = 't'): Promise<void> {
  const subscriber = await broker.connect(clientId);
  await broker.subscribe(subscriber, filter);
  subscriber.cut();
  await broker.settle();
}

/** Takes and acknowledges everything until nothing more comes. Returns the texts in the order they came. */
async function drain(broker: DurableBroker, client: TestClient, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const packets = client.take();
    if (packets.length === 0) return got;
    for (const packet of packets) {
      if (packet.type === PacketType.pubrel) client.ack(pubcomp, packet.packetId);
      if (packet.type !== PacketType.publish) continue;
      if (!packet.dup) got.push(textOf(packet.payload));
      if (packet.qos > 0) client.ack(packet.qos === 1 ? puback : pubrec, packet.packetId);
    }
    if (got.length >= most) return got;
    await broker.settle();
  }
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);
const mixed = (i: number): QoS => (i % 3 === 0 ? 2 : 1);

function assertEmpty(broker: DurableBroker): void {
  assert.deepEqual([broker.metrics.queuedMessages, broker.metrics.queuedBytes], [0, 0]);
  const { messages, references, entries } = broker.engine.content();
  assert.deepEqual({ messages, references, entries }, { messages: 0, references: 0, entries: 0 });
}

test('a queue longer than its window drains in order, QoS 1 and 2 mixed, with live messages arriving meanwhile', async () => {
  for (const restart of [false, true]) {
    const broker = new DurableBroker();
    await away(broker);
    let publisher = broker.broker.connect('p');
    for (let i = 0; i < 2500; i++) publisher.publish('t', `${i}`, { qos: mixed(i) });
    await broker.settle();
    if (restart) broker.crash();
    publisher = broker.broker.connect('p');
    assert.equal(broker.metrics.queuedMessages, 2500);
    const back = await broker.connect('s');
    let next = 2500;
    const got: string[] = [];
    while (got.length < 2800) {
      const some = await drain(broker, back, 100);
      if (some.length === 0) break;
      got.push(...some);
      for (let i = 0; i < 10 && next < 2800; i++, next++) publisher.publish('t', `${next}`, { qos: mixed(next) });
      await broker.settle();
    }
    assert.deepEqual(got, numbers(0, 2800));
    await drain(broker, back);
    await broker.settle();
    assertEmpty(broker);
  }
});

test('a session that is away holds neither its queue nor what is in flight in memory', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s', { properties: { receiveMaximum: 10 } });
  await broker.subscribe(subscriber, 't');
  const publisher = broker.broker.connect('p');
  for (let i = 0; i < 100; i++) publisher.publish('t', `${i}`, { qos: i < 10 ? 1 : mixed(i) });
  subscriber.cut(); // before all of it is written
  await broker.settle();
  const session = broker.core.sessions.get('s')!;
  assert.equal(session.queuedMessages, 90);
  let inflight = 0;
  session.inflight!.forEach((_packetId, item) => {
    inflight += 1;
    assert.equal(item.message, null);
    assert.equal(item.record, null);
  });
  assert.equal(inflight, 10);
  assert.equal(broker.metrics.queuedMessages, 90);
  assert.equal(broker.engine.queueLength('s'), 90);
  const back = await broker.connect('s');
  const got: string[] = [];
  for (let messages = back.takeMessages(); messages.length > 0; messages = back.takeMessages()) {
    for (const { payload, qos, packetId } of messages) {
      got.push(textOf(payload));
      back.ack(qos === 1 ? puback : pubrec, packetId);
      await broker.settle();
      if (qos === 2) back.ack(pubcomp, packetId);
    }
    await broker.settle();
  }
  assert.deepEqual(got, numbers(0, 100));
  assertEmpty(broker);
});

test('a client that goes in the middle of its drain goes on where it was, also past a crash', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const publisher = broker.broker.connect('p');
  for (let i = 0; i < 1500; i++) publisher.publish('t', `${i}`, { qos: 1 });
  await broker.settle();
  const got = new Set<string>();
  let rounds = 0;
  for (; got.size < 1500 && rounds < 60; rounds++) {
    const client = broker.request('s');
    for (let k = 0; k < 3; k++) {
      broker.store.releaseOne();
      broker.core.flush();
      const messages = client.takeMessages();
      // Some are acknowledged, some are not.
      for (const [i, { payload, packetId }] of messages.entries()) {
        if (i % 7 === 6) continue;
        got.add(textOf(payload));
        client.ack(puback, packetId);
      }
    }
    if (rounds % 3 === 0) broker.crash({ applied: rounds % 2 === 0 });
    else client.cut();
  }
  const last = await broker.connect('s');
  for (let messages = last.takeMessages(); messages.length > 0; messages = last.takeMessages()) {
    for (const { payload, packetId } of messages) {
      got.add(textOf(payload));
      last.ack(puback, packetId);
    }
    await broker.settle();
  }
  assert.equal(got.size, 1500);
  await broker.settle();
  assertEmpty(broker);
});

test('a take-over while the store is being read gets every message once and in order', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const publisher = broker.broker.connect('p');
  for (let i = 0; i < 1200; i++) publisher.publish('t', `${i}`, { qos: 1 });
  await broker.settle();
  const first = broker.request('s');
  const second = broker.request('s');
  const third = broker.request('s');
  assert.equal(first.closed && second.closed, true);
  await broker.settle();
  assert.deepEqual(await drain(broker, third), numbers(0, 1200));
  assert.deepEqual(first.takeMessages().length + second.takeMessages().length, 0);
  await broker.settle();
  assertEmpty(broker);
});

test('a session that ends while it is read, or with a queue that is only half written, leaves nothing behind', async () => {
  for (const moment of ['reading', 'unwritten', 'in flight']) {
    const broker = new DurableBroker();
    await away(broker);
    const publisher = broker.broker.connect('p');
    for (let i = 0; i < 1100; i++) publisher.publish('t', `${i}`, { qos: mixed(i) });
    if (moment !== 'unwritten') await broker.settle();
    if (moment !== 'unwritten') broker.request('s');
    if (moment === 'in flight') await broker.settle();
    assert.equal(broker.core.discardSession('s'), true);
    await broker.settle();
    assertEmpty(broker);
    assert.equal(broker.engine.content().sessions, 0);
    assert.equal(publisher.closed, false);
  }
});

test('large messages are read a few at a time', async () => {
  const broker = new DurableBroker({ limits: { maxOutboundBytes: 1 } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  for (let i = 0; i < 20; i++) publisher.publish('t', new Uint8Array(300_000).fill(i), { qos: 1 });
  await broker.settle();
  const back = broker.request('s', { properties: { receiveMaximum: 1 } });
  await broker.settle();
  await broker.settle();
  // One in flight, and about a window of bytes in memory; the rest stays where it is.
  const { queuedBytes } = broker.metrics;
  assert.ok(queuedBytes > 19 * 300_000);
  const reads: number[] = [];
  const read = broker.engine.read.bind(broker.engine);
  broker.engine.read = (request) => {
    const answer = read(request);
    reads.push(answer.entries.length);
    return answer;
  };
  let got = 0;
  for (let messages = back.takeMessages(); messages.length > 0; messages = back.takeMessages()) {
    for (const { packetId, payload } of messages) {
      assert.equal(payload[0], got);
      got += 1;
      back.ack(puback, packetId);
    }
    await broker.settle();
  }
  assert.equal(got, 20);
  assert.ok(reads.length >= 4 && Math.max(...reads) < 1_300_000, `${reads}`);
});

for (const [queueFull, kept] of [
  ['drop-newest', numbers(0, 10)],
  ['drop-oldest', numbers(20, 30)],
] as const) {
  test(`a queue that is full follows its policy (${queueFull}), also with what only the store has`, async () => {
    for (const how of ['one turn', 'written between', 'restarted between']) {
      const broker = new DurableBroker({ limits: { maxQueuedMessages: 10, queueFull } });
      await away(broker);
      let publisher = broker.broker.connect('p');
      for (let i = 0; i < 30; i++) {
        publisher.publish('t', `${i}`, { qos: mixed(i) });
        if (how !== 'one turn') await broker.settle();
        if (how === 'restarted between' && i === 15) {
          broker.crash();
          publisher = broker.broker.connect('p');
        }
      }
      await broker.settle();
      assert.equal(broker.metrics.queuedMessages, 10, how);
      assert.equal(broker.engine.queueLength('s'), 10, how);
      const sinceStart = how === 'restarted between' ? 14 : 20;
      assert.equal(broker.metrics.droppedQueueFull, sinceStart, how);
      broker.crash();
      assert.equal(broker.metrics.queuedMessages, 10, how);
      const back = await broker.connect('s');
      assert.deepEqual(await drain(broker, back), kept, how);
      await broker.settle();
      assertEmpty(broker);
    }
  });
}

test('`refuse` tells 5.0 publishers 0x97 and then nobody gets the message; 3.x is not refused; bytes count like messages', async () => {
  for (const limits of [{ maxQueuedMessages: 2 }, { maxQueuedBytes: 2050 }]) {
    const broker = new DurableBroker({ limits: { ...limits, queueFull: 'refuse' } });
    await away(broker);
    const here = broker.broker.connect('here');
    here.subscribe('t', { qos: 1 });
    const publisher = broker.broker.connect('p');
    const text = 'x'.repeat(900);
    for (const packetId of [1, 2, 3]) publisher.publish('t', text, { qos: 1, packetId });
    publisher.publish('t', text, { qos: 2, packetId: 4 });
    publisher.publish('t', text);
    await broker.settle();
    const codes = publisher.take().map((packet) => 'reasonCode' in packet && packet.reasonCode);
    assert.deepEqual(codes, [0, 0, 0x97, 0x97]);
    assert.equal(here.takeMessages().length, 3);
    assert.equal(broker.metrics.publishesRefusedQueueFull, 2);
    assert.equal(broker.metrics.droppedQueueFull, 0);
    const old = broker.broker.connect('old', { version: 4 });
    old.publish('t', text, { qos: 1, packetId: 1 });
    await broker.settle();
    assert.equal(old.take().length, 1);
    assert.equal(here.takeMessages().length, 1);
    assert.equal(broker.metrics.droppedQueueFull, 1);
    // The identifier of the refused QoS 2 publish is free.
    const back = await broker.connect('s');
    assert.equal((await drain(broker, back)).length, 2);
    publisher.publish('t', text, { qos: 2, packetId: 4 });
    await broker.settle();
    assert.deepEqual(
      publisher.take().map((packet) => 'reasonCode' in packet && packet.reasonCode),
      [0],
    );
  }
});

test('`refuse` looks at who would get the message: not at QoS 0 subscriptions, own messages, and clients that take it at once', async () => {
  const broker = new DurableBroker({ limits: { maxQueuedMessages: 0, queueFull: 'refuse' } });
  const zero = await broker.connect('zero');
  await broker.subscribe(zero, 't', { qos: 0 });
  zero.cut();
  const here = await broker.connect('here');
  await broker.subscribe(here, 't', { qos: 1 });
  const publisher = await broker.connect('p');
  await broker.subscribe(publisher, 't', { qos: 1, noLocal: true });
  publisher.publish('t', 'x', { qos: 1, packetId: 1 });
  await broker.settle();
  assert.deepEqual(
    publisher.take().map((packet) => 'reasonCode' in packet && packet.reasonCode),
    [0],
  );
  assert.equal(here.takeMessages().length, 1);
  const shared = await broker.connect('shared');
  await broker.subscribe(shared, '$share/g/only', { qos: 1 });
  shared.cut();
  publisher.publish('only', 'x', { qos: 1, packetId: 2 });
  assert.deepEqual(
    publisher.take().map((packet) => 'reasonCode' in packet && packet.reasonCode),
    [0x97],
  );
});

test('what expired or grew too old makes room in a full queue, whatever the policy, and is counted', async () => {
  for (const queueFull of ['drop-newest', 'drop-oldest', 'refuse'] as const) {
    const broker = new DurableBroker({ limits: { maxQueuedMessages: 4, maxQueuedAge: 60, queueFull } });
    await away(broker);
    const publisher = broker.broker.connect('p');
    const properties = { messageExpiryInterval: 10 };
    for (const text of ['a', 'b']) publisher.publish('t', text, { qos: 1, properties });
    for (const text of ['c', 'd']) publisher.publish('t', text, { qos: 1 });
    await broker.settle();
    broker.crash({ downtime: 20_000 });
    const again = broker.broker.connect('p');
    again.publish('t', 'finds the queue full', { qos: 1 });
    await broker.settle();
    again.take();
    again.publish('t', 'e', { qos: 1 });
    await broker.settle();
    assert.deepEqual(
      again.take().map((packet) => 'reasonCode' in packet && packet.reasonCode),
      [0],
      queueFull,
    );
    assert.equal(broker.metrics.droppedExpired, 2, queueFull);
    await broker.pass(50_000);
    const back = await broker.connect('s');
    const expected = queueFull === 'drop-oldest' ? ['finds the queue full', 'e'] : ['e'];
    assert.deepEqual(await drain(broker, back), expected, queueFull);
    assert.equal(broker.metrics.droppedTooOld, 2, queueFull);
    await broker.settle();
    assertEmpty(broker);
  }
});

test('QoS 0 messages for sessions that are away are kept where the broker is told to, in order with the rest', async () => {
  const broker = new DurableBroker({ mqtt: { queueQos0: true } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  for (let i = 0; i < 12; i++) publisher.publish('t', `${i}`, { qos: (i % 3) as QoS });
  await broker.settle();
  broker.crash();
  const back = await broker.connect('s');
  assert.deepEqual(await drain(broker, back), numbers(0, 12));
  await broker.settle();
  assertEmpty(broker);
});

test('a message that many sessions queue is stored once, and goes with the last of them', async () => {
  const broker = new DurableBroker();
  for (const clientId of ['a', 'b', 'c']) await away(broker, clientId);
  broker.broker.connect('p').publish('t', 'x', { qos: 1 });
  await broker.settle();
  assert.deepEqual([broker.engine.content().messages, broker.engine.content().references], [1, 3]);
  for (const [i, clientId] of ['a', 'b'].entries()) {
    await drain(broker, await broker.connect(clientId));
    assert.deepEqual([broker.engine.content().messages, broker.engine.content().references], [1, 2 - i]);
  }
  broker.core.discardSession('c');
  await broker.settle();
  assertEmpty(broker);
});

test('a client that takes no message this large does not keep it in the store', async () => {
  const broker = new DurableBroker();
  const narrow = { maximumPacketSize: 100 };
  const client = await broker.connect('s', { properties: narrow });
  await broker.subscribe(client, 't');
  const publisher = broker.broker.connect('p');
  for (const qos of [0, 1, 2] as const) publisher.publish('t', 'x'.repeat(200), { qos });
  await broker.settle();
  client.cut();
  for (const qos of [1, 2] as const) publisher.publish('t', 'x'.repeat(200), { qos });
  publisher.publish('t', 'short', { qos: 1 });
  await broker.settle();
  const back = await broker.connect('s', { properties: narrow });
  assert.deepEqual(await drain(broker, back), ['short']);
  await broker.settle();
  assert.equal(broker.metrics.droppedTooLarge, 5);
  assertEmpty(broker);
});
