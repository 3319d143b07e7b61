import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textOf } from '@cauldron/testkit';
import { MOST_WAITING_BYTES } from '../store/journal.ts';

const { puback, pingresp } = PacketType;

async function away(broker: DurableBroker, clientId = 's', filter = 't'): Promise<void> {
  const subscriber = await broker.connect(clientId);
  await broker.subscribe(subscriber, filter);
  subscriber.cut();
  await broker.settle();
}

/** Publishes at QoS 1 until the broker reads no more; returns how many. */
function flood(publisher: TestClient, payload: Uint8Array, from = 1): number {
  let sent = 0;
  while (!publisher.link.paused) {
    publisher.publish('t', payload, { qos: 1, packetId: from + sent });
    sent += 1;
  }
  return sent;
}

test('who outruns the store is not read from until it has taken more, and nothing is lost', async () => {
  const broker = new DurableBroker({ limits: { maxQueuedBytes: 1e9 } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  const payload = new Uint8Array(1_000_000);
  const sent = flood(publisher, payload);
  // One group is under way, the next is as large as may be.
  assert.ok(sent * payload.length > MOST_WAITING_BYTES);
  assert.ok((sent - 3) * payload.length < MOST_WAITING_BYTES, `${sent} publishes`);
  assert.equal(broker.metrics.publishersStalled, 1);
  // What it sends meanwhile waits unread, however much time goes by.
  publisher.link.feed(encodePacket({ type: PacketType.pingreq }, 5));
  broker.core.flush();
  assert.deepEqual(publisher.take(), []);
  // Everybody else goes on.
  const other = broker.broker.connect('other');
  other.subscribe('t', { qos: 0 });
  other.publish('t', 'zero');
  other.publish('elsewhere', 'x', { qos: 1 });
  assert.equal(other.take().length, 2);
  assert.equal(other.link.paused, false);
  await broker.settle();
  assert.equal(publisher.link.paused, false);
  const answers = publisher.take();
  assert.equal(answers.filter(({ type }) => type === puback).length, sent);
  assert.equal(
    answers.some(({ type }) => type === pingresp),
    true,
  );
  assert.equal(broker.metrics.queuedMessages, sent);
});

test('many small messages count with what they take in memory, not with their bytes alone', async () => {
  const broker = new DurableBroker({ limits: { maxQueuedMessages: 1e9 } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  const one = encodePacket(
    {
      type: PacketType.publish,
      topic: 't',
      payload: new Uint8Array(),
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      properties: undefined,
    },
    5,
  );
  const thousand = new Uint8Array(one.length * 1000);
  for (let i = 0; i < 1000; i++) thousand.set(one, i * one.length);
  let chunks = 0;
  while (!publisher.link.paused && chunks < 1000) {
    publisher.sendBytes(thousand);
    chunks += 1;
  }
  assert.ok(chunks < 150, `${chunks},000 messages in memory`);
});

test('a publisher that is not read from is not taken for silent', async () => {
  const broker = new DurableBroker({ limits: { maxQueuedBytes: 1e9 } });
  await away(broker);
  const publisher = broker.broker.connect('p', { keepAlive: 10 });
  flood(publisher, new Uint8Array(1_000_000));
  broker.broker.advance(60_000);
  assert.equal(publisher.closed, false);
  await broker.settle();
  broker.broker.advance(16_000);
  assert.equal(publisher.closed, true);
});

test('a failure lets publishers that were not read from hear of it', async () => {
  const broker = new DurableBroker({ limits: { maxQueuedBytes: 1e9 } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  const sent = flood(publisher, new Uint8Array(1_000_000));
  broker.fail('full');
  await broker.settle();
  const answers = publisher.take();
  assert.equal(answers.length, sent);
  assert.equal(
    answers.every((packet) => 'reasonCode' in packet && packet.reasonCode === 0x97),
    true,
  );
  assert.equal(publisher.link.paused, false);
  broker.fail(null);
  await broker.pass(1250);
  assert.equal(broker.metrics.queuedMessages, 0);
  assert.equal(broker.engine.content().messages, 0);
});

test('a client that left while it was not read from is forgotten', async () => {
  const broker = new DurableBroker({ limits: { maxQueuedBytes: 1e9 } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  const sent = flood(publisher, new Uint8Array(1_000_000));
  publisher.cut();
  await broker.settle();
  assert.equal(broker.core.connections.size, 0);
  assert.equal(broker.metrics.queuedMessages, sent);
  const back = await broker.connect('s');
  assert.equal(textOf(back.takeMessages()[0]!.payload).length, 1_000_000);
});

test('QoS 0 that is queued for clients that are away counts like everything else', async () => {
  const limits = { maxQueuedBytes: 1e9, maxQueuedMessages: 1e9 };
  const broker = new DurableBroker({ limits, mqtt: { queueQos0: true } });
  await away(broker);
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'a group is under way');
  const payload = new Uint8Array(50_000);
  let sent = 0;
  while (!publisher.link.paused && sent < 2000) {
    publisher.publish('t', payload);
    sent += 1;
  }
  assert.ok(sent * payload.length < MOST_WAITING_BYTES * 1.1, `${sent} publishes`);
  const other = broker.broker.connect('other');
  for (let i = 0; i < 10; i++) other.publish('elsewhere', 'x');
  assert.equal(other.link.paused, false);
  await broker.settle();
  assert.equal(publisher.link.paused, false);
  assert.equal(broker.metrics.queuedMessages, sent + 1);
});
