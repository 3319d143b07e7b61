import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker } from '@cauldron/testkit';
import { routesApp } from '../fixtures/routes-app.ts';
import { RetainedAdmin } from '../retained/retained-admin.ts';
import type { Graph, TopicRows, TopicValue } from '../schema/index.ts';
import { Traffic } from '../traffic/traffic.ts';
import { graphRoutes } from './graph.ts';
import { retainedRoutes } from './retained.ts';
import { topicsRoutes } from './topics.ts';

function scene() {
  const broker = new TestBroker();
  const { core } = broker;
  const traffic = new Traffic(core, () => core.now, { maxTopics: 1000 });
  const retained = new RetainedAdmin(core, () => core.now);
  const app = routesApp({ traffic, retained }, [topicsRoutes, retainedRoutes, graphRoutes], 'ann');
  const publish = (topic: string, payload: string | Uint8Array, retain = true): void =>
    client.publish(topic, payload, { retain });
  const client = broker.connect('device');
  const get = (url: string) => app.inject({ method: 'GET', url });
  const post = (url: string, body: object) => app.inject({ method: 'POST', url, body });
  return { broker, app, client, publish, get, post };
}

test('whoever asks for the tree first gets all that is retained at once, and live topics from then on', async () => {
  const { post, get, publish } = scene();
  publish('house/hall', '21');
  const first = (await post('/topics/view', {})).json<TopicRows>();
  assert.deepEqual([first.rows.map(({ path }) => path), first.total, first.searching], [['house'], 1, false]);
  publish('house/kitchen', '22', false);
  const open = (await post('/topics/view', { expanded: ['house'] })).json<TopicRows>();
  assert.deepEqual(
    open.rows.map(({ path, value }) => [path, value?.preview]),
    [
      ['house', undefined],
      ['house/hall', '21'],
      ['house/kitchen', '22'],
    ],
  );
  const page = (await get('/topics?limit=1')).json<{ items: TopicValue[]; next: string }>();
  const next = (await get(`/topics?limit=1&cursor=${page.next}`)).json<{ items: TopicValue[]; next: null }>();
  assert.deepEqual([page.items[0]!.topic, next.items[0]!.topic, next.next], ['house/hall', 'house/kitchen', null]);
});

test('a topic of which nothing is known is not found', async () => {
  const { get } = scene();
  for (const path of ['value', 'payload']) {
    const answer = await get(`/topics/${path}?topic=nowhere`);
    assert.deepEqual([answer.statusCode, answer.json().error.code], [404, 'NOT_FOUND']);
  }
});

test('a payload comes byte for byte, and nothing in it can run in the page', async () => {
  const { get, publish } = scene();
  const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0]);
  publish('image', png);
  publish('page', '<svg onload="alert(1)" xmlns="http://www.w3.org/2000/svg"/>');
  const image = await get('/topics/payload?topic=image');
  assert.deepEqual(new Uint8Array(image.rawPayload), png);
  assert.deepEqual([image.headers['content-type'], image.headers['content-disposition']], ['image/png', 'inline']);
  const page = await get('/topics/payload?topic=page');
  assert.equal(page.headers['content-type'], 'application/octet-stream');
  assert.match(String(page.headers['content-disposition']), /^attachment/);
  for (const { headers } of [image, page]) {
    assert.match(String(headers['content-security-policy']), /sandbox/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  }
});

test('a payload of which only the beginning was kept is not handed out as if it were whole', async () => {
  const { get, publish } = scene();
  await get('/topics');
  publish('long', 'x'.repeat(10_000), false);
  const answer = await get('/topics/payload?topic=long');
  assert.deepEqual([answer.statusCode, answer.json().error.code], [409, 'PAYLOAD_TRUNCATED']);
});

test('a message is published, deleted and brought back by requests', async () => {
  const { broker, post, get } = scene();
  const published = await post('/publish', { topic: 'a', payload: '1', retain: true });
  assert.deepEqual(published.json(), {
    reasonCode: 16,
    matched: false,
    message: 'Published and retained; nobody subscribes to it.',
  });
  const listed = (await get('/retained?filter=a')).json<{ items: { topic: string }[] }>();
  assert.deepEqual(listed.items, [{ topic: 'a', size: 1, qos: 0, publisher: null, expiresAt: null }]);
  const deleted = (await post('/retained/delete', { topic: 'a' })).json<{ count: number; undo: string }>();
  assert.deepEqual([deleted.count, broker.core.retained.count], [1, 0]);
  assert.deepEqual((await post('/retained/undo', { undo: deleted.undo })).json(), { restored: 1, skipped: 0 });
  assert.equal((await post('/publish', { topic: 'a/#' })).json().error.code, 'INVALID_TOPIC');
  assert.equal((await post('/publish', { topic: 'a', typo: 1 })).statusCode, 400);
});

test('the graph is there for pages and for scripts', async () => {
  const { get, post, publish } = scene();
  publish('a', '1');
  const asked = (await get('/graph?limit=20&filter=a')).json<Graph>();
  assert.deepEqual(asked.edges, [{ from: 'client:device', to: 'topic:a', rate: 0 }]);
  const posted = (await post('/graph', { limit: 20, open: [] })).json<Graph>();
  assert.deepEqual(posted.nodes.map(({ id }) => id).sort(), ['client:device', 'topic:a']);
});

test('what MQTT cannot carry is refused, and nothing is published', async () => {
  const { broker, post } = scene();
  const seen = broker.connect('seer');
  seen.subscribe('#');
  for (const [more, code] of [
    [{ messageExpiryInterval: 2 ** 32 }, 'VALIDATION_FAILED'],
    [{ contentType: 'x'.repeat(65_536) }, 'VALIDATION_FAILED'],
    [{ contentType: '€'.repeat(30_000) }, 'INVALID_PROPERTY'],
    [{ contentType: '\ud800' }, 'INVALID_PROPERTY'],
    [{ contentType: 'a\0b' }, 'INVALID_PROPERTY'],
    [{ payload: '\ud800' }, 'INVALID_PAYLOAD'],
    [{ topic: '\ud800' }, 'INVALID_TOPIC'],
  ] as const) {
    const answer = await post('/publish', { topic: 'a', ...more });
    assert.deepEqual([answer.statusCode, answer.json().error.code], [400, code], JSON.stringify(more).slice(0, 100));
  }
  const longest = await post('/publish', { topic: 'a', messageExpiryInterval: 2 ** 32 - 1, contentType: 'x' });
  assert.equal(longest.statusCode, 200);
  assert.equal(seen.takeMessages().length, 1);
});

test('a graph of what is no topic filter is refused', async () => {
  const { get, post } = scene();
  for (const answer of [await get('/graph?filter=a/%23/b'), await post('/graph', { filter: 'a/#/b' })]) {
    assert.deepEqual([answer.statusCode, answer.json().error.code], [400, 'FILTER_INVALID']);
  }
});
