import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, PacketType } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';

test('large messages sent in one turn are counted once in bytesSent', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('subscriber', { version: 4 });
  subscriber.subscribe('t', { qos: 1 });
  const { metrics } = broker.core;
  const before = metrics.bytesSent;
  const publisher = broker.connect('publisher', { version: 4 });
  const connacks = metrics.bytesSent - before;
  const packet = encodePacket(
    {
      type: PacketType.publish,
      topic: 't',
      payload: new Uint8Array(20_000),
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
    },
    4,
  );
  for (let i = 0; i < 6; i++) publisher.link.feed(packet);
  for (let i = 0; i < 6; i++) {
    // In two pieces it is a packet of its own memory, which is sent by reference.
    publisher.link.feed(packet.subarray(0, 100));
    publisher.link.feed(packet.subarray(100));
  }
  broker.core.flush();
  assert.equal(metrics.bytesSent - before - connacks, 12 * (packet.length + 4)); // each with its PUBACK
});

test('what a client asks for and does not read is bounded: it is not read from until it has drained', () => {
  const broker = new TestBroker({ limits: { maxOutboundBytes: 1000 } });
  const client = broker.connect('greedy');
  client.link.reading = false;
  for (let i = 0; i < 2000; i++) client.send({ type: PacketType.pingreq });
  assert.ok(client.link.paused);
  assert.ok(client.link.pending < 2500, `${client.link.pending} bytes wait`);
  client.link.drain();
  broker.core.flush();
  assert.equal(client.link.paused, false);
  client.send({ type: PacketType.pingreq });
  const answers = client.take();
  assert.ok(answers.length > 1 && answers.every(({ type }) => type === PacketType.pingresp));
});

test('a client that subscribes again and again without reading does not get the retained messages queued each time', () => {
  const broker = new TestBroker({ limits: { maxQueuedMessages: 10 } });
  const publisher = broker.connect('publisher');
  for (let i = 0; i < 20; i++) publisher.publish(`r/${i}`, 'x', { retain: true, qos: 1 });
  const client = broker.connect('greedy', { properties: { receiveMaximum: 1 } });
  client.subscribe('r/#');
  assert.equal(client.takeMessages().length + broker.core.metrics.queuedMessages, 20);
  for (let i = 0; i < 50; i++) client.subscribe('r/#');
  assert.equal(broker.core.metrics.queuedMessages, 19);
  assert.equal(broker.core.metrics.droppedQueueFull, 50 * 20);
});

test('a packet without properties that is too large for the client is not sent [MQTT-3.1.2-24]', () => {
  const broker = new TestBroker();
  const client = broker.connect('small', { properties: { maximumPacketSize: 40 } });
  client.send({ type: PacketType.unsubscribe, packetId: 1, filters: Array.from({ length: 60 }, (_, i) => `${i}`) });
  assert.deepEqual(client.take(), []);
});
