import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker, textBytes } from '@cauldron/testkit';
import { FEED_KEPT, LIST_LOOKED, SEARCH_KEPT, SLICE } from './limits.ts';
import { Scene } from './testing/scene.ts';

/** As many retained topics, `prefix/0` and on. */
function filled(topics: number, prefix = 'site'): Scene<TestBroker> {
  const scene = new Scene(new TestBroker({ limits: { maxRetainedMessages: 1_000_000 } }));
  for (let i = 0; i < topics; i++) scene.retain(`${prefix}/${String(i).padStart(6, '0')}`, `value ${i}`);
  return scene;
}

test('what is retained is gone through in slices, and a view says until then that there may be more', async () => {
  const scene = filled(3 * SLICE);
  scene.traffic.watch();
  let loaded = false;
  const waiting = scene.traffic.loaded().then(() => {
    loaded = true;
  });
  scene.turns(2);
  assert.ok(scene.view().searching);
  assert.ok(scene.view().topics > 0 && scene.view().topics <= 2 * SLICE);
  await Promise.resolve();
  assert.equal(loaded, false);
  assert.ok(scene.turns() <= 6, 'no turns are asked for in vain');
  await waiting;
  assert.deepEqual([scene.view().topics, scene.view().searching], [3 * SLICE, false]);
  await scene.traffic.loaded();
});

test('waiting for what is retained ends with the watching too', async () => {
  const scene = filled(10);
  scene.traffic.watch();
  const waiting = scene.traffic.loaded();
  scene.traffic.close();
  await waiting;
  scene.turns();
  assert.equal(scene.broker.core.router.tap, null);
});

test('any window of an opened level of many topics is that part of it', () => {
  const scene = filled(20_000);
  scene.watch();
  const view = scene.view({ expanded: ['site', 'site/000005'], offset: 12_001, limit: 3 });
  assert.equal(view.total, 20_001);
  assert.deepEqual(
    view.rows.map(({ path, depth, value }) => [path, depth, value!.preview]),
    [12_000, 12_001, 12_002].map((i) => [`site/0${i}`, 1, `value ${i}`]),
  );
});

test('a search finds topics by name, whatever the case, and by what their last message says', () => {
  const scene = new Scene(new TestBroker());
  scene.retain('House/Kitchen/Temperature', '21');
  scene.retain('house/hall/state', 'KITCHEN light is on');
  scene.retain('house/hall/other', 'x');
  scene.retain('$SYS/kitchen', 'x');
  scene.watch();
  const found = (view: Parameters<Scene<TestBroker>['rows']>[0]): string[] =>
    scene.rows(view).map((row) => row.split('=')[0]!);
  assert.deepEqual(found({ search: 'kitchen' }), ['House/Kitchen/Temperature', 'house/hall/state']);
  assert.deepEqual(found({ search: 'kitchen', system: true }), [
    '$SYS/kitchen',
    'House/Kitchen/Temperature',
    'house/hall/state',
  ]);
  assert.deepEqual(found({ search: 'kitchen', offset: 1, limit: 1 }), ['house/hall/state']);
  assert.deepEqual(found({ search: 'nowhere' }), []);
});

test('a search looks at a slice in a turn, shows what it found so far, and says when it is through', () => {
  const scene = filled(20 * SLICE);
  scene.watch();
  const first = scene.view({ search: 'value 1' });
  assert.ok(first.searching && first.rows.length > 0 && first.total < 5000);
  const turns = scene.turns();
  assert.ok(turns > 10 && turns < 30, `${turns} turns`);
  const all = scene.view({ search: 'value 1' });
  const expected = Array.from({ length: 20 * SLICE }, (_, i) => `value ${i}`).filter((text) =>
    text.includes('value 1'),
  );
  assert.deepEqual([all.total, all.searching], [expected.length, false]);
});

test('a search that stays is kept up to date: what fits comes in, what does not any more goes', () => {
  const scene = new Scene(new TestBroker());
  scene.retain('lamp/1', 'on');
  scene.retain('lamp/2', 'off');
  scene.watch();
  assert.deepEqual(scene.rows({ search: 'on' }), ['lamp/1=on']);
  scene.retain('lamp/1', 'off');
  scene.retain('lamp/3', 'on');
  scene.pass(300);
  assert.deepEqual(scene.rows({ search: 'on' }), ['lamp/3=on']);
  scene.retain('lamp/3', '');
  scene.pass(300);
  assert.deepEqual(scene.rows({ search: 'on' }), []);
});

test('a search that nobody asks for any more is forgotten', () => {
  const scene = new Scene(new TestBroker());
  scene.retain('a', 'text');
  scene.watch();
  scene.view({ search: 'text' });
  scene.pass(SEARCH_KEPT + 100);
  scene.retain('b', 'text');
  assert.deepEqual(scene.rows({ search: 'text' }), ['a=text', 'b=text']);
});

function listed(
  scene: Scene<TestBroker>,
  query: { limit: number; search?: string; prefix?: string },
): { topics: string[]; pages: number } {
  const topics: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined; ; ) {
    const page = scene.traffic.list({ search: '', prefix: '', ...query, cursor });
    topics.push(...page.items.map(({ topic }) => topic));
    pages += 1;
    if (page.next === null) return { topics, pages };
    cursor = page.next;
  }
}

test('a script gets all topics page by page, each once', () => {
  const scene = filled(25);
  scene.retain('other', 'x');
  scene.watch();
  assert.equal(new Set(listed(scene, { limit: 10 }).topics).size, 26);
  assert.equal(listed(scene, { limit: 10, prefix: 'site/00002' }).topics.length, 5);
  assert.deepEqual(listed(scene, { limit: 10, search: 'value 7' }).topics, ['site/000007']);
});

test('a page of a search that finds little ends after a bounded look, and the next one goes on', () => {
  const scene = filled(LIST_LOOKED + 10);
  scene.watch();
  const { topics, pages } = listed(scene, { limit: 100, search: `value ${LIST_LOOKED + 5}` });
  assert.deepEqual([topics.length, pages], [1, 2]);
});

test('a cursor that no list gave is refused', () => {
  const scene = filled(1);
  scene.watch();
  const query = { search: '', prefix: 'site/', limit: 1 };
  assert.throws(() => scene.traffic.list({ ...query, cursor: '%%' }), { code: 'INVALID_CURSOR' });
  const elsewhere = Buffer.from('other').toString('base64url');
  assert.throws(() => scene.traffic.list({ ...query, cursor: elsewhere }), { code: 'INVALID_CURSOR' });
});

test('a feed brings the messages its filters match, in the order they came, each once', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const feed = scene.traffic.feed(['a/#', '+/x']);
  const client = scene.broker.connect('c');
  for (const topic of ['a/1', 'b/1', 'b/x', 'a/x']) client.publish(topic, topic);
  client.publish('a/r', 'kept', { retain: true, qos: 1 });
  scene.pass(100);
  const { messages, missed } = feed.take();
  assert.deepEqual(
    messages.map(({ topic, payload, retain, qos, publisher }) => [topic, payload.data, retain, qos, publisher]),
    [
      ['a/1', 'a/1', false, 0, 'c'],
      ['b/x', 'b/x', false, 0, 'c'],
      ['a/x', 'a/x', false, 0, 'c'],
      ['a/r', 'kept', true, 1, 'c'],
    ],
  );
  assert.equal(missed, 0);
  assert.deepEqual(feed.take(), { messages: [], missed: 0 });
  feed.end();
  client.publish('a/1', 'again');
  assert.deepEqual(feed.take().messages, []);
});

test('a feed shows each message of a short run', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const feed = scene.traffic.feed(['a']);
  const one = (text: string) => [0x30, 4, 0, 1, 97, ...textBytes(text)];
  scene.broker.connect('c', { version: 4 }).sendBytes(Uint8Array.from(['1', '2', '3'].flatMap(one)));
  assert.deepEqual(
    feed.take().messages.map(({ payload }) => payload.data),
    ['1', '2', '3'],
  );
});

test('of more messages than fit, a feed brings the newest and says how many it missed', () => {
  const scene = new Scene(new TestBroker());
  scene.watch();
  const feed = scene.traffic.feed(['#']);
  const client = scene.broker.connect('c');
  for (let i = 0; i < FEED_KEPT + 30; i++) client.publish('a', String(i));
  scene.pass(100);
  const { messages, missed } = feed.take();
  assert.deepEqual([messages.length, missed], [FEED_KEPT, 30]);
  assert.deepEqual([messages[0]!.payload.data, messages.at(-1)!.payload.data], ['30', String(FEED_KEPT + 29)]);
});

test('publishing says in words what became of it', () => {
  const scene = new Scene(new TestBroker());
  const publish = (topic: string, more: object = {}) =>
    scene.traffic.publish({ topic, payload: 'x', encoding: 'utf8', qos: 0, retain: false, ...more });
  assert.deepEqual(publish('a'), { reasonCode: 16, matched: false, message: 'Published; nobody subscribes to it.' });
  scene.broker.connect('s1').subscribe('a');
  scene.broker.connect('s2').subscribe('#');
  assert.equal(publish('a').message, 'Published; 2 subscribers.');
  assert.equal(publish('b', { retain: true }).message, 'Published and retained; 1 subscriber.');
  assert.equal(publish('b', { retain: true, payload: '' }).message, 'The retained message is deleted; 1 subscriber.');
});

test('publishing takes bytes in base64, properties, and nothing that is not allowed', () => {
  const scene = new Scene(new TestBroker());
  const publish = (topic: string, payload: string, encoding: 'utf8' | 'base64' = 'utf8') =>
    scene.traffic.publish({
      topic,
      payload,
      encoding,
      qos: 1,
      retain: true,
      messageExpiryInterval: 60,
      contentType: 'image/png',
    });
  publish('a', '/wA=', 'base64');
  assert.deepEqual([...scene.traffic.payload('a')!.bytes], [255, 0]);
  assert.deepEqual(scene.value('a').properties, { contentType: 'image/png', messageExpiryInterval: 60 });
  assert.throws(() => publish('a', '/wA', 'base64'), { code: 'INVALID_PAYLOAD' });
  assert.throws(() => publish('a/#', 'x'), { code: 'INVALID_TOPIC' });
  assert.throws(() => publish('$SYS/broker/version', 'x'), { code: 'TOPIC_RESERVED', status: 403 });
});
