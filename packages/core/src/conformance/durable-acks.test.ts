import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Packet, PacketType } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textOf } from '@cauldron/testkit';

const { connack, puback, pubrec, pubrel, pubcomp, publish, suback, unsuback } = PacketType;

/** Packets as type and identifier: `4:7` is PUBACK 7. */
function named(packets: readonly Packet[]): string[] {
  return packets.map((packet) => `${packet.type}:${'packetId' in packet ? packet.packetId : ''}`);
}

/** A durable subscriber of `t` that is away. */
async function away(broker: DurableBroker, clientId = 's', filter = 't'): Promise<void> {
  const subscriber = await broker.connect(clientId);
  await broker.subscribe(subscriber, filter);
  subscriber.cut();
  await broker.settle();
}

/** A client without a session that lasts. */
function passing(broker: DurableBroker, clientId = 'p', version: 3 | 4 | 5 = 5): TestClient {
  return broker.broker.connect(clientId, { version });
}

test('CONNACK of a new lasting session, SUBACK and UNSUBACK leave when they are true after a crash', async () => {
  const broker = new DurableBroker();
  const client = broker.request('c');
  assert.deepEqual(client.take(), []);
  await broker.settle();
  assert.equal(client.takeOne().type, connack);
  broker.requestSubscribe(client, 'a', { packetId: 1 });
  assert.deepEqual(client.take(), []);
  await broker.settle();
  assert.deepEqual(named(client.take()), [`${suback}:1`]);
  client.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['a'] });
  assert.deepEqual(client.take(), []);
  await broker.settle();
  assert.deepEqual(named(client.take()), [`${unsuback}:2`]);
  broker.requestSubscribe(client, 'lost');
  broker.crash();
  assert.equal(broker.core.router.subscriptions, 0);
  const back = broker.request('c');
  const answer = back.takeFirst(connack);
  assert.equal(answer.type === connack && answer.sessionPresent, true);
});

test('a session that ends with its connection waits for nothing', async () => {
  const broker = new DurableBroker();
  const client = passing(broker);
  assert.equal(client.subscribe('t').reasonCodes[0], 2);
  client.publish('t', 'x', { qos: 2, packetId: 9 });
  assert.deepEqual(named(client.take()), [`${publish}:1`, `${pubrec}:9`]);
  client.ack(pubrel, 9);
  client.ack(pubrec, 1);
  client.ack(pubcomp, 1);
  assert.deepEqual(named(client.take()), [`${pubcomp}:9`, `${pubrel}:1`]);
  assert.equal(broker.store.waiting, 0);
  assert.deepEqual(broker.engine.content().sessions, 0);
});

test('a SUBACK that refuses every filter and an UNSUBACK for none do not wait for a group that never comes', async () => {
  const broker = new DurableBroker();
  const client = await broker.connect('c');
  broker.requestSubscribe(client, 'a/#/b', { packetId: 1 });
  client.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['never'] });
  assert.deepEqual(named(client.take()), [`${suback}:1`, `${unsuback}:2`]);
});

test('PUBACK and PUBREC wait for the group, PUBREC of a durable publisher also where nobody subscribes', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const publisher = passing(broker);
  publisher.publish('t', 'x', { qos: 1, packetId: 1 });
  publisher.publish('t', 'x', { qos: 2, packetId: 2 });
  assert.deepEqual(publisher.take(), []);
  await broker.settle();
  assert.deepEqual(named(publisher.take()), [`${puback}:1`, `${pubrec}:2`]);
  publisher.ack(pubrel, 2);
  assert.deepEqual(named(publisher.take()), [`${pubcomp}:2`]);
  const durable = await broker.connect('d');
  durable.publish('nobody', 'x', { qos: 2, packetId: 3 });
  assert.deepEqual(durable.take(), []);
  await broker.settle();
  assert.deepEqual(named(durable.take()), [`${pubrec}:3`]);
  durable.ack(pubrel, 3);
  assert.deepEqual(durable.take(), []);
  await broker.settle();
  assert.deepEqual(named(durable.take()), [`${pubcomp}:3`]);
});

test('a message without a durable receiver is acknowledged at once', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const publisher = passing(broker);
  passing(broker, 'clean').subscribe('other');
  publisher.publish('other', 'x', { qos: 1, packetId: 1 });
  publisher.publish('nobody', 'x', { qos: 2, packetId: 2 });
  assert.deepEqual(named(publisher.take()), [`${puback}:1`, `${pubrec}:2`]);
});

test('acknowledgements keep the order of their publishes, refused ones and those that need no store among them [MQTT-4.6.0-2] [MQTT-4.6.0-3]', async () => {
  const authorizer = {
    authorizePublish: (_client: unknown, topic: string) =>
      topic === 'denied' ? ({ reasonCode: 0x87, reason: 'no' } as const) : (true as const),
    authorizeSubscribe: () => true as const,
  };
  const broker = new DurableBroker({ authorizer });
  await away(broker);
  const publisher = passing(broker);
  publisher.publish('t', 'x', { qos: 1, packetId: 1 });
  publisher.publish('nobody', 'x', { qos: 1, packetId: 2 });
  publisher.publish('denied', 'x', { qos: 1, packetId: 3 });
  publisher.publish('t', 'x', { qos: 2, packetId: 4 });
  publisher.publish('denied', 'x', { qos: 2, packetId: 5 });
  publisher.publish('nobody', 'x', { qos: 2, packetId: 6 });
  assert.deepEqual(publisher.take(), []);
  await broker.settle();
  const answers = publisher.take();
  assert.deepEqual(named(answers), ['4:1', '4:2', '4:3', '5:4', '5:5', '5:6']);
  assert.deepEqual(
    answers.map((packet) => 'reasonCode' in packet && packet.reasonCode),
    [0, 0x10, 0x87, 0, 0x87, 0x10],
  );
});

test('a message that every durable subscriber acknowledged before its group was handed over is never written', async () => {
  const broker = new DurableBroker();
  const [one, two] = [await broker.connect('one'), await broker.connect('two')];
  await broker.subscribe(one, 't', { qos: 1 });
  await broker.subscribe(two, 't', { qos: 1 });
  const publisher = passing(broker);
  publisher.publish('t', 'first', { qos: 1, packetId: 1 }); // handed over at once
  assert.equal(broker.store.waiting, 1);
  publisher.publish('t', 'second', { qos: 1, packetId: 2 });
  const ids = [one, two].map((client) => client.takeMessages().map(({ packetId }) => packetId));
  for (const [i, client] of [one, two].entries()) client.ack(puback, ids[i]![1]!);
  // Nobody needs it, but its answer must not pass that of the first.
  assert.deepEqual(publisher.take(), []);
  const { storeBytes } = broker.metrics;
  broker.store.releaseOne();
  assert.deepEqual(named(publisher.take()), ['4:1', '4:2']);
  await broker.settle();
  assert.equal(broker.metrics.storeBytes, storeBytes);
  for (const [i, client] of [one, two].entries()) client.ack(puback, ids[i]![0]!);
  await broker.settle();
  assert.deepEqual(broker.engine.content(), {
    sessions: 2,
    subscriptions: 2,
    messages: 0,
    references: 0,
    entries: 0,
    retained: 0,
  });
});

test('an answer leaves as soon as the last durable subscriber acknowledged, when nothing waits ahead of it', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't', { qos: 1 });
  await away(broker, 'busy', 'busy');
  const other = passing(broker, 'other');
  const publisher = passing(broker);
  other.publish('busy', 'x', { qos: 1 });
  publisher.publish('t', 'x', { qos: 1, packetId: 5 });
  const [message] = subscriber.takeMessages();
  assert.deepEqual(publisher.take(), []);
  subscriber.ack(puback, message!.packetId);
  assert.deepEqual(named(publisher.take()), ['4:5']);
  assert.deepEqual(other.take(), []);
});

test('a QoS 2 message and its PUBREL go to a durable session only when a crash would not forget them', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't', { qos: 2 });
  const publisher = passing(broker);
  publisher.publish('t', 'x', { qos: 2, packetId: 1 });
  assert.deepEqual(subscriber.take(), []);
  await broker.settle();
  const [message] = subscriber.takeMessages();
  assert.equal(textOf(message!.payload), 'x');
  subscriber.ack(pubrec, message!.packetId);
  assert.deepEqual(subscriber.take(), []);
  await broker.settle();
  assert.deepEqual(named(subscriber.take()), [`${pubrel}:${message!.packetId}`]);
  subscriber.ack(pubcomp, message!.packetId);
  await broker.settle();
  assert.equal(broker.engine.content().messages, 0);
});

test('a QoS 1 message behind a QoS 2 one that waits for its group does not pass it [MQTT-4.6.0-6]', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't', { qos: 2 });
  const publisher = passing(broker);
  publisher.publish('t', 'two', { qos: 2 });
  publisher.publish('t', 'one', { qos: 1 });
  publisher.publish('t', 'another two', { qos: 2 });
  publisher.publish('t', 'another one', { qos: 1 });
  await broker.settle();
  const texts = subscriber.takeMessages().map(({ payload }) => textOf(payload));
  assert.deepEqual(texts, ['two', 'one', 'another two', 'another one']);
  assert.equal(broker.metrics.queuedMessages, 0);
  assert.equal(broker.metrics.queuedBytes, 0);
});

test('a repetition of a QoS 2 publish is not acknowledged before the message is written, on whichever connection it comes [MQTT-4.3.3-10]', async () => {
  const broker = new DurableBroker();
  await away(broker);
  const plain = passing(broker);
  plain.publish('t', 'plain', { qos: 2, packetId: 7 });
  plain.publish('t', 'plain', { qos: 2, packetId: 7, dup: true });
  const first = broker.request('durable');
  assert.deepEqual(plain.take(), []);
  await broker.settle();
  assert.deepEqual(named(plain.take()), ['5:7', '5:7']);
  first.take();
  first.publish('t', 'durable', { qos: 2, packetId: 7 });
  first.cut();
  const second = broker.request('durable');
  second.publish('t', 'durable', { qos: 2, packetId: 7, dup: true });
  assert.deepEqual(named(second.take()), [`${connack}:`]);
  await broker.settle();
  assert.deepEqual(named(second.take()), ['5:7']);
  const subscriber = await broker.connect('s');
  assert.deepEqual(
    subscriber.takeMessages().map(({ payload }) => textOf(payload)),
    ['plain', 'durable'],
  );
});

test('a topic says when its publishers are acknowledged, where it does not a listener, where neither does the broker', async () => {
  const topics = [
    { filter: 'fast/#', ack: 'memory' },
    { filter: 'fast/safe', ack: 'disk' },
    { filter: 'safe', ack: 'disk' },
  ] as const;
  const broker = new DurableBroker({ durability: { ack: { default: 'disk', topics } } });
  await away(broker, 's', '#');
  const answered = (listener: 'disk' | 'memory' | undefined, topic: string, qos: 1 | 2): boolean => {
    const client = broker.broker.open(5);
    const settings = broker.core.listener({ ack: listener });
    client.link.receiver = broker.core.accept(client.link, settings);
    client.connect(`p-${listener}-${topic}-${qos}`);
    client.publish(topic, 'x', { qos });
    return client.take().length > 0;
  };
  for (const qos of [1, 2] as const) {
    assert.equal(answered(undefined, 'any', qos), false);
    assert.equal(answered('memory', 'any', qos), true);
    assert.equal(answered('memory', 'safe', qos), false);
    assert.equal(answered('disk', 'fast/1', qos), true);
    assert.equal(answered('disk', 'fast/safe', qos), true); // the first filter that matches decides
    await broker.settle();
  }
  const lenient = new DurableBroker({ durability: { ack: { default: 'memory', topics: [] } } });
  await away(lenient, 's', '#');
  const publisher = await lenient.connect('p');
  publisher.publish('any', 'x', { qos: 2, packetId: 1 });
  publisher.publish('any', 'x', { qos: 1, packetId: 2 });
  assert.deepEqual(named(publisher.take()), ['5:1', '4:2']);
});

test('a retained message is acknowledged when what its topic has retained cannot turn older in a crash [MQTT-3.3.1-5] [MQTT-3.3.1-6]', async () => {
  const broker = new DurableBroker();
  const publisher = passing(broker);
  publisher.publish('t', 'old', { qos: 1, retain: true, packetId: 1 });
  assert.deepEqual(publisher.take(), []);
  await broker.settle();
  assert.deepEqual(named(publisher.take()), ['4:1']);
  // One replaced within a group is not needed any more, but its acknowledgement promises that the old one is gone.
  await away(broker, 'busy', 'busy');
  passing(broker, 'other').publish('busy', 'x', { qos: 1 });
  publisher.publish('t', 'new', { qos: 1, retain: true, packetId: 2 });
  publisher.publish('t', 'newer', { qos: 1, retain: true, packetId: 3 });
  assert.deepEqual(publisher.take(), []);
  await broker.settle();
  assert.deepEqual(named(publisher.take()), ['4:2', '4:3']);
  publisher.publish('t', '', { qos: 1, retain: true, packetId: 4 });
  publisher.publish('t', '', { qos: 2, retain: true, packetId: 5 });
  assert.deepEqual(publisher.take(), []);
  await broker.settle();
  assert.deepEqual(named(publisher.take()), ['4:4', '5:5']);
  assert.equal(broker.engine.content().retained, 0);
});

test('a retained message keeps neither the connection in memory that published it nor what the store was told', async () => {
  const broker = new DurableBroker();
  const publisher = passing(broker);
  publisher.publish('t', 'x', { qos: 1, retain: true });
  await broker.settle();
  let kept: unknown = null;
  broker.core.retained.walk('t').next(1, 10, 0, (_message, _publisher, record) => {
    kept = record;
  });
  assert.equal(typeof kept, 'number');
});
