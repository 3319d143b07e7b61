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
  for (let i = 0; i < 50; i++) client.subscribe('r/#');
  assert.ok(broker.core.metrics.queuedMessages <= 10, `${broker.core.metrics.queuedMessages} messages wait`);
  // And yet it gets all of them once it reads and stops asking.
  const got = new Set<string>();
  for (let round = 0; round < 200; round++) {
    for (const { topic, packetId } of client.takeMessages()) {
      got.add(topic);
      client.ack(PacketType.puback, packetId);
    }
  }
  assert.equal(got.size, 20);
  assert.equal(broker.core.metrics.queuedMessages, 0);
  assert.equal(broker.core.metrics.droppedQueueFull, 0);
});

test('a packet without properties that is too large for the client is not sent [MQTT-3.1.2-24]', () => {
  const broker = new TestBroker();
  const client = broker.connect('small', { properties: { maximumPacketSize: 40 } });
  client.send({ type: PacketType.unsubscribe, packetId: 1, filters: Array.from({ length: 60 }, (_, i) => `${i}`) });
  assert.deepEqual(client.take(), []);
});

test('a client that takes any number of aliases is given a bounded number', () => {
  const broker = new TestBroker();
  const client = broker.connect('client', { properties: { topicAliasMaximum: 65_535 } });
  client.subscribe('#', { qos: 0 });
  const publisher = broker.connect('publisher');
  for (let i = 0; i < 1100; i++) publisher.publish(`t/${i}`, 'x');
  const aliases = client.takeMessages().map(({ properties }) => properties?.topicAlias ?? 0);
  assert.equal(Math.max(...aliases), 1024);
  assert.equal(aliases.filter((alias) => alias === 0).length, 1100 - 1024);
});

test('a very long topic is routed like any other, by name and by alias, and not kept', () => {
  const broker = new TestBroker();
  const long = 'l'.repeat(2000);
  const subscriber = broker.connect('subscriber');
  subscriber.subscribe(long);
  const publisher = broker.connect('publisher');
  publisher.publish(long, '1');
  publisher.publish(long, '2', { properties: { topicAlias: 1 } });
  publisher.publish('', '3', { properties: { topicAlias: 1 } });
  assert.deepEqual(
    subscriber.takeMessages().map(({ topic }) => topic),
    [long, long, long],
  );
  assert.equal(broker.core.router.topics.size, 0);
  subscriber.send({ type: PacketType.unsubscribe, packetId: 9, filters: [long] });
  publisher.publish('', '4', { properties: { topicAlias: 1 } });
  assert.deepEqual(subscriber.takeMessages(), []);
});

test('a share group whose connected member is busy does not give its messages to one that is away', () => {
  const broker = new TestBroker();
  const away = broker.connect('away', { properties: { sessionExpiryInterval: 1000 } });
  away.subscribe('$share/g/t', { qos: 1 });
  away.cut();
  const busy = broker.connect('busy', { properties: { receiveMaximum: 1 } });
  busy.subscribe('$share/g/t', { qos: 1 });
  const publisher = broker.connect('publisher');
  for (let i = 0; i < 6; i++) publisher.publish('t', `${i}`, { qos: 1 });
  assert.equal(broker.core.sessions.get('away')!.queuedMessages, 0);
  assert.equal(broker.core.sessions.get('busy')!.queuedMessages, 5);
});
