// $SYS as its readers see it, with a clock the test moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { version } from '@cauldron/broker';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, textBytes, textOf } from '@cauldron/testkit';
import { SysTopics } from '../../packages/broker/src/sys-topics.ts';
import { startBroker } from '../support/broker.ts';
import { RawClient } from '../support/raw-client.ts';

const START = 1_000_000;

/** A broker with $SYS every 10 s from time 0 of the test. */
function setUp() {
  const broker = new TestBroker({ now: START });
  const sys = new SysTopics(broker.core, 10);
  sys.publish(START);
  const at = (seconds: number): void => {
    broker.core.tick(START + seconds * 1000);
    sys.tick(START + seconds * 1000);
    broker.core.flush();
  };
  const value = (topic: string): string | undefined => {
    const message = broker.core.retained.get(`$SYS/broker/${topic}`);
    return message === null ? undefined : textOf(message.payload());
  };
  return { broker, at, value };
}

test('the values are those of the broker at the last interval', () => {
  const { broker, at, value } = setUp();
  const ann = broker.connect('ann', { version: 4 });
  broker.connect('away', { cleanStart: false, version: 4 }).link.cut();
  ann.subscribe('a/#');
  ann.subscribe('$share/g/b');
  ann.publish('a/1', textBytes('four'));
  ann.publish('a/kept', textBytes('kept'), { retain: true });
  assert.equal(value('clients/connected'), '0');
  at(9.9);
  assert.equal(value('clients/connected'), '0');
  at(10);
  const expected = {
    'clients/total': '2',
    'clients/connected': '1',
    'clients/disconnected': '1',
    'clients/maximum': '2',
    'clients/expired': '0',
    // whole PUBLISH packets: 11 and 14 bytes
    // CONNECT x 2, SUBSCRIBE x 2, PUBLISH x 2 in; CONNACK x 2, SUBACK x 2, PUBLISH x 2 out
    'messages/received': '6',
    'messages/sent': '6',
    'publish/messages/received': '2',
    'publish/messages/sent': '2',
    'publish/messages/dropped': '0',
    'publish/bytes/received': '25',
    'publish/bytes/sent': '25',
    'subscriptions/count': '2',
    'shared_subscriptions/count': '1',
    uptime: '10 seconds',
    version: `cauldron version ${version}`,
  };
  for (const [topic, text] of Object.entries(expected)) assert.equal(value(topic), text, topic);
  for (const topic of ['bytes/received', 'bytes/sent', 'heap/current', 'heap/maximum', 'store/messages/bytes']) {
    assert.match(value(topic)!, /^[1-9]\d*$/, topic);
  }
  for (const topic of ['messages/stored', 'store/messages/count', 'retained messages/count']) {
    assert.match(value(topic)!, /^[1-9]\d*$/, topic);
  }
});

test('loads are per minute, and fall with the weight of their window', () => {
  const { broker, at, value } = setUp();
  const ann = broker.connect('ann', { version: 4 });
  for (let i = 0; i < 60; i++) ann.publish('a', textBytes('x'));
  at(10);
  // 60 in 10 s are 360 a minute; the share of the new in the average of N minutes is 1 - e^(-10 / 60 N).
  const share = (minutes: number): number => 360 * (1 - Math.exp(-10 / (60 * minutes)));
  for (const minutes of [1, 5, 15]) {
    assert.equal(value(`load/publish/received/${minutes}min`), share(minutes).toFixed(2), `${minutes} min`);
  }
  at(20);
  assert.equal(value('load/publish/received/1min'), (share(1) * Math.exp(-10 / 60)).toFixed(2));
  assert.match(value('load/connections/1min')!, /^\d+\.\d\d$/);
});

test('a value that did not change is not published again', () => {
  const { broker, at } = setUp();
  const reader = broker.connect('reader');
  reader.subscribe('$SYS/broker/clients/#', { retainHandling: 2 });
  reader.take();
  at(10);
  const names = () => reader.take().flatMap((packet) => (packet.type === PacketType.publish ? [packet.topic] : []));
  assert.ok(names().includes('$SYS/broker/clients/connected'));
  at(20);
  assert.deepEqual(names(), []);
});

test('interval 0 publishes nothing', async (t) => {
  const { broker } = await startBroker(t, { sys: { interval: 0 } });
  assert.equal(broker.core.retained.count, 0);
});

test('a real broker publishes at its start and at each interval, and # does not show it', async (t) => {
  const { port } = await startBroker(t, { sys: { interval: 0.3 } });
  const client = await RawClient.connected(t, port, { version: 4 });
  await client.subscribe('$SYS/broker/clients/connected');
  assert.equal(textOf((await client.take(PacketType.publish)).payload), '0');
  assert.equal(textOf((await client.take(PacketType.publish)).payload), '1');
  await client.subscribe('#');
  client.send({ type: PacketType.pingreq });
  await client.take(PacketType.pingresp);
  const seen = client.received.flatMap((packet) => (packet.type === PacketType.publish ? [packet.topic] : []));
  assert.deepEqual(
    seen.filter((topic) => !topic.startsWith('$SYS/broker/clients/connected')),
    [],
  );
});

test('a client that publishes to $SYS is refused', async (t) => {
  const { broker, port } = await startBroker(t, { sys: { interval: 10 } });
  const client = await RawClient.connected(t, port);
  const packet = { type: PacketType.publish, topic: '$SYS/broker/uptime', retain: true, dup: false } as const;
  client.send({ ...packet, payload: textBytes('0'), qos: 1, packetId: 1 });
  assert.equal((await client.take(PacketType.puback)).reasonCode, ReasonCode.notAuthorized);
  assert.match(textOf(broker.core.retained.get('$SYS/broker/uptime')!.payload()), /seconds$/);
});
