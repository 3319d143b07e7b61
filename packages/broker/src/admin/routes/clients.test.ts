import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker } from '@cauldron/testkit';
import { Inspection } from '../fixtures/inspection.ts';
import { routesApp } from '../fixtures/routes-app.ts';
import type { AccessSource } from '../ports.ts';
import {
  client,
  clientsPage,
  eventsPage,
  explanation,
  history,
  overview,
  receiversPage,
  subscriptionsPage,
} from '../schema/index.ts';
import { clientsRoutes } from './clients.ts';
import { explainRoutes } from './explain.ts';
import { overviewRoutes } from './overview.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };
const explained = {
  allowed: true,
  lines: ['ALLOWED'],
  decidedBy: 'default' as const,
  rules: [],
  roles: ['r'],
  groups: [],
};
const rules: AccessSource = { standing: () => ({ roles: ['r'], groups: [] }), explain: () => explained };

function scene(access?: AccessSource) {
  const inspection = new Inspection();
  const broker = new TestBroker({ observer: inspection.observer });
  const services = inspection.of(broker.core, access);
  const app = routesApp(services, [overviewRoutes, clientsRoutes, explainRoutes], 'ann');
  const ask = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => {
    const response = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
    return { status: response.statusCode, body: response.json() };
  };
  return { broker, inspection, ask, get: (url: string) => ask('GET', url) };
}

/** Whatever MQTT takes as a client identifier. */
const IDENTIFIERS = [
  'plain',
  'a/b/c',
  '/',
  '//',
  'with.dots',
  '...',
  '100%',
  '%2F',
  '%',
  'a b+c',
  'Küche/💡',
  '?query#hash&=;',
  '"quotes\'',
  'back\\slash',
  'disconnect',
  'a/disconnect',
  'x/subscriptions',
  '__proto__',
  'x'.repeat(1024),
  'ü'.repeat(512),
];

test('a client is found by its identifier, URL-encoded, whatever characters it has', async () => {
  const { broker, get } = scene();
  for (const clientId of IDENTIFIERS) {
    broker.connect(clientId).subscribe(`t/${IDENTIFIERS.indexOf(clientId)}`);
    const path = `/clients/${encodeURIComponent(clientId)}`;
    const { status, body } = await get(path);
    assert.equal(status, 200, clientId);
    assert.equal(client.parse(body).clientId, clientId);
    const subscriptions = subscriptionsPage.parse((await get(`${path}/subscriptions`)).body);
    assert.deepEqual(
      subscriptions.items.map(({ filter }) => filter),
      [`t/${IDENTIFIERS.indexOf(clientId)}`],
    );
    const events = eventsPage.parse((await get(`/events?clientId=${encodeURIComponent(clientId)}`)).body);
    assert.deepEqual(
      events.items.map(({ kind }) => kind),
      ['subscribed', 'connected'],
      clientId,
    );
  }
  const all = clientsPage.parse((await get('/clients?limit=1000')).body);
  assert.deepEqual(new Set(all.items.map(({ clientId }) => clientId)), new Set(IDENTIFIERS));
});

test('a client is disconnected and its session discarded by its identifier, whatever characters it has', async () => {
  const { broker, inspection, ask } = scene();
  for (const clientId of IDENTIFIERS) {
    const connected = broker.connect(clientId, lasting);
    const path = `/clients/${encodeURIComponent(clientId)}`;
    assert.equal((await ask('POST', `${path}/disconnect`, { reason: 'tea' })).status, 200, clientId);
    assert.deepEqual([connected.closed, broker.core.sessions.get(clientId)?.away], [true, true], clientId);
    assert.equal((await ask('DELETE', path)).status, 200, clientId);
    assert.equal(broker.core.sessions.get(clientId), undefined, clientId);
  }
  assert.deepEqual(inspection.audit.slice(0, 2), [
    ['disconnect', 'plain', 'tea', 0x98, 'ann'],
    ['discard', 'plain', 'ann'],
  ]);
});

test('disconnecting without a body says that an administrator did it, with 0x98', async () => {
  const { broker, inspection, ask } = scene();
  broker.connect('c');
  const { body } = await ask('POST', '/clients/c/disconnect');
  assert.deepEqual(body, { message: "Client 'c' was disconnected: disconnected by an administrator" });
  assert.deepEqual(inspection.audit, [['disconnect', 'c', 'disconnected by an administrator', 0x98, 'ann']]);
});

test('a client that is not there is told so, with what to do', async () => {
  const { broker, ask, get } = scene();
  broker.connect('away', lasting).cut();
  for (const answer of [
    await get('/clients/nobody'),
    await get('/clients/nobody/subscriptions'),
    await ask('DELETE', '/clients/nobody'),
  ]) {
    assert.deepEqual([answer.status, answer.body.error.code], [404, 'NO_SUCH_CLIENT']);
    assert.match(answer.body.error.message, /'nobody'.*may have ended/);
  }
  const { status, body } = await ask('POST', '/clients/away/disconnect');
  assert.deepEqual([status, body.error.code], [404, 'NOT_CONNECTED']);
});

test('a reason code that is none of an end is refused', async () => {
  const { broker, ask } = scene();
  const connected = broker.connect('c');
  assert.equal((await ask('POST', '/clients/c/disconnect', { reasonCode: 0 })).status, 400);
  assert.equal((await ask('POST', '/clients/c/disconnect', { reson: 'x' })).status, 400);
  assert.equal(connected.closed, false);
});

test('lists take a search, a state, an order and a cursor, and refuse what they do not know', async () => {
  const { broker, get } = scene();
  for (const name of ['b', 'a', 'c']) broker.connect(name);
  const first = clientsPage.parse((await get('/clients?limit=2&sort=sent&state=connected&search=')).body);
  const second = clientsPage.parse((await get(`/clients?limit=2&sort=sent&cursor=${first.next}`)).body);
  assert.deepEqual(
    [...first.items, ...second.items].map(({ clientId }) => clientId),
    ['a', 'b', 'c'],
  );
  assert.equal((await get('/clients?cursor=nonsense')).body.error.code, 'INVALID_CURSOR');
  for (const query of ['limit=0', 'limit=1001', 'sort=size', 'state=gone']) {
    assert.equal((await get(`/clients?${query}`)).status, 400, query);
  }
});

test('events of some kinds are told', async () => {
  const { broker, get } = scene();
  broker.connect('c').disconnect();
  const { items } = eventsPage.parse((await get('/events?kind=disconnected')).body);
  assert.deepEqual(
    items.map(({ kind, message }) => [kind, message]),
    [['disconnected', 'It said goodbye']],
  );
});

test('the overview, its history and the health fit what the API says of them', async () => {
  const { broker, inspection, get } = scene();
  broker.connect('c');
  inspection.health.ok = false;
  inspection.health.findings.push({ code: 'store-full', message: 'no room', since: 5 });
  assert.equal(overview.parse((await get('/overview')).body).clients.connected, 1);
  assert.deepEqual(history.parse((await get('/metrics/history')).body), { samples: [] });
  const health = overview.shape.health.parse((await get('/health')).body);
  assert.deepEqual([health.ok, health.findings[0]?.code], [false, 'store-full']);
});

test('an explanation and receivers are told, and a wrong topic is refused with what is wrong', async () => {
  const { broker, ask, get } = scene(rules);
  broker.connect('c/1').subscribe('a/#', { qos: 1 });
  const answer = await ask('POST', '/explain', { action: 'publish', topic: 'a/b', clientId: 'c/1' });
  assert.deepEqual(explanation.parse(answer.body), explained);
  const wrong = await ask('POST', '/explain', { action: 'publish', topic: 'a/#' });
  assert.deepEqual([wrong.status, wrong.body.error.code], [400, 'TOPIC_INVALID']);
  const page = receiversPage.parse((await get(`/receivers?topic=${encodeURIComponent('a/b')}&qos=1`)).body);
  assert.deepEqual(
    page.items.map(({ clientId, qos }) => [clientId, qos]),
    [['c/1', 1]],
  );
  assert.equal((await get('/receivers?topic=a/%23')).body.error.code, 'TOPIC_INVALID');
  assert.equal((await get('/receivers?topic=a&qos=3')).status, 400);
});

test('where the program decides itself, there is nothing to explain', async () => {
  const { ask } = scene();
  const { status, body } = await ask('POST', '/explain', { action: 'publish', topic: 'a' });
  assert.deepEqual([status, body.error.code], [501, 'NO_RULES']);
});
