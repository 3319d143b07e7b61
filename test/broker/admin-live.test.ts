// Live data of the dashboard over real connections: what a page shows, as it changes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from '@cauldron/client';
import { type ApiServer, basic, LiveReader, openApi, startApi, usersIn } from '../support/admin-api.ts';
import { until } from '../support/broker.ts';

async function page(t: TestContext, server: ApiServer) {
  const live = await LiveReader.open(t, server.port);
  const { stream } = await live.next('hello');
  const show = async (interest: object) => {
    const answer = await server.ask(`live/${stream}`, { method: 'PUT', body: interest });
    assert.equal(answer.status, 204, answer.text);
  };
  return { live, show, stream };
}

/** The MQTT side, on a listener of its own. */
const listeners = [
  { port: 0, webSocket: {} },
  { name: 'mqtt', port: 0 },
];

async function client(t: TestContext, { broker }: ApiServer, clientId: string) {
  const { url } = broker.addresses.find(({ name }) => name === 'mqtt')!;
  const connected = await connect(url, { clientId, reconnect: false });
  t.after(() => connected.end());
  return connected;
}

test('values, messages, topics, clients and numbers come as they change, each where it is asked for', async (t) => {
  const server = await startApi(t, { listeners });
  const sensor = await client(t, server, 'sensor');
  const { live, show } = await page(t, server);
  assert.equal(live.response.headers['content-type'], 'text/event-stream; charset=utf-8');
  await sensor.publish('house/kitchen', '20', { retain: true, qos: 1 });
  await show({
    values: ['house/kitchen'],
    feed: ['house/#'],
    topics: {},
    clients: {},
    client: 'sensor',
    overview: true,
  });
  const value = await live.next('values');
  assert.deepEqual([value.values[0].topic, value.values[0].payload.data], ['house/kitchen', '20']);
  await live.next('topics', ({ rows }) => rows.length === 1 && rows[0].path === 'house');
  await live.next('clients', ({ items }) => items[0]?.clientId === 'sensor');
  const { events } = await live.next('client', (data) => data.client !== null);
  assert.equal(events.at(-1).kind, 'connected');
  await live.next('overview', ({ clients }) => clients.connected === 1);
  await sensor.publish('house/kitchen', '21', { qos: 1 });
  await live.next('values', ({ values }) => values[0].payload.data === '21');
  await live.next('feed', ({ messages }) => messages.at(-1).payload.data === '21');
  await sensor.end();
  await live.next('overview', ({ clients }) => clients.connected === 0);
});

test('the traffic is watched only once a page shows some of it', async (t) => {
  const server = await startApi(t, { listeners });
  const { router } = server.broker.core;
  const { show } = await page(t, server);
  await show({ overview: true, clients: {} });
  assert.equal(router.tap, null);
  await show({ values: ['a'] });
  assert.notEqual(router.tap, null);
});

test('what a page may not ask for is refused, and what it showed before stays', async (t) => {
  const server = await startApi(t, { listeners });
  const { live, show, stream } = await page(t, server);
  await show({ overview: true });
  for (const interest of [
    { feed: ['a/#/b'] },
    { graph: { filter: '' } },
    { values: [''] },
    { values: Array.from({ length: 501 }, (_, index) => `t${index}`) },
    { feed: Array.from({ length: 21 }, () => '#') },
    { nonsense: true },
  ]) {
    const answer = await server.ask(`live/${stream}`, { method: 'PUT', body: interest });
    assert.equal(answer.status, 400, JSON.stringify(interest));
  }
  const large = {
    topics: {
      expanded: ['x'.repeat(60_000), 'y'.repeat(60_000), 'z'.repeat(60_000), 'a'.repeat(60_000), 'b'.repeat(60_000)],
    },
  };
  assert.equal((await server.ask(`live/${stream}`, { method: 'PUT', body: large })).status, 413);
  await live.next('overview');
  assert.equal((await server.ask('live/nonsense', { method: 'PUT', body: {} })).body.error.code, 'STREAM_GONE');
});

test('a stream belongs to the session that opened it', async (t) => {
  const { config } = await usersIn(t, ['ann']);
  const server = await startApi(t, config);
  const [one, two] = [await server.login('ann'), await server.login('ann')];
  const live = await LiveReader.open(t, server.port, { cookie: one.cookie });
  const { stream } = await live.next('hello');
  const body = { overview: true };
  assert.equal((await two.ask(`live/${stream}`, { method: 'PUT', body })).status, 404);
  assert.equal((await one.ask(`live/${stream}`, { method: 'PUT', body })).status, 204);
  await live.next('overview');
});

test('so many pages of one address are open, and one that closes makes room', async (t) => {
  const server = await startApi(t, { dashboard: { maxStreamsPerAddress: 2, maxStreams: 3 }, sys: { interval: 0.1 } });
  const counted = new Map<string, string>();
  server.broker.subscribe('$SYS/broker/guard/dashboard/#', ({ topic, payload }) => {
    counted.set(topic.slice('$SYS/broker/guard/dashboard/'.length), new TextDecoder().decode(payload));
  });
  const first = await LiveReader.open(t, server.port);
  await LiveReader.open(t, server.port);
  const refused = await server.ask('live');
  assert.deepEqual([refused.status, refused.body.error.code], [503, 'TOO_MANY_STREAMS']);
  await until('$SYS says so', () => counted.get('streams') === '2' && counted.get('streams/refused') === '1');
  first.response.destroy();
  await until('room', () => first.ended);
  await LiveReader.open(t, server.port);
});

test('only a GET opens a stream', async (t) => {
  const server = await startApi(t);
  const head = await server.ask('live', { method: 'HEAD' });
  assert.equal(head.status, 404);
});

test('a broker that stops ends its streams at once', async (t) => {
  const server = await startApi(t);
  const { live } = await page(t, server);
  const begun = performance.now();
  await server.broker.close();
  await live.end();
  assert.ok(performance.now() - begun < 1500, 'it waits for no page');
});

test('who is gone before its login was checked takes no stream from others', async (t) => {
  const { config } = await usersIn(t, ['ann'], { dashboard: { maxStreams: 1 } });
  const server = await startApi(t, config);
  const head = `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`;
  for (let i = 0; i < 5; i++) {
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.write(`${head}Authorization: ${basic('ann').authorization}\r\n\r\n`, () => socket.resetAndDestroy());
    await once(socket, 'close');
  }
  await server.ask('overview', { headers: basic('ann') });
  const live = await LiveReader.open(t, server.port, basic('ann'));
  assert.ok((await live.next('hello')).stream);
});

test('streams asked for on one connection, one behind the other, end with it', async (t) => {
  const server = await startApi(t, { dashboard: { maxStreams: 3 } });
  const head = `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`;
  const socket = connectTcp(server.port, '127.0.0.1');
  socket.write(head.repeat(3));
  await once(socket, 'data');
  const comes = async (status: number): Promise<boolean> => {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const answer = await openApi(server.port, 'live', {});
      answer.on('error', () => undefined).destroy(); // a stream has no end of its own
      if (answer.statusCode === status) return true;
    }
    return false;
  };
  assert.ok(await comes(503), 'all of them are open');
  socket.resetAndDestroy();
  assert.ok(await comes(200), 'there is room for others');
});
