import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { DurableBroker, TestBroker, type TestClient, textOf } from '@cauldron/testkit';
import { CRITICAL_HALF_OPEN } from './memory-pressure.ts';

const kept = { properties: { sessionExpiryInterval: 1000 } };
const texts = (client: TestClient): string[] => client.takeMessages().map(({ payload }) => textOf(payload));

/** The code and reason of the answer to a QoS 1 publish. */
function answerTo(client: TestClient, topic: string, retain = false): [number, string] {
  client.publish(topic, 'x', { qos: 1, retain });
  const answer = client.takeOne();
  assert('reasonCode' in answer && answer.type === PacketType.puback);
  return [answer.reasonCode, answer.properties?.reasonString ?? ''];
}

test('high: QoS 0 is not queued for who is away, and QoS 1 is; from none on it is queued again', () => {
  const broker = new TestBroker({ mqtt: { queueQos0: true } });
  const away = broker.connect('away', kept);
  away.subscribe('t', { qos: 1 });
  away.cut();
  const publisher = broker.connect('p');
  const both = (text: string) => {
    publisher.publish('t', `${text} 0`);
    publisher.publish('t', `${text} 1`, { qos: 1 });
  };
  both('before');
  broker.core.setMemoryPressure('high');
  both('during');
  broker.core.setMemoryPressure('none');
  both('after');
  assert.equal(broker.core.metrics.droppedMemoryPressure, 1);
  assert.equal(broker.core.metrics.publishDropped, 1);
  const back = broker.connect('away', { ...kept, cleanStart: false });
  assert.deepEqual(texts(back), ['before 0', 'before 1', 'during 1', 'after 0', 'after 1']);
});

test('high: a connection with more than 64 KiB unsent gets no QoS 0, in runs or alone; one that keeps up gets everything', () => {
  const told: string[] = [];
  const broker = new TestBroker({ observer: { dropping: (clientId, reason) => told.push(`${clientId} ${reason}`) } });
  const [slow, fast] = [broker.connect('slow'), broker.connect('fast')];
  for (const client of [slow, fast]) client.subscribe('t', { qos: 0 });
  slow.link.reading = false;
  const publisher = broker.connect('p');
  publisher.publish('t', new Uint8Array(60_000));
  broker.core.setMemoryPressure('high');
  publisher.publish('t', new Uint8Array(10_000));
  assert.equal(broker.core.metrics.droppedMemoryPressure, 0, 'up to 64 KiB');
  publisher.publish('t', 'lost');
  publisher.publish('t', 'lost', { qos: 1 });
  assert.equal(broker.core.metrics.droppedMemoryPressure, 2);
  broker.core.setMemoryPressure('none');
  publisher.publish('t', 'kept');
  slow.link.drain();
  assert.deepEqual([slow.takeMessages().length, fast.takeMessages().length], [3, 5]);
  assert.equal(broker.core.metrics.droppedSlowConsumer, 0);
  assert.deepEqual(told, [], 'that memory is short is nothing of this client');
});

test('high: clients may come, retained messages are kept, and a full window queues QoS 1', () => {
  const broker = new TestBroker({ limits: { maxInflight: 1 } });
  broker.core.setMemoryPressure('high');
  const client = broker.connect('c');
  client.subscribe('t', { qos: 1 });
  const publisher = broker.connect('p');
  for (const topic of ['t', 't', 'new']) assert.ok(answerTo(publisher, topic, true)[0] < 0x80);
  assert.equal(broker.core.retained.count, 2);
  assert.equal(broker.core.metrics.queuedMessages, 1);
});

test('critical: a CONNECT is refused with 0x89, return code 3 in 3.x; who has messages waiting may come and take them', () => {
  const broker = new TestBroker();
  const [waits, idle] = [broker.connect('waits', kept), broker.connect('idle', kept)];
  waits.subscribe('t', { qos: 1 });
  waits.cut();
  idle.cut();
  broker.connect('p').publish('t', 'x', { qos: 1 });
  broker.core.setMemoryPressure('critical');
  const { reasonCode, properties } = broker.open().tryConnect('new');
  assert.equal(reasonCode, ReasonCode.serverBusy);
  assert.match(properties?.reasonString ?? '', /short of memory.*later/);
  assert.equal(broker.open(4).tryConnect('new').reasonCode, 3);
  assert.equal(broker.open().tryConnect('idle', { ...kept, cleanStart: false }).reasonCode, ReasonCode.serverBusy);
  assert.equal(broker.open().tryConnect('waits', kept).reasonCode, ReasonCode.serverBusy, 'it would not take them');
  assert.deepEqual(texts(broker.connect('waits', { ...kept, cleanStart: false })), ['x']);
  assert.equal(broker.core.metrics.refusedMemoryPressure, 4);
  broker.core.setMemoryPressure('high');
  assert.equal(broker.open().tryConnect('new').reasonCode, 0);
});

test('critical: no more than 64 connections may wait for their CONNECT', () => {
  const refused: string[] = [];
  const broker = new TestBroker({
    observer: { refused: (address, _clientId, { reason }) => refused.push(`${address} ${reason}`) },
  });
  const listener = broker.core.listener({});
  for (let i = 0; i < CRITICAL_HALF_OPEN; i++) broker.open();
  assert.equal(broker.core.admit('192.0.2.1:1', listener), null);
  broker.core.setMemoryPressure('critical');
  assert.equal(broker.core.admit('192.0.2.1:1', listener)?.reasonCode, ReasonCode.serverBusy);
  assert.match(refused[0] ?? '', /192\.0\.2\.1:1 the broker is short of memory/);
  assert.deepEqual([broker.core.metrics.refusedMemoryPressure, broker.core.metrics.connectionsRefused], [1, 1]);
  broker.core.setMemoryPressure('none');
  assert.equal(broker.core.admit('192.0.2.1:1', listener), null);
});

test('critical: topics that retain nothing yet retain nothing new, and the others go on', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.publish('old', 'x', { qos: 1, retain: true });
  client.take();
  broker.core.setMemoryPressure('critical');
  const [code, reason] = answerTo(client, 'new', true);
  assert.equal(code, ReasonCode.quotaExceeded);
  assert.match(reason, /short of memory and retains nothing new.*later/);
  assert.equal(answerTo(client, 'old', true)[0], ReasonCode.noMatchingSubscribers);
  broker.core.publishSystem('$SYS/broker/x', new Uint8Array(1));
  assert.equal(broker.core.retained.count, 2);
  assert.equal(broker.core.metrics.refusedMemoryPressure, 1);
});

test('critical: QoS 1 and 2 that would wait in memory are refused to 5.0 publishers, and nobody gets them; QoS 0 goes on', () => {
  const broker = new TestBroker();
  const [away, here] = [broker.connect('away', kept), broker.connect('here')];
  for (const client of [away, here]) client.subscribe('t', { qos: 1 });
  away.cut();
  const publisher = broker.connect('p');
  broker.core.setMemoryPressure('critical');
  const [code, reason] = answerTo(publisher, 't');
  assert.equal(code, ReasonCode.quotaExceeded);
  assert.match(reason, /short of memory.*wait for 'away'.*later/);
  publisher.publish('t', 'QoS 0');
  here.subscribe('other', { qos: 1 });
  assert.equal(answerTo(publisher, 'other')[0], 0, 'what can be sent at once is');
  assert.deepEqual(texts(here), ['QoS 0', 'x']);
  assert.equal(broker.core.metrics.queuedMessages, 0);
  broker.core.setMemoryPressure('none');
  assert.equal(answerTo(publisher, 't')[0], 0);
});

test('critical: of publishers that cannot be told, what would wait in memory is dropped for that subscriber and counted', () => {
  const broker = new TestBroker();
  const [away, here] = [broker.connect('away', kept), broker.connect('here')];
  for (const client of [away, here]) client.subscribe('t', { qos: 2 });
  away.cut();
  const publisher = broker.connect('p', { version: 4 });
  broker.core.setMemoryPressure('critical');
  publisher.publish('t', 'x', { qos: 1 });
  assert.equal(publisher.takeOne().type, PacketType.puback);
  assert.deepEqual(texts(here), ['x']);
  assert.deepEqual([broker.core.metrics.droppedMemoryPressure, broker.core.metrics.queuedMessages], [1, 0]);
});

test('critical: what the store keeps goes on being kept', async () => {
  const durable = new DurableBroker();
  const away = await durable.connect('away');
  await durable.subscribe(away, 't', { qos: 1 });
  away.cut();
  const publisher = await durable.connect('p');
  durable.core.setMemoryPressure('critical');
  publisher.publish('t', 'x', { qos: 1 });
  await durable.settle();
  const answer = publisher.takeOne();
  assert(answer.type === PacketType.puback);
  assert.equal(answer.reasonCode, 0);
  assert.deepEqual([durable.metrics.queuedMessages, durable.metrics.droppedMemoryPressure], [1, 0]);
  const back = await durable.connect('away');
  assert.deepEqual(texts(back), ['x']);
});
