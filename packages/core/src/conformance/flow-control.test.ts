import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type PublishPacket, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

function publishMany(client: TestClient, count: number, qos: 0 | 1 | 2, from = 0): void {
  for (let i = from; i < from + count; i++) client.publish('t', `${i}`, { qos, packetId: i + 1 });
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => `${from + i}`);

test("never more QoS 1 and 2 messages are in flight than the client's receive maximum and limits.maxInflight allow [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2]", () => {
  const cases = [
    { receiveMaximum: 3, maxInflight: 100, window: 3 },
    { receiveMaximum: 100, maxInflight: 4, window: 4 },
    { receiveMaximum: undefined, maxInflight: 5, window: 5 },
    { receiveMaximum: 1, maxInflight: 5, window: 1 },
  ];
  for (const { receiveMaximum, maxInflight, window } of cases) {
    const broker = new TestBroker({ limits: { maxInflight } });
    const client = broker.connect('c', receiveMaximum === undefined ? {} : { properties: { receiveMaximum } });
    client.subscribe('t', { qos: 1 });
    publishMany(broker.connect('p'), 10, 1);
    const got: PublishPacket[] = client.takeMessages();
    assert.equal(got.length, window);
    for (let done = 0; done < 10; done++) {
      client.ack(PacketType.puback, got[done]!.packetId);
      got.push(...client.takeMessages());
      assert.equal(got.length, Math.min(10, done + 1 + window));
    }
    assert.deepEqual(
      got.map(({ payload }) => textOf(payload)),
      numbers(0, 10),
    );
  }
});

test('in 3.x limits.maxInflight alone is the window', () => {
  for (const version of [3, 4] as const) {
    const broker = new TestBroker({ limits: { maxInflight: 2 } });
    const client = broker.connect('c', { version });
    client.subscribe('t');
    publishMany(broker.connect('p'), 5, 2);
    assert.equal(client.takeMessages().length, 2);
  }
});

test('a QoS 2 message takes its place in the window until PUBCOMP, or until a PUBREC that refuses it [MQTT-3.3.4-9] [MQTT-4.9.0-2]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { receiveMaximum: 1 } });
  client.subscribe('t');
  publishMany(broker.connect('p'), 3, 2);
  const [first] = client.takeMessages();
  client.ack(PacketType.pubrec, first!.packetId);
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [PacketType.pubrel],
  );
  client.ack(PacketType.pubcomp, first!.packetId);
  const [second] = client.takeMessages();
  assert.equal(textOf(second!.payload), '1');
  client.ack(PacketType.pubrec, second!.packetId, ReasonCode.quotaExceeded);
  assert.deepEqual(texts(client), ['2']);
});

test('a full window holds back nothing but QoS 1 and 2 publishes [MQTT-3.3.4-10] [MQTT-4.9.0-3]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { receiveMaximum: 1 } });
  client.subscribe('t');
  const publisher = broker.connect('p');
  publishMany(publisher, 2, 2);
  const [first] = client.takeMessages();
  publisher.publish('t', 'zero', { qos: 0 });
  client.publish('elsewhere', 'x', { qos: 1, packetId: 500 });
  client.publish('elsewhere', 'x', { qos: 2, packetId: 501 });
  client.ack(PacketType.pubrel, 501);
  client.send({ type: PacketType.pingreq });
  client.subscribe('more');
  client.send({ type: PacketType.unsubscribe, packetId: 502, filters: ['more'] });
  client.ack(PacketType.pubrec, first!.packetId);
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [
      PacketType.publish,
      PacketType.puback,
      PacketType.pubrec,
      PacketType.pubcomp,
      PacketType.pingresp,
      PacketType.unsuback,
      PacketType.pubrel,
    ],
  );
});

test('one QoS 2 publish more than the receive maximum the broker announced ends the connection with 0x93 [MQTT-3.3.4-7]', () => {
  const broker = new TestBroker({ limits: { receiveMaximum: 3 } });
  const client = broker.open();
  assert.equal(client.connect('c').properties?.receiveMaximum, 3);
  publishMany(client, 3, 2);
  client.publish('t', '0', { qos: 2, packetId: 1, dup: true });
  client.ack(PacketType.pubrel, 1);
  publishMany(client, 1, 2, 10);
  assert.equal(client.closed, false);
  client.take();
  publishMany(client, 1, 2, 20);
  const goodbye = client.takeOne();
  assert.equal((goodbye as { reasonCode: number }).reasonCode, ReasonCode.receiveMaximumExceeded);
  assert.equal(client.closed, true);
  assert.equal(broker.core.metrics.receiveMaximumExceeded, 1);
});

test('QoS 1 publishes and 3.x clients never exceed the receive maximum: what is answered at once is not in flight', () => {
  const broker = new TestBroker({ limits: { receiveMaximum: 1 } });
  const current = broker.connect('c');
  publishMany(current, 50, 1);
  assert.equal(current.take().length, 50);
  const old = broker.connect('old', { version: 4 });
  publishMany(old, 50, 2);
  assert.equal(old.take().length, 50);
  assert.equal(old.closed, false);
});

test('a session queues up to its limit of messages, drops and counts the newest above it, and says so once', () => {
  const dropping: string[] = [];
  const broker = new TestBroker({
    limits: { maxQueuedMessages: 3 },
    observer: { dropping: (clientId, reason) => dropping.push(`${clientId} ${reason}`) },
  });
  const client = broker.connect('c', lasting);
  client.subscribe('t', { qos: 1 });
  client.cut();
  publishMany(broker.connect('p'), 6, 1);
  assert.equal(broker.core.metrics.droppedQueueFull, 3);
  assert.deepEqual(dropping, ['c queue-full']);
  assert.equal(broker.core.metrics.queuedMessages, 3);
  assert.deepEqual(texts(broker.connect('c', lasting)), ['0', '1', '2']);
  assert.equal(broker.core.metrics.queuedMessages, 0);
  assert.equal(broker.core.metrics.queuedBytes, 0);
});

test('a session queues up to its limit of bytes', () => {
  const broker = new TestBroker({ limits: { maxQueuedBytes: 2500 } });
  const client = broker.connect('c', lasting);
  client.subscribe('t', { qos: 1 });
  client.cut();
  const publisher = broker.connect('p');
  for (const letter of ['a', 'b', 'c']) publisher.publish('t', letter.repeat(1000), { qos: 1 });
  publisher.publish('t', 'd'.repeat(100), { qos: 1 });
  assert.equal(broker.core.metrics.droppedQueueFull, 1);
  assert.ok(broker.core.metrics.queuedBytes > 2000 && broker.core.metrics.queuedBytes <= 2500);
  assert.deepEqual(
    texts(broker.connect('c', lasting)).map((text) => text[0]),
    ['a', 'b', 'd'],
  );
});

test('messages that expired make room in a full queue for those that have not', () => {
  const broker = new TestBroker({ limits: { maxQueuedMessages: 2 } });
  const client = broker.connect('c', lasting);
  client.subscribe('t', { qos: 1 });
  client.cut();
  const publisher = broker.connect('p');
  for (const text of ['a', 'b']) publisher.publish('t', text, { qos: 1, properties: { messageExpiryInterval: 1 } });
  broker.advance(2000);
  for (const text of ['c', 'd']) publisher.publish('t', text, { qos: 1 });
  assert.deepEqual(texts(broker.connect('c', lasting)), ['c', 'd']);
  assert.equal(broker.core.metrics.droppedExpired, 2);
  assert.equal(broker.core.metrics.droppedQueueFull, 0);
});

test('QoS 0 is dropped and counted for a client that is away, or queued in its place where mqtt.queueQos0 says so', () => {
  for (const queueQos0 of [false, true]) {
    const broker = new TestBroker({ mqtt: { queueQos0 } });
    const client = broker.connect('c', lasting);
    client.subscribe('t');
    client.cut();
    const publisher = broker.connect('p');
    publisher.publish('t', 'a', { qos: 1 });
    publisher.publish('t', 'b', { qos: 0 });
    publisher.publish('t', 'c', { qos: 1 });
    assert.deepEqual(texts(broker.connect('c', lasting)), queueQos0 ? ['a', 'b', 'c'] : ['a', 'c']);
    assert.equal(broker.core.metrics.droppedOffline, queueQos0 ? 0 : 1);
  }
});

test('a client that does not read loses QoS 0, counted; QoS 1 waits and comes in order after it drained; others notice nothing', () => {
  const dropping: string[] = [];
  const broker = new TestBroker({
    limits: { maxOutboundBytes: 100 },
    observer: { dropping: (clientId, reason) => dropping.push(`${clientId} ${reason}`) },
  });
  const slow = broker.connect('slow');
  slow.subscribe('t', { qos: 1 });
  const quick = broker.connect('quick');
  quick.subscribe('t', { qos: 1 });
  slow.link.reading = false;
  const publisher = broker.connect('p');
  publisher.publish('t', 'x'.repeat(200), { qos: 0 });
  for (let i = 0; i < 5; i++) {
    publisher.publish('t', 'lost', { qos: 0 });
    publisher.publish('t', `${i}`, { qos: 1 });
  }
  assert.equal(broker.core.metrics.droppedSlowConsumer, 5);
  assert.deepEqual(dropping, ['slow slow-consumer']);
  assert.equal(broker.core.metrics.queuedMessages, 5);
  assert.equal(quick.takeMessages().length, 11);
  assert.equal(publisher.link.paused, false);
  slow.link.drain();
  assert.deepEqual(texts(slow).slice(1), numbers(0, 5));
  publisher.publish('t', 'again', { qos: 0 });
  assert.deepEqual(texts(slow), ['again']);
  assert.equal(broker.core.metrics.queuedMessages, 0);
  assert.equal(broker.core.metrics.publishDropped, 5);
});

test('what waits for a slow client goes out in pieces as it drains, never more than the limit at once', () => {
  const broker = new TestBroker({ limits: { maxOutboundBytes: 4000 } });
  const slow = broker.connect('slow');
  slow.subscribe('t', { qos: 1 });
  slow.link.reading = false;
  const publisher = broker.connect('p');
  for (let i = 0; i < 200; i++) publisher.publish('t', `${i}`.padEnd(1000), { qos: 1 });
  const got: string[] = [];
  for (let round = 0; round < 400 && got.length < 200; round++) {
    assert.ok(slow.link.pending < 4000 + 70_000, `${slow.link.pending} bytes are pending`);
    slow.link.drain();
    slow.link.reading = false;
    broker.core.flush();
    slow.link.drain();
    slow.link.reading = false;
    for (const message of slow.takeMessages()) {
      got.push(textOf(message.payload).trim());
      slow.ack(PacketType.puback, message.packetId);
    }
  }
  assert.deepEqual(got, numbers(0, 200));
});
