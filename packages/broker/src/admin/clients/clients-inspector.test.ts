import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '@cauldron/core';
import { HeldStore, MemoryEngine, TestBroker, type TestBrokerOptions } from '@cauldron/testkit';
import { Inspection } from '../fixtures/inspection.ts';
import type { AccessSource, ExplainedClient } from '../ports.ts';
import { ApiProblem } from '../problem.ts';
import {
  type ClientsQuery,
  client as clientSchema,
  clientsPage,
  clientsQuery,
  eventsQuery,
  explainRequest,
  pageQuery,
} from '../schema/index.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

function scene(options: TestBrokerOptions = {}, access?: AccessSource, slice?: number) {
  const inspection = new Inspection();
  const broker = new TestBroker({ ...options, observer: inspection.observer });
  const { clients } = inspection.of(broker.core, access, slice);
  const list = (query: ClientsQuery = {}) => clients.list(clientsQuery.parse(query));
  const names = async (query: ClientsQuery = {}) => (await list(query)).items.map(({ clientId }) => clientId);
  return { broker, inspection, clients, list, names };
}

test('the list has everybody who is connected, and every session that waits', async () => {
  const { broker, list } = scene();
  broker.connect('here', { username: 'ann' }).subscribe('a/#');
  broker.connect('away', lasting).cut();
  const page = clientsPage.parse(await list());
  assert.deepEqual(
    page.items.map(({ clientId, state, username, verified, subscriptions, protocol, address, listener }) => [
      clientId,
      state,
      username,
      verified,
      subscriptions,
      protocol,
      address,
      listener,
    ]),
    [
      ['away', 'away', null, false, 0, '5.0', 'memory:1', 'memory'],
      ['here', 'connected', 'ann', true, 1, '5.0', 'memory:1', 'memory'],
    ],
  );
  assert.deepEqual([page.total, page.next], [2, null]);
});

test('protocol versions have the names people know', async () => {
  const { broker, list } = scene();
  for (const version of [3, 4, 5] as const) broker.connect(`v${version}`, { version });
  assert.deepEqual(
    (await list()).items.map(({ protocol }) => protocol),
    ['3.1', '3.1.1', '5.0'],
  );
});

test('a search finds parts of identifiers, user names and addresses, whatever the case', async () => {
  const { broker, names } = scene();
  broker.connect('Sensor/Küche');
  broker.connect('x', { username: 'SensorUser' });
  broker.open(5, '10.1.2.3:4444').connect('y');
  broker.connect('z');
  assert.deepEqual(await names({ search: 'sensor' }), ['Sensor/Küche', 'x']);
  assert.deepEqual(await names({ search: 'KÜCHE' }), ['Sensor/Küche']);
  assert.deepEqual(await names({ search: '10.1.2' }), ['y']);
  assert.deepEqual(await names({ search: 'nobody' }), []);
});

test('the state limits the list', async () => {
  const { broker, names } = scene();
  broker.connect('here');
  broker.connect('away', lasting).cut();
  assert.deepEqual(await names({ state: 'connected' }), ['here']);
  assert.deepEqual(await names({ state: 'away' }), ['away']);
});

test('the list is sorted by name, or by a number with the largest first', async () => {
  const { broker, names } = scene({ limits: { maxQueuedMessages: 2 } });
  const publisher = broker.connect('p');
  for (const [name, topics] of [
    ['a', 1],
    ['b', 3],
    ['c', 2],
  ] as const) {
    broker.advance(1000);
    const client = broker.connect(name, lasting);
    for (let i = 0; i < topics; i++) client.subscribe(`t/${i}`, { qos: 1 });
  }
  for (let i = 0; i < 3; i++) publisher.publish(`t/${i}`, 'x');
  assert.deepEqual(await names(), ['a', 'b', 'c', 'p']);
  assert.deepEqual(await names({ sort: 'sent' }), ['b', 'c', 'a', 'p']);
  assert.deepEqual(await names({ sort: 'received' }), ['p', 'a', 'b', 'c']);
  assert.deepEqual(await names({ sort: 'connectedAt' }), ['c', 'b', 'a', 'p']);
  for (const name of ['a', 'b', 'c']) broker.core.sessions.get(name)!.connection!.link.destroy();
  for (let i = 0; i < 3; i++) publisher.publish(`t/${i}`, 'x', { qos: 1 });
  assert.deepEqual(await names({ sort: 'queued' }), ['b', 'c', 'a', 'p']);
  assert.deepEqual((await names({ sort: 'dropped' }))[0], 'b', 'its queue takes two of three');
});

test('pages follow on each other by their cursors, and one of another order is refused', async () => {
  const { broker, list } = scene();
  for (let i = 0; i < 25; i++) broker.connect(`c${String(i).padStart(2, '0')}`);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 10, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.items.map(({ clientId }) => clientId));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual([seen.length, new Set(seen).size, seen.at(-1)], [25, 25, 'c24']);
  const first = await list({ limit: 10 });
  await assert.rejects(list({ sort: 'sent', cursor: first.next! }), (error) => error instanceof ApiProblem);
});

test('a hundred thousand sessions are listed in slices: the broker has its turn between them', async () => {
  const { broker, list } = scene();
  for (let i = 0; i < 100_000; i++) {
    const session = new Session(`client-${(i * 7919) % 100_000}`, broker.core.sessions, broker.core.options.limits);
    broker.core.sessions.restore(session);
  }
  for (const query of [{}, { search: '999', sort: 'queued' }] as const) {
    let turns = 0;
    let done = false;
    const listed = list(query);
    void listed.then(() => (done = true));
    while (!done) {
      turns += 1;
      await new Promise(setImmediate);
    }
    assert.ok(turns >= 100_000 / 2048, `${turns} turns`);
    const { items, total } = await listed;
    const expected = 'search' in query ? 280 : 100_000;
    assert.deepEqual([items.length, total], [100, expected]);
    assert.deepEqual(
      items.map(({ clientId }) => clientId),
      items.map(({ clientId }) => clientId).sort(),
    );
  }
});

test('clients that come and go while a list is made are no harm', async () => {
  const { broker, names } = scene({}, undefined, 10);
  const clients = Array.from({ length: 50 }, (_, i) => broker.connect(`c${i}`));
  const listed = names({ limit: 1000 });
  await new Promise(setImmediate);
  for (const client of clients.slice(0, 25)) client.cut();
  broker.connect('new');
  const seen = await listed;
  assert.equal(new Set(seen).size, seen.length);
  for (let i = 25; i < 50; i++) assert.ok(seen.includes(`c${i}`));
});

test('one client is told with all there is to know', () => {
  const { broker, clients } = scene();
  const client = broker.connect('c', {
    keepAlive: 60,
    username: 'ann',
    cleanStart: false,
    properties: { sessionExpiryInterval: 100, receiveMaximum: 7 },
    will: {
      topic: 'gone/c',
      payload: new TextEncoder().encode('bye'),
      qos: 1,
      retain: true,
      properties: { willDelayInterval: 5 },
    },
  });
  client.subscribe('a/#', { qos: 1, identifier: 9, noLocal: true, retainAsPublished: true });
  client.subscribe('$share/g/b', { qos: 0 });
  client.publish('x', 'hello');
  const told = clientSchema.parse(clients.get('c'));
  assert.deepEqual(told.will, {
    topic: 'gone/c',
    payload: { encoding: 'utf8', data: 'bye', size: 3, truncated: false },
    qos: 1,
    retain: true,
    delay: 5,
  });
  assert.deepEqual(told.subscriptionList, [
    { filter: 'a/#', qos: 1, noLocal: true, retainAsPublished: true, identifiers: [9], shareGroup: null },
    { filter: '$share/g/b', qos: 0, noLocal: false, retainAsPublished: false, identifiers: [], shareGroup: 'g' },
  ]);
  assert.deepEqual(
    [told.keepAlive, told.sessionExpiry, told.endsAt, told.durable, told.receiveMaximum, told.cleanStart],
    [60, 100, null, false, 7, false],
  );
  assert.deepEqual([told.received, told.sent, told.connectedAt, told.lastSeenAt], [1, 0, 1_000_000, 1_000_000]);
  assert.ok(told.bytesReceived > 60 && told.bytesSent > 10);
});

test('a client that went is told with its session, and with when it went and when that ends', () => {
  const { broker, clients } = scene();
  const client = broker.connect('c', { ...lasting, username: 'ann' });
  client.subscribe('t', { qos: 1 });
  broker.advance(5000);
  client.cut();
  broker.advance(5000);
  broker.connect('p').publish('t', 'hello', { qos: 1 });
  const told = clientSchema.parse(clients.get('c'));
  assert.deepEqual([told.state, told.username, told.queued, told.connectedAt], ['away', 'ann', 1, null]);
  assert.deepEqual([told.lastSeenAt, told.endsAt], [1_005_000, 2_005_000]);
  assert.ok(told.queuedBytes >= 5);
  assert.equal(clients.get('nobody'), null);
});

test('a session that never ends says so, and binary wills are told as such', () => {
  const { broker, clients } = scene({ mqtt: { sessionExpiryMaximum: 0xffffffff } });
  const client = broker.connect('c', {
    cleanStart: false,
    properties: { sessionExpiryInterval: 0xffffffff },
    will: { topic: 'w', payload: Uint8Array.of(0xff, 0xfe), qos: 0, retain: false, properties: undefined },
  });
  assert.equal(clients.get('c')!.sessionExpiry, null);
  assert.deepEqual(clients.get('c')!.will!.payload, { encoding: 'base64', data: '//4=', size: 2, truncated: false });
  client.cut();
  assert.equal(clients.get('c')!.endsAt, null);
});

test('a session of before the restart is told without what nobody knows of it', async () => {
  const engine = new MemoryEngine();
  const before = new TestBroker({ store: new HeldStore(engine) });
  const client = before.open(5);
  client.send({ type: 1, protocolVersion: 5, keepAlive: 0, clientId: 'c', username: 'ann', ...lasting });
  for (let i = 0; i < 3; i++) {
    before.settle();
    await Promise.resolve();
  }
  const { clients } = scene({ store: new HeldStore(engine) });
  const told = clientSchema.parse(clients.get('c'));
  assert.deepEqual([told.username, told.verified, told.durable, told.state], ['ann', true, true, 'away']);
  assert.deepEqual(
    [told.protocol, told.address, told.connectedAt, told.lastSeenAt, told.keepAlive],
    [null, null, null, null, null],
  );
});

test('roles and groups are those the rules give the client', () => {
  const access: AccessSource = {
    standing: ({ clientId, username }) => ({ roles: [`${username}-role`], groups: [clientId] }),
    explain: () => undefined,
  };
  const { broker, clients } = scene({}, access);
  broker.connect('c', { username: 'ann' });
  assert.deepEqual([clients.get('c')!.roles, clients.get('c')!.groups], [['ann-role'], ['c']]);
});

test('where the program decides itself, roles and groups are those of the login', () => {
  const rights = { key: 'k', roles: ['b', 'a'], groups: ['g'] };
  const { broker, clients } = scene({ authenticator: { authenticate: () => ({ outcome: 'accept', rights }) } });
  broker.connect('c');
  assert.deepEqual([clients.get('c')!.roles, clients.get('c')!.groups], [['a', 'b'], ['g']]);
});

test('all subscriptions are there page by page, by their filters', async () => {
  const { broker, clients } = scene();
  const client = broker.connect('c');
  for (let i = 0; i < 250; i++) client.subscribe(`t/${String((i * 37) % 250).padStart(3, '0')}`);
  assert.equal(clients.get('c')!.subscriptionList.length, 100);
  const first = (await clients.subscriptions('c', pageQuery.parse({ limit: 200 })))!;
  const second = (await clients.subscriptions('c', pageQuery.parse({ limit: 200, cursor: first.next! })))!;
  const filters = [...first.items, ...second.items].map(({ filter }) => filter);
  assert.deepEqual([filters.length, first.total, second.next], [250, 250, null]);
  assert.deepEqual(filters, [...filters].sort());
  assert.equal(await clients.subscriptions('nobody', pageQuery.parse({})), null);
});

test('a client that does not keep up is marked as slow, until it does', async () => {
  const { broker, list } = scene({ limits: { maxOutboundBytes: 100 } });
  const slow = broker.connect('slow');
  slow.subscribe('t');
  slow.link.reading = false;
  const publisher = broker.connect('p');
  for (let i = 0; i < 3; i++) publisher.publish('t', 'x'.repeat(200));
  const row = async () => (await list({ search: 'slow' })).items[0]!;
  assert.deepEqual([(await row()).slow, (await row()).dropped], [true, 2]);
  slow.link.drain();
  assert.equal((await row()).slow, false);
});

test('disconnecting tells the client why, the audit log first, and leaves an event', () => {
  const { broker, clients, inspection } = scene();
  const client = broker.connect('c', lasting);
  assert.equal(clients.disconnect('c', 0x98, 'maintenance', 'ann'), true);
  const said = client.take().at(-1);
  assert.deepEqual([said?.type, (said as { reasonCode: number }).reasonCode, client.closed], [14, 0x98, true]);
  assert.deepEqual(inspection.audit, [['disconnect', 'c', 'maintenance', 0x98, 'ann']]);
  assert.equal(inspection.events.of('c')[0]!.kind, 'kicked');
  assert.equal(clients.get('c')!.state, 'away', 'the session stays');
  assert.equal(clients.disconnect('c', 0x98, 'again', 'ann'), false);
  assert.equal(clients.disconnect('nobody', 0x98, 'x', null), false);
  assert.equal(inspection.audit.length, 1, 'what was not done is not noted');
});

test('discarding ends the session and its connection', () => {
  const { broker, clients, inspection } = scene();
  const client = broker.connect('c', lasting);
  client.subscribe('t');
  assert.equal(clients.discard('c', null), true);
  assert.deepEqual([client.closed, clients.get('c'), broker.core.router.subscriptions], [true, null, 0]);
  assert.deepEqual(inspection.audit, [['discard', 'c', null]]);
  assert.equal(clients.discard('c', null), false);
});

test('events are told newest first, a page at a time, of one client or of all, and of some kinds', () => {
  const { broker, clients } = scene();
  const [a, b] = [broker.connect('a'), broker.connect('b')];
  for (let i = 0; i < 5; i++) a.subscribe(`t/${i}`);
  b.disconnect();
  const events = (query: object) => clients.events(eventsQuery.parse(query));
  const first = events({ limit: 3 });
  assert.deepEqual(
    first.items.map(({ kind }) => kind),
    ['disconnected', 'subscribed', 'subscribed'],
  );
  a.subscribe('later');
  const second = events({ limit: 3, cursor: first.next });
  assert.deepEqual(
    second.items.map(({ topic }) => topic),
    ['t/2', 't/1', 't/0'],
    'what is new shifts nothing',
  );
  const last = events({ limit: 3, cursor: second.next });
  assert.deepEqual([last.items.map(({ kind }) => kind), last.next], [['connected', 'connected'], null]);
  assert.deepEqual(
    events({ clientId: 'b' }).items.map(({ kind }) => kind),
    ['disconnected', 'connected'],
  );
  assert.deepEqual(events({ kind: 'connected, disconnected' }).total, 3);
  assert.deepEqual(events({ clientId: 'nobody' }), { items: [], total: 0, next: null });
  assert.throws(() => events({ cursor: 'x' }), ApiProblem);
});

// ---- why something is refused

/** Rules that only note who asks. */
function asked(options: TestBrokerOptions = {}) {
  const seen: ExplainedClient[] = [];
  const answer = { allowed: true, lines: ['ALLOWED'], decidedBy: 'default', rules: [], roles: [], groups: [] } as const;
  const access: AccessSource = {
    standing: () => ({ roles: [], groups: [] }),
    explain: (client) => {
      seen.push(client);
      return { ...answer, lines: [...answer.lines], rules: [], roles: [], groups: [] };
    },
  };
  const { broker, clients } = scene(options, access);
  const explain = (request: object) =>
    clients.explain(explainRequest.parse({ action: 'receive', topic: 't', ...request }));
  return { broker, clients, explain, seen };
}

test('a client that is here is explained with the rights it has, also after it went', () => {
  const rights = { key: 'k', roles: ['r'], superuser: true };
  const { broker, explain, seen } = asked({
    authenticator: { authenticate: () => ({ outcome: 'accept', username: 'ann', rights }) },
  });
  const client = broker.connect('c', lasting);
  explain({ clientId: 'c' });
  client.cut();
  explain({ clientId: 'c' });
  for (const one of seen) {
    assert.deepEqual([one.clientId, one.username, one.verified, one.rights], ['c', 'ann', true, rights]);
  }
});

test('a client that is described is who the request says, its user taken as checked', () => {
  const { broker, explain, seen } = asked();
  broker.connect('c', { username: 'ann' });
  explain({ clientId: 'other' });
  explain({ clientId: 'other', username: 'bob', roles: ['r'], groups: ['g'] });
  explain({ clientId: 'c', username: 'bob' });
  explain({ clientId: 'c', roles: ['r'] });
  explain({});
  assert.deepEqual(
    seen.map(({ clientId, username, verified, rights }) => [
      clientId,
      username,
      verified,
      rights?.roles,
      rights?.groups,
    ]),
    [
      ['other', undefined, false, [], []],
      ['other', 'bob', true, ['r'], ['g']],
      ['c', 'bob', true, [], []],
      ['c', 'ann', true, ['r'], []],
      ['explained-client', undefined, false, [], []],
    ],
  );
});

test('what is no topic, or no filter, is refused with what is wrong about it', () => {
  const { explain } = asked();
  const wrong = [
    [{ action: 'publish', topic: 'a/#' }, /is no topic name: .*Correct it and ask again/],
    [{ action: 'receive', topic: 'a/+' }, /is no topic name/],
    [{ action: 'subscribe', topic: 'a/#/b' }, /is no topic filter/],
    [{ action: 'subscribe', topic: '$share/g' }, /is no topic filter/],
  ] as const;
  for (const [request, message] of wrong) {
    assert.throws(
      () => explain(request),
      (error) =>
        error instanceof ApiProblem &&
        error.status === 400 &&
        error.code === 'TOPIC_INVALID' &&
        message.test(error.message),
      JSON.stringify(request),
    );
  }
  explain({ action: 'subscribe', topic: '$share/g/a/#' });
});

test('nobody may publish below $SYS, whatever the rules say, and that is what is explained', () => {
  const { explain, seen } = asked();
  const told = explain({ action: 'publish', topic: '$SYS/broker/x' })!;
  assert.deepEqual([told.allowed, seen.length], [false, 0]);
  assert.match(told.lines.join('\n'), /^DENIED: .*\n.*belong to the broker/);
  explain({ action: 'receive', topic: '$SYS/broker/x' });
  assert.equal(seen.length, 1);
});
