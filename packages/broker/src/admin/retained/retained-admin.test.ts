import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerCore } from '@cauldron/core';
import { DurableBroker, TestBroker, type TestBrokerOptions, textBytes, textOf } from '@cauldron/testkit';
import { RetainedAdmin } from './retained-admin.ts';
import { UNDO_BYTES, UNDO_SECONDS, UNDOS } from './undo-store.ts';

const request = { subtree: false, dryRun: false };

function retain(core: BrokerCore, topic: string, payload: string | Uint8Array = 'x', expiry?: number): void {
  const bytes = typeof payload === 'string' ? textBytes(payload) : payload;
  const properties = expiry === undefined ? undefined : { messageExpiryInterval: expiry };
  assert.ok(core.publish({ topic, payload: bytes, qos: 1, retain: true, properties }) < 0x80);
}

class Scene {
  readonly broker: TestBroker;
  readonly retained: RetainedAdmin;
  /** Turns of the loop that were asked for. */
  turns = 0;

  constructor(options: TestBrokerOptions = {}) {
    this.broker = new TestBroker(options);
    this.retained = new RetainedAdmin(this.broker.core, () => this.broker.core.now, {
      later: (work) => {
        this.turns += 1;
        queueMicrotask(work);
      },
    });
  }

  /** Topics that have a retained message, in order, with it. */
  get topics(): string[] {
    const found: string[] = [];
    this.broker.core.retained.match('#', this.broker.core.now, (message) => {
      found.push(`${message.topic}=${textOf(message.payload())}`);
    });
    return found.sort();
  }
}

test('what would be deleted is counted and named, and nothing is deleted', async () => {
  const scene = new Scene();
  for (const topic of ['a', 'a/b', 'a/b/c', 'ab', 'b']) retain(scene.broker.core, topic);
  const dry = await scene.retained.remove({ topic: 'a', subtree: true, dryRun: true });
  assert.deepEqual(
    { ...dry, topics: [...dry.topics].sort() },
    {
      count: 3,
      bytes: dry.bytes,
      topics: ['a', 'a/b', 'a/b/c'],
      undo: null,
      undoSeconds: UNDO_SECONDS,
      refusal: null,
    },
  );
  assert.ok(dry.bytes > 0);
  assert.equal(scene.topics.length, 5);
});

test('a deletion is seen by subscribers as an empty message', async () => {
  const scene = new Scene();
  for (const topic of ['a', 'a/b', 'ab']) retain(scene.broker.core, topic, topic);
  const subscriber = scene.broker.connect('s');
  subscriber.subscribe('#', { qos: 0 });
  subscriber.take();
  const done = await scene.retained.remove({ ...request, topic: 'a', subtree: true });
  assert.deepEqual([done.count, scene.topics], [2, ['ab=ab']]);
  const seen = subscriber.takeMessages().map(({ topic, payload }) => `${topic}:${payload.length}`);
  assert.deepEqual(seen.sort(), ['a/b:0', 'a:0']);
});

test('without subtree only the topic itself is deleted', async () => {
  const scene = new Scene();
  for (const topic of ['a', 'a/b']) retain(scene.broker.core, topic);
  assert.equal((await scene.retained.remove({ ...request, topic: 'a' })).count, 1);
  assert.deepEqual(scene.topics, ['a/b=x']);
  const again = await scene.retained.remove({ ...request, topic: 'a' });
  assert.deepEqual([again.count, again.undo], [0, null]);
});

test('undoing brings back payload, QoS, properties and what is left of the expiry', async () => {
  const scene = new Scene();
  const { core } = scene.broker;
  scene.broker.connect('c').publish('a', 'text', { qos: 2, retain: true, properties: { contentType: 'text/plain' } });
  retain(core, 'b', 'soon over', 100);
  retain(core, 'c', 'over meanwhile', 20);
  const { undo } = await scene.retained.remove({ ...request, topic: 'a' });
  const others = await Promise.all(['b', 'c'].map((topic) => scene.retained.remove({ ...request, topic })));
  scene.broker.advance(40_000);
  assert.deepEqual(await scene.retained.undo(undo!), { restored: 1, skipped: 0 });
  const message = core.retained.get('a')!;
  assert.deepEqual([textOf(message.payload()), message.properties()?.contentType], ['text', 'text/plain']);
  assert.deepEqual(await scene.retained.undo(others[0]!.undo!), { restored: 1, skipped: 0 });
  assert.equal(core.retained.get('b')!.remainingExpiry(core.now), 60);
  assert.deepEqual(await scene.retained.undo(others[1]!.undo!), { restored: 0, skipped: 1 });
});

test('undoing leaves alone what was retained since', async () => {
  const scene = new Scene();
  for (const topic of ['a/1', 'a/2']) retain(scene.broker.core, topic, 'old');
  const { undo } = await scene.retained.remove({ ...request, topic: 'a', subtree: true });
  retain(scene.broker.core, 'a/1', 'new');
  assert.deepEqual(await scene.retained.undo(undo!), { restored: 1, skipped: 1 });
  assert.deepEqual(scene.topics, ['a/1=new', 'a/2=old']);
});

test('an undo works once, for ten minutes, and while few others follow', async () => {
  const scene = new Scene();
  const removed = async (topic: string): Promise<string> => {
    retain(scene.broker.core, topic);
    return (await scene.retained.remove({ ...request, topic })).undo!;
  };
  const once = await removed('once');
  await scene.retained.undo(once);
  await assert.rejects(scene.retained.undo(once), { code: 'UNDO_GONE', status: 404 });
  const late = await removed('late');
  scene.broker.advance(UNDO_SECONDS * 1000);
  scene.retained.tick(scene.broker.core.now);
  await assert.rejects(scene.retained.undo(late), { code: 'UNDO_GONE' });
  const first = await removed('first');
  for (let i = 0; i < UNDOS; i++) await removed(`other/${i}`);
  await assert.rejects(scene.retained.undo(first), { code: 'UNDO_GONE' });
});

test('what is too much to bring back says so before it is deleted', async () => {
  const scene = new Scene({ limits: { maxRetainedBytes: 1e9 } });
  const large = new Uint8Array(UNDO_BYTES / 4);
  for (let i = 0; i < 4; i++) retain(scene.broker.core, `big/${i}`, large);
  const dry = await scene.retained.remove({ topic: 'big', subtree: true, dryRun: true });
  assert.deepEqual([dry.count, dry.undoSeconds], [4, 0]);
  const done = await scene.retained.remove({ ...request, topic: 'big', subtree: true });
  assert.deepEqual([done.count, done.undo, done.undoSeconds], [4, null, 0]);
});

test('a large subtree is deleted and brought back in slices, and the broker serves others in between', async () => {
  const scene = new Scene();
  for (let i = 0; i < 5500; i++) retain(scene.broker.core, `a/${i}`);
  const done = await scene.retained.remove({ ...request, topic: 'a', subtree: true });
  assert.deepEqual([done.count, done.topics.length, scene.topics.length], [5500, 50, 0]);
  assert.ok(scene.turns >= 5, `${scene.turns} turns`);
  const before = scene.turns;
  assert.deepEqual(await scene.retained.undo(done.undo!), { restored: 5500, skipped: 0 });
  assert.ok(scene.turns - before >= 5);
  assert.equal(scene.topics.length, 5500);
});

test('what is deleted is deleted on disk too, and what is brought back is there again', async () => {
  const durable = new DurableBroker();
  retain(durable.core, 'a', 'kept');
  await durable.settle();
  const admin = () => new RetainedAdmin(durable.core, () => durable.core.now);
  const retained = admin();
  const { undo } = await retained.remove({ ...request, topic: 'a' });
  await durable.settle();
  await retained.undo(undo!);
  await durable.settle();
  durable.crash();
  assert.equal(textOf(durable.core.retained.get('a')!.payload()), 'kept');
  await admin().remove({ ...request, topic: 'a' });
  await durable.settle();
  durable.crash();
  assert.equal(durable.core.retained.get('a'), null);
});

test('topics of the broker and what is no topic are refused', async () => {
  const scene = new Scene();
  for (const topic of ['$SYS', '$SYS/broker/uptime']) {
    await assert.rejects(scene.retained.remove({ ...request, topic }), { code: 'TOPIC_RESERVED', status: 403 });
  }
  await assert.rejects(scene.retained.remove({ ...request, topic: 'a/#' }), {
    code: 'INVALID_TOPIC',
    status: 400,
  });
});

test('an interceptor that forbids a deletion is heard, and the message stays', async () => {
  const refusal = { reasonCode: 0x87, reason: 'no' };
  const scene = new Scene({
    interceptors: [{ intercept: ({ payload }) => (payload.length === 0 ? refusal : undefined) }],
  });
  retain(scene.broker.core, 'a');
  await assert.rejects(scene.retained.remove({ ...request, topic: 'a' }), { code: 'NOT_DELETED', status: 503 });
  assert.deepEqual(scene.topics, ['a=x']);
});

test('where the broker stops deleting on the way it is said what went, why no more did, and what went can come back', async () => {
  const scene = new Scene({
    interceptors: [
      {
        intercept: ({ topic, payload }) =>
          topic === 'a/3' && payload.length === 0 ? { reasonCode: 0x87, reason: 'no' } : undefined,
      },
    ],
  });
  for (const topic of ['a/1', 'a/2', 'a/3', 'a/4']) retain(scene.broker.core, topic);
  const done = await scene.retained.remove({ ...request, topic: 'a', subtree: true });
  assert.deepEqual([done.count, done.topics], [2, ['a/1', 'a/2']]);
  assert.match(done.refusal!, /refused to delete more \(0x87\)/);
  assert.deepEqual(await scene.retained.undo(done.undo!), { restored: 2, skipped: 0 });
  assert.equal(scene.topics.length, 4);
});

test('pages of a list are all that matches, each once, and a page that is asked for again is the same', () => {
  const scene = new Scene();
  for (let i = 0; i < 25; i++) retain(scene.broker.core, `a/${i}`);
  retain(scene.broker.core, 'b', 'x', 60);
  const topics: string[] = [];
  let page = scene.retained.list({ filter: '#', limit: 10 });
  assert.equal(page.total, 26);
  for (; ; page = scene.retained.list({ filter: 'ignored', limit: 1, cursor: page.next })) {
    topics.push(...page.items.map(({ topic }) => topic));
    if (page.next === null) break;
    const again = scene.retained.list({ filter: '#', limit: 10, cursor: page.next });
    assert.deepEqual(again, scene.retained.list({ filter: '#', limit: 10, cursor: page.next }));
  }
  assert.deepEqual([topics.length, new Set(topics).size], [26, 26]);
  const [b] = scene.retained.list({ filter: 'b', limit: 10 }).items;
  const expiresAt = scene.broker.core.now + 60_000;
  assert.deepEqual(b, { topic: 'b', size: 1, qos: 1, publisher: null, expiresAt });
});

test('a filter that is none and a cursor that no list gave are refused', () => {
  const scene = new Scene();
  assert.throws(() => scene.retained.list({ filter: 'a/#/b', limit: 1 }), { code: 'INVALID_FILTER' });
  assert.throws(() => scene.retained.list({ filter: '#', limit: 1, cursor: 'x' }), { code: 'INVALID_CURSOR' });
});

test('what the broker refuses to take back can be brought back later', async () => {
  const scene = new Scene({ limits: { maxRetainedMessages: 2 } });
  const { core } = scene.broker;
  for (const topic of ['a/1', 'a/2']) retain(core, topic);
  const { undo } = await scene.retained.remove({ ...request, topic: 'a', subtree: true });
  for (const topic of ['b/1', 'b/2']) retain(core, topic);
  await assert.rejects(scene.retained.undo(undo!), { code: 'NOT_RESTORED', status: 503 });
  await scene.retained.remove({ ...request, topic: 'b/1' });
  assert.deepEqual(await scene.retained.undo(undo!), { restored: 1, skipped: 1 });
  await scene.retained.remove({ ...request, topic: 'b/2' });
  assert.deepEqual(await scene.retained.undo(undo!), { restored: 1, skipped: 0 });
  assert.deepEqual(scene.topics, ['a/1=x', 'a/2=x']);
  await assert.rejects(scene.retained.undo(undo!), { code: 'UNDO_GONE' });
});

test('deletions that are asked for at once are done one after the other, a turn between them', async () => {
  const scene = new Scene();
  for (let i = 0; i < 50; i++) retain(scene.broker.core, `a/${i}/x`);
  const all = Array.from({ length: 50 }, (_, i) =>
    scene.retained.remove({ ...request, topic: `a/${i}`, subtree: true }),
  );
  const bad = scene.retained.remove({ ...request, topic: '#' });
  await assert.rejects(bad, { code: 'INVALID_TOPIC' });
  assert.ok((await Promise.all(all)).every(({ count }) => count === 1));
  assert.equal(scene.turns, 49);
  assert.deepEqual(scene.topics, []);
});
