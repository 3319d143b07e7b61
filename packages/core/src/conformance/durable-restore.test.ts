import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type Properties } from '@cauldron/protocol';
import { DurableBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const { connack, puback, pubrec } = PacketType;

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('subscriptions come back with every option, their identifier and their share group', async () => {
  const broker = new DurableBroker();
  const client = await broker.connect('c');
  await broker.subscribe(client, 'own', { qos: 1, noLocal: true, identifier: 7 });
  await broker.subscribe(client, 'kept', { qos: 2, retainAsPublished: true, identifier: 268_435_455 });
  await broker.subscribe(client, 'plain', { qos: 0 });
  await broker.subscribe(client, '$share/g/shared', { qos: 1, identifier: 9 });
  await broker.subscribe(client, 'gone', { qos: 1 });
  await broker.subscribe(client, 'plain', { qos: 1 });
  const mate = await broker.connect('mate');
  await broker.subscribe(mate, '$share/g/shared', { qos: 1 });
  client.send({ type: PacketType.unsubscribe, packetId: 99, filters: ['gone'] });
  await broker.settle();
  broker.crash();
  assert.equal(broker.core.router.subscriptions, 5);
  assert.equal(broker.core.router.sharedSubscriptions, 2);
  const back = await broker.connect('c');
  await broker.connect('mate');
  back.publish('own', 'not to me', { qos: 1 });
  const publisher = broker.broker.connect('p');
  publisher.publish('own', 'own', { qos: 1 });
  publisher.publish('kept', 'kept', { qos: 2, retain: true });
  publisher.publish('plain', 'plain', { qos: 2 });
  publisher.publish('gone', 'gone', { qos: 2 });
  await broker.settle();
  publisher.publish('shared', '1', { qos: 1 });
  publisher.publish('shared', '2', { qos: 1 });
  await broker.settle();
  const got = back.takeMessages().map(({ payload, qos, retain, properties }) => {
    return [textOf(payload), qos, retain, properties?.subscriptionIdentifiers?.[0]];
  });
  assert.deepEqual(got.slice(0, 3), [
    ['own', 1, false, 7],
    ['kept', 2, true, 268_435_455],
    ['plain', 1, false, undefined],
  ]);
  assert.equal(got.length, 4);
  assert.deepEqual(got[3]!.slice(1), [1, false, 9]);
});

test('a message comes back with every property, and its expiry went on counting meanwhile [MQTT-3.3.2-6]', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't');
  subscriber.cut();
  await broker.settle();
  const properties: Properties = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 100,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: new Uint8Array([0, 255, 1]),
    userProperties: [
      ['a', '1'],
      ['a', 'é'],
    ],
  };
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'lasting', { qos: 1, properties: { ...properties, topicAlias: 3 } });
  publisher.publish('', 'by alias', { qos: 2, properties: { topicAlias: 3, messageExpiryInterval: 10 } });
  publisher.publish('', 'by alias', { qos: 2, properties: { topicAlias: 3, messageExpiryInterval: 50 } });
  await broker.settle();
  broker.crash({ downtime: 30_000 });
  assert.equal(broker.metrics.queuedMessages, 3);
  const back = await broker.connect('s');
  const [lasting, alias, ...more] = back.takeMessages();
  assert.deepEqual(more, []);
  assert.deepEqual({ ...lasting!.properties }, { ...properties, messageExpiryInterval: 70 });
  assert.deepEqual([alias!.topic, textOf(alias!.payload)], ['t', 'by alias']);
  assert.deepEqual({ ...alias!.properties }, { messageExpiryInterval: 20 });
  assert.equal(broker.metrics.droppedExpired, 1);
  // Its delivery has begun: it expires no more. // [MQTT-4.3.3-7]
  broker.crash({ downtime: 200_000 });
  const later = await broker.connect('s');
  assert.deepEqual(
    later.takeMessages().map(({ properties: p }) => p?.messageExpiryInterval),
    [0, 0],
  );
});

test('retained messages come back with their publisher, so that No Local still holds [MQTT-3.8.3-3]', async () => {
  const broker = new DurableBroker();
  const one = await broker.connect('one');
  one.publish('t/1', 'mine', { qos: 1, retain: true });
  broker.broker.connect('two').publish('t/2', 'theirs', { qos: 0, retain: true });
  broker.core.publish({ topic: 't/3', payload: textBytes('own'), qos: 2, retain: true, properties: undefined });
  await broker.settle();
  broker.crash();
  assert.equal(broker.core.retained.count, 3);
  const back = await broker.connect('one');
  await broker.subscribe(back, 't/#', { noLocal: true });
  const got = back.takeMessages();
  assert.deepEqual(got.map(({ payload, qos, retain }) => [textOf(payload), qos, retain]).sort(), [
    ['own', 2, true],
    ['theirs', 0, true],
  ]);
});

test('a will whose client was there when the broker stopped waits for its delay and for `restartWillDelay`, unless the client comes back', async () => {
  const broker = new DurableBroker({ durability: { restartWillDelay: 10 } });
  const watcher = await broker.connect('watcher');
  await broker.subscribe(watcher, 'will/#', { qos: 1 });
  const willOf = (name: string, willDelayInterval: number) => ({
    topic: `will/${name}`,
    payload: textBytes(name),
    qos: 1 as const,
    retain: false,
    properties: { willDelayInterval, contentType: name },
  });
  await broker.connect('soon', { will: willOf('soon', 0) });
  await broker.connect('late', { will: willOf('late', 60) });
  await broker.connect('back', { will: willOf('back', 0) });
  const ended = await broker.connect('ended', { will: willOf('ended', 30) });
  const polite = await broker.connect('polite', { will: willOf('polite', 0) });
  ended.cut();
  polite.disconnect();
  await broker.settle();
  broker.crash({ downtime: 5000 });
  const again = await broker.connect('watcher');
  await broker.connect('back');
  await broker.pass(9000);
  assert.deepEqual(texts(again), []);
  await broker.pass(2000);
  assert.deepEqual(texts(again), ['soon']);
  await broker.pass(12_000); // 30 s after its connection ended, downtime included
  assert.deepEqual(texts(again), []);
  await broker.pass(3000);
  assert.deepEqual(texts(again), ['ended']);
  // A second restart does not begin the time of the first anew.
  broker.crash({ downtime: 20_000 });
  const third = await broker.connect('watcher');
  third.take();
  await broker.pass(12_000);
  assert.deepEqual(texts(third), []);
  await broker.pass(3000);
  assert.deepEqual(texts(third), ['late']);
  await broker.pass(60_000);
  assert.deepEqual(texts(third), []);
});

test('a session expires although the broker was down, or stopped again and again', async () => {
  const broker = new DurableBroker();
  const short = await broker.connect('short', { properties: { sessionExpiryInterval: 60 } });
  const forever = await broker.connect('forever', { properties: { sessionExpiryInterval: 0xffffffff } });
  const there = await broker.connect('there', { properties: { sessionExpiryInterval: 60 } });
  await broker.subscribe(short, 't', { qos: 1 });
  await broker.subscribe(forever, 't', { qos: 1 });
  await broker.subscribe(there, 't', { qos: 1 });
  short.cut();
  forever.cut();
  broker.broker.connect('p').publish('t', 'x', { qos: 1 });
  await broker.settle();
  broker.crash({ downtime: 50_000 });
  assert.equal(broker.core.sessions.size, 3);
  await broker.settle();
  broker.crash({ downtime: 15_000 });
  await broker.pass(500);
  // The one that was connected has had 15 of its 60 seconds.
  assert.deepEqual(
    [...broker.core.sessions.values()].map(({ clientId }) => clientId),
    ['forever', 'there'],
  );
  assert.equal(broker.metrics.queuedMessages + broker.core.sessions.get('there')!.inflight!.size, 2);
  broker.crash({ downtime: 40_000 });
  await broker.pass(500);
  assert.equal(broker.core.sessions.size, 2);
  broker.crash({ downtime: 10_000 });
  await broker.pass(500);
  assert.equal(broker.core.sessions.size, 1);
  assert.equal(broker.engine.content().sessions, 1);
  const back = await broker.connect('forever');
  assert.deepEqual(texts(back), ['x']);
});

test('a clean start ends what the store kept, and identifiers of QoS 2 publishes with it', async () => {
  const broker = new DurableBroker();
  const client = await broker.connect('c');
  await broker.subscribe(client, 't');
  client.publish('x', '1', { qos: 2, packetId: 5 });
  await broker.settle();
  broker.crash();
  const back = broker.request('c');
  const answer = back.takeFirst(connack);
  assert.equal(answer.type === connack && answer.sessionPresent, true);
  assert.deepEqual(broker.core.sessions.get('c')!.inbound.ids(), [5]);
  const clean = await broker.connect('c', { cleanStart: true });
  assert.deepEqual(broker.core.sessions.get('c')!.inbound.ids(), []);
  assert.equal(broker.core.router.subscriptions, 0);
  clean.cut();
  await broker.settle();
  broker.crash();
  assert.deepEqual(broker.engine.content(), {
    sessions: 1,
    subscriptions: 0,
    messages: 0,
    references: 0,
    entries: 0,
    retained: 0,
  });
});

test('a 3.1.1 session that is not clean lasts as long as the broker lets one', async () => {
  const broker = new DurableBroker({ mqtt: { sessionExpiryMaximum: 100 } });
  const client = await broker.connect('c', { version: 4 });
  await broker.subscribe(client, 't', { qos: 1 });
  client.cut();
  await broker.settle();
  broker.crash({ downtime: 90_000 });
  await broker.pass(250);
  assert.equal(broker.core.sessions.size, 1);
  broker.crash({ downtime: 20_000 });
  await broker.pass(250);
  assert.equal(broker.core.sessions.size, 0);
});

test('closing the broker keeps sessions, queues and wills, and says when everything is written', async () => {
  const broker = new DurableBroker({ durability: { restartWillDelay: 1 } });
  const watcher = await broker.connect('watcher');
  await broker.subscribe(watcher, '#', { qos: 1 });
  const will = { topic: 'will', payload: textBytes('will'), qos: 1, retain: false } as const;
  await broker.connect('durable', { will });
  broker.broker.connect('passing', { will: { ...will, payload: textBytes('never') } });
  const publisher = broker.broker.connect('p');
  publisher.publish('t', 'in flight', { qos: 2, packetId: 1 });
  let written = false;
  broker.core.close();
  broker.core.journal!.whenIdle(() => {
    written = true;
  });
  assert.equal(written, false);
  await broker.settle();
  assert.equal(written, true);
  let idle = false;
  broker.core.journal!.whenIdle(() => {
    idle = true;
  });
  assert.equal(idle, true);
  assert.equal(watcher.closed && publisher.closed, true);
  broker.crash();
  assert.equal(broker.core.sessions.size, 2);
  const back = await broker.connect('watcher');
  assert.deepEqual(texts(back), ['in flight']);
  await broker.pass(1500);
  assert.deepEqual(texts(back), ['will']);
});

test('an identifier of a QoS 2 publish outlives a crash, and the next message with it does not', async () => {
  const broker = new DurableBroker();
  const subscriber = broker.broker.connect('s');
  subscriber.subscribe('t', { qos: 0 });
  const client = await broker.connect('c');
  client.publish('t', 'once', { qos: 2, packetId: 5 });
  await broker.settle();
  assert.deepEqual(texts(subscriber), ['once']);
  broker.crash();
  const other = broker.broker.connect('s');
  other.subscribe('t', { qos: 0 });
  const back = await broker.connect('c');
  back.publish('t', 'once', { qos: 2, packetId: 5, dup: true });
  assert.deepEqual(
    back.take().map(({ type }) => type),
    [pubrec],
  );
  assert.deepEqual(texts(other), []);
  back.ack(PacketType.pubrel, 5);
  await broker.settle();
  broker.crash();
  const third = broker.broker.connect('s');
  third.subscribe('t', { qos: 0 });
  (await broker.connect('c')).publish('t', 'another', { qos: 2, packetId: 5 });
  assert.deepEqual(texts(third), ['another']);
});

test('what a restored session acknowledges leaves the store', async () => {
  const broker = new DurableBroker();
  const subscriber = await broker.connect('s');
  await broker.subscribe(subscriber, 't', { qos: 1 });
  broker.broker.connect('p').publish('t', 'x', { qos: 1 });
  await broker.settle();
  broker.crash();
  const back = await broker.connect('s');
  const [message] = back.takeMessages();
  back.ack(puback, message!.packetId);
  await broker.settle();
  broker.crash();
  assert.deepEqual(texts(await broker.connect('s')), []);
  assert.equal(broker.engine.content().messages, 0);
});
