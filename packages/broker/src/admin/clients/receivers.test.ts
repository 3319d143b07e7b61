import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Subscription } from '@cauldron/core';
import { PacketType } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions } from '@cauldron/testkit';
import { Inspection } from '../fixtures/inspection.ts';
import { ApiProblem } from '../problem.ts';
import { type Receiver, receiversPage, receiversQuery } from '../schema/index.ts';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

function scene(options: TestBrokerOptions = {}) {
  const inspection = new Inspection();
  const broker = new TestBroker({ ...options, observer: inspection.observer });
  const { clients } = inspection.of(broker.core);
  const ask = async (topic: string, query: object = {}) =>
    receiversPage.parse(await clients.receivers(receiversQuery.parse({ topic, ...query })));
  return { broker, ask };
}

const told = ({ clientId, outcome, note }: Receiver) => [clientId, outcome, note];

test('everybody who would get it is listed by name, at the lower of both QoS, with the filters that match', async () => {
  const { broker, ask } = scene();
  const b = broker.connect('b', { username: 'bob' });
  b.subscribe('a/+', { qos: 1 });
  b.subscribe('#', { qos: 0 });
  b.subscribe('other/#');
  broker.connect('a').subscribe('a/x', { qos: 2 });
  broker.connect('c').subscribe('b/#');
  const page = await ask('a/x', { qos: '2' });
  assert.deepEqual(page.items, [
    {
      clientId: 'a',
      state: 'connected',
      username: null,
      qos: 2,
      filters: ['a/x'],
      shareGroup: null,
      outcome: 'sent',
      note: 'connected, will get it at QoS 2',
    },
    {
      clientId: 'b',
      state: 'connected',
      username: 'bob',
      qos: 1,
      filters: ['#', 'a/+'],
      shareGroup: null,
      outcome: 'sent',
      note: 'connected, will get it at QoS 1',
    },
  ]);
  assert.deepEqual([page.total, page.denied, page.retained], [2, 0, false]);
  assert.deepEqual(
    (await ask('a/x', { qos: '0' })).items.map(({ qos }) => qos),
    [0, 0],
  );
});

test('asking changes nothing: no topic is kept, no message sent, no turn of a share group taken', async () => {
  const { broker, ask } = scene();
  const [a, b] = [broker.connect('a'), broker.connect('b')];
  for (const client of [a, b]) client.subscribe('$share/g/t', { qos: 0 });
  const topics = broker.core.router.topics.size;
  for (let i = 0; i < 3; i++) await ask('t');
  assert.equal(broker.core.router.topics.size, topics);
  const publisher = broker.connect('p');
  publisher.publish('t', '1');
  publisher.publish('t', '2');
  assert.deepEqual([a.takeMessages().length, b.takeMessages().length], [1, 1]);
});

test('who is away gets QoS 1 and 2 from its session, and QoS 0 only where the configuration says so', async () => {
  const { broker, ask } = scene();
  const away = broker.connect('away', lasting);
  away.subscribe('t', { qos: 2 });
  away.cut();
  assert.deepEqual((await ask('t', { qos: '1' })).items.map(told), [
    ['away', 'queued', 'away: it waits in its session'],
  ]);
  broker.connect('p').publish('t', 'x', { qos: 1 });
  assert.deepEqual((await ask('t', { qos: '1' })).items.map(told), [
    ['away', 'queued', 'away: it waits in its session (1 waiting)'],
  ]);
  assert.deepEqual((await ask('t', { qos: '0' })).items.map(told), [
    ['away', 'dropped', 'away, and QoS 0 does not wait unless mqtt.queueQos0 says so'],
  ]);
  const keeping = scene({ mqtt: { queueQos0: true } });
  const other = keeping.broker.connect('away', lasting);
  other.subscribe('t', { qos: 2 });
  other.cut();
  assert.equal((await keeping.ask('t', { qos: '0' })).items[0]!.outcome, 'queued');
});

test('a full queue drops it, drops the oldest for it, or refuses it, as the configuration says', async () => {
  for (const [queueFull, outcome, note] of [
    ['drop-newest', 'dropped', /its queue is full \(2 messages, .* bytes\): it is dropped/],
    ['drop-oldest', 'queued', /its queue is full .*: the oldest message is dropped for it/],
    ['refuse', 'dropped', /its queue is full .*: its publisher is told, and nobody gets it/],
  ] as const) {
    const { broker, ask } = scene({ limits: { maxQueuedMessages: 2, queueFull } });
    const away = broker.connect('away', lasting);
    away.subscribe('t', { qos: 1 });
    away.cut();
    const publisher = broker.connect('p');
    for (let i = 0; i < 2; i++) publisher.publish('t', 'x', { qos: 1 });
    const [receiver] = (await ask('t')).items;
    assert.equal(receiver!.outcome, outcome);
    assert.match(receiver!.note, note);
    publisher.publish('t', 'x', { qos: 1 });
    assert.equal(broker.core.metrics.droppedQueueFull, queueFull === 'refuse' ? 0 : 1, 'and so it was');
  }
});

test('a client that is behind gets QoS 0 not at all, and the rest later', async () => {
  const { broker, ask } = scene({ limits: { maxOutboundBytes: 100 } });
  const slow = broker.connect('slow');
  slow.subscribe('t', { qos: 1 });
  slow.link.reading = false;
  const publisher = broker.connect('p');
  publisher.publish('t', 'x'.repeat(200));
  const [atOnce] = (await ask('t', { qos: '0' })).items;
  assert.deepEqual(told(atOnce!), [
    'slow',
    'dropped',
    'it does not read as fast as it is sent to, so QoS 0 is left out',
  ]);
  const [later] = (await ask('t', { qos: '1' })).items;
  assert.deepEqual(told(later!), ['slow', 'queued', 'connected, and behind: it waits in its session']);
  publisher.publish('t', 'x');
  publisher.publish('t', 'x', { qos: 1 });
  assert.deepEqual([broker.core.metrics.droppedSlowConsumer, broker.core.metrics.queuedMessages], [1, 1]);
});

test('a full window makes it wait for an acknowledgement', async () => {
  const { broker, ask } = scene();
  const client = broker.connect('c', { properties: { receiveMaximum: 1 } });
  client.subscribe('t', { qos: 1 });
  const publisher = broker.connect('p');
  publisher.publish('t', 'x', { qos: 1 });
  assert.deepEqual((await ask('t', { qos: '1' })).items.map(told), [
    ['c', 'queued', 'connected: it waits until the client acknowledges what is in flight (1 message)'],
  ]);
  client.ack(PacketType.puback, client.takeMessages()[0]!.packetId);
  assert.equal((await ask('t', { qos: '1' })).items[0]!.outcome, 'sent');
});

test('all members of a share group are listed with it, and a client in two ways is listed twice', async () => {
  const { broker, ask } = scene();
  const a = broker.connect('a');
  a.subscribe('$share/g/t/#', { qos: 1 });
  a.subscribe('t/1', { qos: 2 });
  broker.connect('b').subscribe('$share/g/t/#', { qos: 0 });
  const page = await ask('t/1');
  assert.deepEqual(
    page.items.map(({ clientId, shareGroup, qos, filters, note }) => [clientId, shareGroup, qos, filters, note]),
    [
      ['a', null, 2, ['t/1'], 'connected, will get it at QoS 2'],
      ['a', 'g', 1, ['$share/g/t/#'], "connected, will get it at QoS 1, where it is its turn in the group 'g'"],
      ['b', 'g', 0, ['$share/g/t/#'], "connected, will get it at QoS 0, where it is its turn in the group 'g'"],
    ],
  );
});

test('a publisher that wants nothing of its own gets nothing of its own', async () => {
  const { broker, ask } = scene();
  const a = broker.connect('a');
  a.subscribe('t', { qos: 2, noLocal: true });
  broker.connect('b').subscribe('t', { noLocal: true });
  const names = async (publisher?: string) => (await ask('t', { publisher })).items.map(({ clientId }) => clientId);
  assert.deepEqual([await names(), await names('a'), await names('b')], [['a', 'b'], ['b'], ['a']]);
  a.subscribe('#', { qos: 1 });
  assert.deepEqual((await ask('t', { publisher: 'a' })).items[0]!.qos, 1, 'what it did not say that of remains');
});

test('who may not receive it is counted, and not listed', async () => {
  const authorizer = {
    authorizePublish: () => true as const,
    authorizeSubscribe: () => true as const,
    authorizeReceive: ({ clientId }: { clientId: string }) => !clientId.startsWith('denied'),
    epoch: 1,
  };
  const { broker, ask } = scene({ authorizer });
  for (const name of ['denied1', 'ok', 'denied2']) broker.connect(name).subscribe('t');
  broker.connect('denied3').subscribe('$share/g/t');
  const page = await ask('t');
  assert.deepEqual([page.items.map(({ clientId }) => clientId), page.total, page.denied], [['ok'], 1, 3]);
});

test('subscriptions of the program are told as local', async () => {
  const { broker, ask } = scene();
  const local = { deliver: () => {}, deliverRun: () => false, ready: true };
  broker.core.router.add('#', new Subscription(local, { qos: 1 }));
  assert.deepEqual(
    (await ask('t')).items.map(({ clientId, state, outcome }) => [clientId, state, outcome]),
    [[null, 'local', 'sent']],
  );
});

test('a retained message is told while it is valid', async () => {
  const { broker, ask } = scene();
  broker.connect('p').publish('t', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
  assert.equal((await ask('t')).retained, true);
  broker.advance(10_500);
  assert.equal((await ask('t')).retained, false);
});

test('receivers are told a page at a time', async () => {
  const { broker, ask } = scene();
  for (let i = 0; i < 25; i++) broker.connect(`c${String((i * 7) % 25).padStart(2, '0')}`).subscribe('t/#');
  const seen: (string | null)[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await ask('t/1', { limit: '10', ...(cursor === undefined ? {} : { cursor }) });
    assert.equal(page.total, 25);
    seen.push(...page.items.map(({ clientId }) => clientId));
    cursor = page.next;
  } while (cursor !== null);
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => `c${String(i).padStart(2, '0')}`),
  );
});

test('a client with thousands of filters is told with the ten that count, without looking at each', async () => {
  const { broker, ask } = scene();
  const client = broker.connect('c');
  for (let i = 0; i < 5000; i++) client.subscribe(`other/${i}`);
  const levels = ['a', 'b', 'c', 'd'];
  for (let bits = 0; bits < 16; bits++)
    client.subscribe(levels.map((level, i) => ((bits >> i) & 1 ? '+' : level)).join('/'));
  const subscriptions = broker.core.sessions.get('c')!.subscriptions!;
  let looked = 0;
  subscriptions.has = (filter: string) => {
    looked += 1;
    return Map.prototype.has.call(subscriptions, filter);
  };
  const [receiver] = (await ask('a/b/c/d')).items;
  assert.equal(receiver!.filters.length, 10);
  assert.ok(looked <= 16, `${looked} filters`);
});

test('a topic with wildcards is refused', async () => {
  const { ask } = scene();
  await assert.rejects(ask('a/#'), (error) => error instanceof ApiProblem && error.code === 'TOPIC_INVALID');
});
