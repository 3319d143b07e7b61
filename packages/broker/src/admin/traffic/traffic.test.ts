import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker, textBytes } from '@cauldron/testkit';
import { COPIES_SAVED, KEPT_UNWATCHED, LOOKUPS_SAVED, PAYLOAD_KEPT, WALK_AGAIN } from './limits.ts';
import { Scene } from './testing/scene.ts';
import type { TopicRecord } from './topic-node.ts';

test('what is retained is in the tree once it was gone through, and what is published comes in', () => {
  const scene = new Scene(new TestBroker());
  scene.retain('house/hall', '21.5');
  scene.retain('$SYS/broker/uptime', '5');
  scene.watch();
  scene.broker.connect('c').publish('house/kitchen', '{"t": 1}');
  assert.deepEqual(scene.rows({ expanded: ['house'] }), ['house=', 'house/hall=21.5', 'house/kitchen={"t": 1}']);
  assert.deepEqual(scene.rows({ system: true }), ['house=', '$SYS=']);
  assert.equal(scene.view().topics, 2);
  assert.equal(scene.view({ system: true }).topics, 3);
});

test('while nobody watches nothing is looked at, and the tree is empty', () => {
  const scene = new Scene(new TestBroker());
  scene.broker.connect('c').publish('a', '1');
  assert.equal(scene.broker.core.router.tap, null);
  assert.deepEqual(scene.view().rows, []);
});

test('what was seen is kept for a minute after the last one stopped watching, and then nothing of it is left', () => {
  const scene = new Scene(new TestBroker());
  const first = scene.watch();
  const second = scene.watch();
  scene.broker.connect('c').publish('a', '1');
  first();
  first();
  scene.pass(KEPT_UNWATCHED + 1000);
  assert.deepEqual(scene.rows(), ['a=1']);
  second();
  scene.pass(KEPT_UNWATCHED - 100);
  assert.deepEqual(scene.rows(), ['a=1']);
  scene.pass(300);
  assert.deepEqual(scene.rows(), []);
  const { router } = scene.broker.core;
  assert.equal(router.tap, null);
  assert.equal(router.topics.peek('a')!.tapped, null);
});

test('a topic seen by an earlier watching is found anew by the next one', () => {
  const scene = new Scene(new TestBroker());
  const client = scene.broker.connect('c');
  const end = scene.watch();
  client.publish('a', '1');
  const version = scene.traffic.version('a');
  end();
  scene.pass(KEPT_UNWATCHED + 100);
  scene.watch();
  client.publish('a', '2');
  assert.equal(scene.value('a').payload.data, '2');
  assert.equal(scene.value('a').count, 1);
  assert.ok(scene.traffic.version('a') > version, 'a page that remembers the version would miss it');
});

test('a value says how it was published, by whom, when and how often', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const client = scene.broker.connect('thermometer');
  client.publish('t', '20');
  scene.pass(500);
  const properties = { contentType: 'text/plain', userProperties: [['unit', '°C']] as [string, string][] };
  client.publish('t', '21', { qos: 1, properties });
  const { rate, ...value } = scene.value('t');
  assert.ok(rate > 0);
  assert.deepEqual(value, {
    topic: 't',
    payload: { encoding: 'utf8', data: '21', size: 2, truncated: false },
    kind: 'number',
    mediaType: null,
    qos: 1,
    retain: false,
    publisher: 'thermometer',
    at: scene.broker.core.now,
    count: 2,
    sampled: false,
    properties,
  });
});

test('a retained message has the time it was published, whether somebody looked or not', () => {
  const scene = new Scene(new TestBroker());
  const client = scene.broker.connect('c');
  client.publish('r', 'old', { retain: true });
  scene.watch();
  const old = scene.value('r');
  assert.deepEqual(
    [old.payload.data, old.retain, old.at, old.publisher, old.count],
    ['old', true, scene.broker.core.now, 'c', 0],
  );
  client.publish('r', 'new', { retain: true });
  const young = scene.value('r');
  assert.deepEqual([young.payload.data, young.retain, young.count], ['new', true, 1]);
  assert.equal(young.at, scene.broker.core.now);
  client.publish('r', 'live');
  assert.deepEqual([scene.value('r').payload.data, scene.value('r').retain], ['live', false]);
});

test('a retained message is known without anybody watching', () => {
  const scene = new Scene(new TestBroker());
  scene.retain('r', 'kept');
  assert.equal(scene.value('r').payload.data, 'kept');
  assert.ok(scene.traffic.version('r') > 0);
  assert.equal(scene.traffic.value('nothing'), null);
  assert.equal(scene.traffic.version('nothing'), 0);
});

test('of messages that come together the last one is shown and all are counted', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const client = scene.broker.connect('c', { version: 4 });
  const one = (text: string) => [0x30, 4 + text.length - 1, 0, 1, 97, ...textBytes(text)];
  client.sendBytes(Uint8Array.from([one('1'), one('2'), one('3')].flat()));
  assert.deepEqual([scene.value('a').payload.data, scene.value('a').count], ['3', 3]);
  client.sendBytes(Uint8Array.from([one('4'), one('five'), one('sixty')].flat()));
  assert.deepEqual([scene.value('a').payload.data, scene.value('a').count], ['sixty', 6]);
});

test('5,000 messages a second over 100,000 topics are all seen, each value exactly', () => {
  const scene = new Scene(new TestBroker({ limits: { maxRetainedMessages: 200_000 } }));
  scene.watch();
  const client = scene.broker.connect('c');
  for (let second = 0; second < 4; second++) {
    for (let i = 0; i < 5000; i++) {
      client.publish(`site/${(second * 25_000 + i * 5) % 100_000}/value`, `${second}:${i}`);
      if (i % 500 === 499) scene.pass(100);
    }
  }
  for (const i of [0, 1, 2500, 4999]) {
    const value = scene.value(`site/${75_000 + i * 5}/value`);
    assert.deepEqual([value.payload.data, value.sampled], [`3:${i}`, false]);
  }
  assert.equal(scene.view().topics, 20_000);
});

test('a flood is counted to the last message, and says that what it shows may not be the last one', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const client = scene.broker.connect('c');
  const { core } = scene.broker;
  const payload = textBytes('x');
  for (let i = 0; i < 3 * COPIES_SAVED; i++) {
    core.publish({ topic: 'flood', payload, qos: 0, retain: false, properties: undefined });
  }
  assert.equal(scene.value('flood').count, 3 * COPIES_SAVED);
  assert.equal(scene.value('flood').sampled, true);
  client.publish('quiet', 'still seen');
  assert.deepEqual([scene.value('quiet').payload.data, scene.value('quiet').sampled], ['still seen', false]);
  scene.pass(1000);
  client.publish('flood', 'the end');
  assert.deepEqual([scene.value('flood').payload.data, scene.value('flood').sampled], ['the end', false]);
});

test('what is retained is exact even where it passed unseen', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  for (let i = 1; i <= 2 * COPIES_SAVED; i++) scene.retain('r', String(i));
  const value = scene.value('r');
  const data = String(2 * COPIES_SAVED);
  assert.deepEqual(
    [value.payload.data, value.sampled, value.retain, value.count],
    [data, false, true, 2 * COPIES_SAVED],
  );
});

test('retained messages that come faster than their topics can be entered are found a little later', async () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  for (let i = 0; i < LOOKUPS_SAVED + 1000; i++) scene.retain(`r/${i}`);
  assert.ok(scene.view().topics < LOOKUPS_SAVED + 1000);
  scene.pass(WALK_AGAIN + 200);
  assert.ok(scene.view().searching);
  await scene.traffic.loaded(); // at once: that is about what was there when somebody began to look
  scene.turns();
  assert.equal(scene.view().topics, LOOKUPS_SAVED + 1000);
});

test('a topic whose retained message is deleted is gone with the next tick, and comes back with the next message', () => {
  const scene = new Scene(new TestBroker());
  scene.retain('a/b', '1');
  scene.watch();
  const version = scene.traffic.version('a/b');
  scene.retain('a/b', '');
  scene.pass(100);
  assert.deepEqual(scene.rows(), []);
  scene.broker.connect('c').publish('a/b', '2');
  assert.deepEqual(scene.rows({ expanded: ['a'] }), ['a=', 'a/b=2']);
  assert.ok(scene.traffic.version('a/b') > version + 1);
});

test('topics whose retained messages are deleted faster than one can follow are gone a little later', () => {
  const scene = new Scene(new TestBroker());
  for (let i = 0; i < 2 * LOOKUPS_SAVED; i++) scene.retain(`r/${i}`);
  scene.watch();
  for (let i = 0; i < 2 * LOOKUPS_SAVED; i++) scene.retain(`r/${i}`, '');
  scene.pass(100);
  assert.ok(scene.view().topics > 0);
  scene.pass(WALK_AGAIN + 1000);
  scene.turns();
  assert.equal(scene.view().topics, 0);
});

test('a topic whose retained message expired is gone a little later', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const properties = { messageExpiryInterval: 10 };
  scene.broker.connect('c').publish('r', 'x', { retain: true, properties });
  scene.pass(120_000);
  assert.deepEqual(scene.rows(), []);
});

test('there are never more topics than may be, and the view says so', () => {
  const scene = new Scene(new TestBroker(), 10);
  for (let i = 0; i < 6; i++) scene.retain(`kept/${i}`);
  scene.watch();
  assert.equal(scene.view().truncated, false);
  const client = scene.broker.connect('c');
  for (let i = 0; i < 8; i++) client.publish(`live/${i}`, '1');
  assert.deepEqual([scene.view().topics, scene.view().truncated], [10, true]);
  scene.pass(1000);
  assert.ok(scene.view().rate > 0, 'messages of the others count all the same');
});

test('where there is no room, topics that are silent for ten minutes make some, but not those that are retained', () => {
  const scene = new Scene(new TestBroker(), 4);
  for (const name of ['k1', 'k2']) scene.retain(name);
  scene.watch();
  const client = scene.broker.connect('c');
  for (const name of ['l1', 'l2', 'l3']) client.publish(name, '1');
  assert.deepEqual(scene.rows(), ['k1=x', 'k2=x', 'l1=1', 'l2=1']);
  scene.pass(601_000);
  client.publish('l3', '2');
  const rows = scene.rows();
  for (const row of ['k1=x', 'k2=x', 'l3=2']) assert.ok(rows.includes(row), `${row} is not in ${rows}`);
  assert.equal(scene.view().truncated, false);
});

test('of a long payload the beginning is kept, and all of it once somebody follows the topic', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const client = scene.broker.connect('c');
  const long = 'x'.repeat(3 * PAYLOAD_KEPT);
  client.publish('a', long);
  const { payload } = scene.value('a');
  assert.deepEqual([payload.data.length, payload.size, payload.truncated], [PAYLOAD_KEPT, 3 * PAYLOAD_KEPT, true]);
  assert.equal(scene.traffic.payload('a')!.truncated, true);
  const end = scene.traffic.follow(['a', 'b']);
  for (const topic of ['a', 'b']) {
    client.publish(topic, long);
    assert.equal(scene.value(topic).payload.data, long);
    assert.equal(scene.traffic.payload(topic)!.bytes.length, long.length);
  }
  end();
  client.publish('a', long);
  assert.equal(scene.value('a').payload.truncated, true);
});

test('a followed topic is looked at even where there is no room for others', () => {
  const scene = new Scene(new TestBroker(), 1);
  scene.watch();
  const client = scene.broker.connect('c');
  client.publish('a', '1');
  scene.traffic.follow(['b']);
  client.publish('b', '2');
  client.publish('c', '3');
  assert.equal(scene.value('b').payload.data, '2');
  assert.equal(scene.traffic.value('c'), null);
});

test('memory of a topic is used again while its values are of about the same length', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const client = scene.broker.connect('c');
  client.publish('a', '20.5');
  const record = scene.broker.core.router.topics.peek('a')!.tapped as TopicRecord;
  const before = record.bytes;
  for (const text of ['21', '-21.55', '7']) {
    client.publish('a', text);
    assert.equal(scene.value('a').payload.data, text);
    assert.equal(record.bytes, before);
  }
});

test('a rate is what comes in a second, of a topic and of everything below a level', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const client = scene.broker.connect('c');
  for (let i = 0; i < 300; i++) {
    client.publish('house/hall/temp', '1');
    if (i % 2 === 0) client.publish('house/hall', '1');
    scene.pass(100);
  }
  const [house, hall, temp] = scene.view({ expanded: ['house', 'house/hall'] }).rows;
  assert.ok(Math.abs(temp!.rate - 10) < 0.5, String(temp!.rate));
  assert.ok(Math.abs(hall!.rate - 15) < 0.5, String(hall!.rate));
  assert.ok(Math.abs(house!.rate - 15) < 0.5, String(house!.rate));
  assert.ok(Math.abs(scene.value('house/hall').rate - 5) < 0.5);
  scene.pass(60_000);
  assert.equal(scene.view().rate, 0);
});

test('a level that is a topic too has a value, and its children are counted without it', () => {
  const scene = new Scene(new TestBroker());
  for (const name of ['a', 'a/b', 'a/b/c', 'a/d']) scene.retain(name, name);
  scene.watch();
  const [a] = scene.view().rows;
  assert.deepEqual([a!.value!.preview, a!.children, a!.topics], ['a', 2, 3]);
});
