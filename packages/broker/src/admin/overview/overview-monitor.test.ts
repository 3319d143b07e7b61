import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions } from '@cauldron/testkit';
import { Inspection } from '../fixtures/inspection.ts';
import { history as historySchema, overview as overviewSchema } from '../schema/index.ts';

function scene(options: TestBrokerOptions = {}) {
  const inspection = new Inspection();
  const broker = new TestBroker({ ...options, observer: inspection.observer });
  const { overview } = inspection.of(broker.core);
  /** Time goes by as in a server. */
  const pass = (milliseconds: number) => {
    for (let left = milliseconds; left > 0; left -= 250) {
      broker.advance(Math.min(250, left));
      overview.tick(broker.core.now);
    }
  };
  const finding = (code: string) => overview.overview().health.findings.find((one) => one.code === code);
  return { broker, inspection, overview, pass, finding };
}

test('a broker that has just started has an overview, whose rates are zero', () => {
  const { overview } = scene();
  const { current, health, clients } = overviewSchema.parse(overview.overview());
  assert.deepEqual([current.publishIn, current.cpu, health.findings, clients.connected], [0, 0, [], 0]);
});

test('a sample is taken each second, with rates of that second', () => {
  const { broker, overview, pass } = scene();
  const publisher = broker.connect('p');
  broker.connect('s').subscribe('t');
  pass(1000);
  for (let i = 0; i < 30; i++) publisher.publish('t', 'x');
  pass(1000);
  pass(1000);
  const { samples } = historySchema.parse(overview.history());
  assert.deepEqual(
    samples.map(({ at, publishIn, publishOut, clients, subscriptions }) => [
      at,
      publishIn,
      publishOut,
      clients,
      subscriptions,
    ]),
    [
      [1_001_000, 0, 0, 2, 1],
      [1_002_000, 30, 30, 2, 1],
      [1_003_000, 0, 0, 2, 1],
    ],
  );
  assert.ok(samples[1]!.bytesIn >= 30 * 6 && samples[1]!.bytesOut >= 30 * 6);
});

test('a second that took three counts a third of what came in it', () => {
  const { broker, overview } = scene();
  const publisher = broker.connect('p');
  for (let i = 0; i < 30; i++) publisher.publish('t', 'x');
  broker.advance(3000);
  overview.tick(broker.core.now);
  assert.equal(overview.history().samples.at(-1)!.publishIn, 10);
});

test('ten minutes are kept, the oldest first', () => {
  const { overview, pass } = scene();
  pass(700_000);
  const { samples } = overview.history();
  assert.equal(samples.length, 600);
  assert.deepEqual([samples[0]!.at, samples.at(-1)!.at], [1_101_000, 1_700_000]);
});

test('processor time, memory, the delay of the loop and commits come from the process and the store', () => {
  const { inspection, overview, pass } = scene();
  inspection.process.reading = { residentMemory: 7, heapUsed: 5, cpu: 250, loopDelayP99: 2, loopDelayMax: 9 };
  inspection.store.stats = { commits: 12, roundTrip: { p50: 1.234, p99: 5, max: 8 } };
  pass(1000);
  const { current, store, memory } = overview.overview();
  assert.deepEqual([current.cpu, current.loopDelayP99, current.loopDelayMax], [0.25, 2, 9]);
  assert.deepEqual([current.residentMemory, memory.resident, memory.limit, memory.pressure], [7, 7, 1e9, 'none']);
  assert.deepEqual([current.commitP50, current.commitP99], [1.23, 5]);
  assert.deepEqual(store, { folder: '/data', state: 'ok', commits: 12, commitP50: 1.23, commitP99: 5, commitMax: 8 });
});

test('what waits and what is in flight is counted for all clients', () => {
  const { broker, overview, pass } = scene();
  const away = broker.connect('away', { cleanStart: false, properties: { sessionExpiryInterval: 100 } });
  away.subscribe('t', { qos: 1 });
  away.cut();
  broker.connect('here').subscribe('t', { qos: 1 });
  broker.connect('p').publish('t', 'hello', { qos: 1 });
  pass(1000);
  const { queue, current, clients } = overview.overview();
  assert.deepEqual([queue.messages, queue.inflight, current.queued, current.inflight], [1, 1, 1, 1]);
  assert.ok(queue.bytes > 0);
  assert.deepEqual(clients, { connected: 2, sessions: 3, maximum: 2 });
});

test("retained messages are those of clients, not the broker's own below $SYS", () => {
  const { broker, overview } = scene();
  broker.core.publishSystem('$SYS/broker/version', new Uint8Array(5));
  broker.connect('p').publish('t', 'x', { retain: true });
  assert.equal(overview.overview().retained.count, 1);
});

test('drops are told by reason, since the start and in the last minute', () => {
  const { broker, overview, pass } = scene();
  const away = broker.connect('away', { cleanStart: false, properties: { sessionExpiryInterval: 1000 } });
  away.subscribe('t', { qos: 0 });
  away.cut();
  const publisher = broker.connect('p');
  publisher.publish('t', 'x');
  pass(90_000);
  publisher.publish('t', 'x');
  pass(1000);
  const of = (reason: string) => overview.overview().drops.find((one) => one.reason === reason);
  assert.deepEqual(of('offline'), { reason: 'offline', total: 2, lastMinute: 1 });
  assert.deepEqual(of('lost'), { reason: 'lost', total: 0, lastMinute: 0 });
  assert.equal(overview.overview().drops.length, 9);
});

test('clients that are too slow are a finding, from their first second to a minute after their last', () => {
  const { broker, pass, finding, overview } = scene({ limits: { maxOutboundBytes: 100 } });
  const publisher = broker.connect('p');
  const slow = ['s1', 's2', 's3'].map((name) => {
    const client = broker.connect(name);
    client.subscribe('t');
    client.link.reading = false;
    return client;
  });
  publisher.publish('t', 'x'.repeat(200));
  pass(1000);
  assert.equal(finding('slow-consumers'), undefined);
  const since = broker.core.now + 1000;
  for (let second = 0; second < 90; second++) {
    publisher.publish('t', 'x');
    pass(1000);
  }
  const found = finding('slow-consumers')!;
  assert.match(found.message, /^3 clients dropped messages in the last minute: too slow \(1\d\d messages\)$/);
  assert.deepEqual([found.since, new Set(found.clients)], [since, new Set(['s1', 's2', 's3'])]);
  assert.equal(overview.overview().health.ok, true, 'the broker itself does all it should');
  for (const client of slow) client.cut();
  pass(61_000);
  assert.equal(finding('slow-consumers'), undefined);
});

test('a client that goes on being too slow is still found after its first minute', () => {
  const { broker, pass, finding } = scene({ limits: { maxOutboundBytes: 100 } });
  const publisher = broker.connect('p');
  const slow = broker.connect('s');
  slow.subscribe('t');
  slow.link.reading = false;
  publisher.publish('t', 'x'.repeat(200));
  for (let second = 0; second < 200; second++) {
    publisher.publish('t', 'x');
    pass(1000);
  }
  assert.deepEqual(finding('slow-consumers')?.clients, ['s']);
});

test('queues that are full, refused logins, bans, rate limits, wrong packets and silence are found', () => {
  const limits = { maxQueuedMessages: 1, maxMessageRate: 1, maxReconnects: 1 };
  const authenticator = {
    authenticate: ({ clientId }: { clientId: string }) =>
      clientId === 'stranger'
        ? ({ outcome: 'refuse', reasonCode: 0x86, reasonString: 'wrong password' } as const)
        : ({ outcome: 'accept' } as const),
  };
  const { broker, pass, finding, overview } = scene({ limits, authenticator });
  const away = broker.connect('away', { cleanStart: false, properties: { sessionExpiryInterval: 100 } });
  away.subscribe('t', { qos: 1 });
  away.cut();
  const publisher = broker.connect('p');
  for (let i = 0; i < 3; i++) publisher.publish('t', 'x', { qos: 1 });
  broker.open(5).tryConnect('stranger');
  broker.connect('silent', { keepAlive: 1 });
  broker.connect('wrong').sendBytes(Uint8Array.of(0xf0, 0x00, 0x00));
  broker.connect('wrong2').sendBytes(Uint8Array.of(0x36, 0x03, 0x00, 0x01, 0x61));
  for (let i = 0; i < 5; i++) broker.open(5).tryConnect('hasty');
  pass(3000);
  const codes = overview.overview().health.findings.map(({ code }) => code);
  assert.deepEqual(
    new Set(codes),
    new Set(
      [
        'full-queues',
        'refused-logins',
        'banned-clients',
        'throttled-clients',
        'protocol-errors',
        'silent-clients',
        'shared-client-id',
      ].filter((code) => codes.includes(code) || code !== 'shared-client-id'),
    ),
  );
  assert.deepEqual(finding('full-queues')?.clients, ['away']);
  assert.deepEqual(finding('refused-logins')?.clients, ['stranger']);
  assert.deepEqual(finding('silent-clients')?.clients, ['silent']);
  assert.deepEqual(finding('throttled-clients')?.clients, ['p']);
});

test('two clients with one identifier are found', () => {
  const { broker, pass, finding } = scene();
  for (let i = 0; i < 5; i++) broker.connect('both');
  pass(1000);
  assert.deepEqual(finding('shared-client-id')?.clients, ['both']);
});

test('what the health monitor found comes first, with how bad it is, and makes the broker not ok', () => {
  const { inspection, overview, broker, pass } = scene();
  inspection.health.ok = false;
  inspection.health.findings.push({ code: 'store-full', message: 'no room', since: 5 });
  inspection.health.findings.push({ code: 'anonymous-exposed', message: 'everybody may', since: 6 });
  for (let i = 0; i < 5; i++) broker.connect('both');
  pass(1000);
  const { ok, findings } = overview.overview().health;
  assert.equal(ok, false);
  assert.deepEqual(
    findings.map(({ code, severity, since }) => [code, severity, since]),
    [
      ['store-full', 'error', 5],
      ['anonymous-exposed', 'warning', 6],
      ['shared-client-id', 'warning', 1_001_000],
    ],
  );
});

test('a slow store is found while it is written to, and not a minute later', () => {
  const { inspection, pass, finding } = scene();
  pass(1000);
  inspection.store.stats = { commits: 10, roundTrip: { p50: 90, p99: 140, max: 200 } };
  pass(1000);
  assert.match(finding('slow-store')?.message ?? '', /140 ms/);
  pass(61_000);
  assert.equal(finding('slow-store'), undefined);
});

test('closing ends the measuring of the process', () => {
  const { inspection, overview } = scene();
  overview.close();
  assert.equal(inspection.process.closed, true);
});

test('a malformed packet is counted in the totals', () => {
  const { broker, overview } = scene();
  broker
    .connect('c')
    .send({ type: PacketType.connect, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientId: 'c' });
  assert.equal(overview.overview().totals.protocolErrors, 1);
});

test('what the start keeps busy is no finding, and what comes later is', () => {
  const { inspection, pass, finding, overview } = scene();
  inspection.process.reading = { ...inspection.process.reading, loopDelayMax: 800 };
  pass(5000);
  inspection.process.reading = { ...inspection.process.reading, loopDelayMax: 0 };
  pass(1000);
  assert.equal(finding('late-loop'), undefined);
  assert.equal(overview.history().samples[0]!.loopDelayMax, 800, 'the chart has it');
  inspection.process.reading = { ...inspection.process.reading, loopDelayMax: 300 };
  pass(1000);
  assert.equal(finding('late-loop')?.severity, 'warning');
});
