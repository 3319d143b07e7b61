import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { FakeBroker } from '@cauldron/testkit/fake-broker';
import { startBroker, until } from '../../../../test/support/broker.ts';
import { start } from '../testing/program.ts';

const short = ['--duration', '0.2', '--warmup', '0.05'];
const at = (port: number): string[] => ['bench', '-h', '127.0.0.1', '-p', String(port), ...short];

async function result(args: readonly string[]) {
  const program = start([...args, '--json']);
  assert.equal(await program.code, 0, program.err());
  return JSON.parse(program.out());
}

for (const qos of [0, 1, 2] as const) {
  test(`at QoS ${qos} every message that was sent is received, and has a latency`, async (t) => {
    const { port } = await startBroker(t);
    const told = await result([...at(port), '-q', String(qos), '--rate', '500', '-V', qos === 2 ? '5' : '311']);
    assert.deepEqual([told.qos, told.missing, told.extra, told.errors, told.lostConnections], [qos, 0, 0, {}, 0]);
    assert.ok(told.sent > 0 && told.received > 0);
    assert.ok(told.latencyMs.p50 > 0 && told.latencyMs.p50 <= told.latencyMs.p99);
    assert.ok(told.latencyMs.p99 <= told.latencyMs.max);
  });
}

test('without a rate, as many messages of QoS 1 are under way as may be, and no timer holds back QoS 0', async (t) => {
  const fake = await FakeBroker.listen((packet) => packet.type === PacketType.publish);
  t.after(() => fake.close());
  const flags = ['--subscribers', '0', '--publishers', '3', '-M', '7'];
  const waiting = await result([...at(fake.port), ...flags, '-q', '1']);
  assert.equal(waiting.sent, 0, 'nothing was acknowledged');
  assert.equal(fake.all(PacketType.publish).length, 21);
  await result([...at(fake.port), ...flags]);
  assert.ok(fake.all(PacketType.publish).length > 1000, `${fake.all(PacketType.publish).length}`);
});

test('with a rate it publishes no more than that, however many publish', async (t) => {
  const { broker, port } = await startBroker(t);
  let published = 0;
  broker.subscribe('#', () => {
    published += 1;
  });
  const told = await result([...at(port), '--rate', '100', '--publishers', '10', '--subscribers', '0']);
  const seconds = 0.05 + told.seconds + 0.1; // the last ones were due before it was told to stop
  assert.ok(published <= seconds * 100 + 10, `${published}`);
  assert.match(told.warnings.join(), /without subscribers/);
});

test('every subscriber of one topic gets every message; with a topic each, only its own', async (t) => {
  const { broker, port } = await startBroker(t);
  const filters: string[] = [];
  broker.on('subscribe', (_client, filter) => void filters.push(filter));
  const all = await result([...at(port), '--subscribers', '5', '--rate', '200']);
  assert.equal(all.missing, 0);
  assert.equal(new Set(filters).size, 1);
  filters.length = 0;
  const pairs = ['--publishers', '4', '--subscribers', '4', '--topics', '4', '-t', 'mine'];
  const own = await result([...at(port), ...pairs, '--rate', '200']);
  assert.equal(own.missing + own.extra, 0);
  assert.deepEqual(filters.sort(), ['mine/0', 'mine/1', 'mine/2', 'mine/3']);
});

test('it measures over WebSocket, too', async (t) => {
  const { port } = await startBroker(t, { listeners: [{ port: 0, webSocket: {} }] });
  const told = await result(['bench', '-L', `ws://127.0.0.1:${port}`, ...short, '--rate', '200']);
  assert.equal(told.url, `ws://127.0.0.1:${port}/mqtt`);
  assert.ok(told.received > 0);
});

test('payloads have the size that was asked for', async (t) => {
  const { broker, port } = await startBroker(t);
  const sizes = new Set<number>();
  broker.subscribe('#', ({ payload }) => void sizes.add(payload.length));
  await result([...at(port), '--rate', '100', '--size', '1000']);
  assert.deepEqual([...sizes], [1000]);
});

test('for people it prints what was done and what came of it', async (t) => {
  const { port } = await startBroker(t);
  const program = start([...at(port), '--rate', '100']);
  assert.equal(await program.code, 0);
  assert.match(
    program.out(),
    /^mqtt:\/\/127\.0\.0\.1:\d+: 1 publisher, 1 topic, 1 subscriber, QoS 0, 64 bytes, 100\/s, 0\.2 s\nsent /,
  );
  assert.match(program.out(), /\nthis program \d+ % of a CPU, busy \d+ % of the time\n/);
});

test('refused messages are counted by their reason, and exit with 5; a refused subscription does at once', async (t) => {
  const rules = [{ anonymous: true, allow: 'read', topic: '#' }] as const;
  const { port } = await startBroker(t, { listeners: [{ port: 0, allowAnonymous: true }], authorization: { rules } });
  const refused = start([...at(port), '-q', '1', '-V', '5', '--json', '--rate', '100']);
  assert.equal(await refused.code, 5);
  const { errors, sent } = JSON.parse(refused.out());
  assert.equal(sent, 0);
  assert.match(Object.keys(errors)[0]!, /^refused: Not authorized \(0x87\)/);
  const deaf = [{ anonymous: true, allow: 'write', topic: '#' }] as const;
  const other = await startBroker(t, {
    listeners: [{ port: 0, allowAnonymous: true }],
    authorization: { rules: deaf },
  });
  const subscription = start([...at(other.port), '-V', '5']);
  assert.equal(await subscription.code, 5);
  assert.match(subscription.err(), /^cauldron bench: the broker refused the subscription to /);
});

test('a lost connection is counted, and the client comes back', async (t) => {
  let publishes = 0;
  const fake = await FakeBroker.listen((packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    publishes += 1;
    if (publishes !== 3) return undefined;
    link.cut();
    return true;
  });
  t.after(() => fake.close());
  const flags = ['--subscribers', '0', '-q', '1', '--rate', '100', '--duration', '1.5'];
  const told = await result([...at(fake.port), ...flags]);
  assert.equal(told.lostConnections, 1);
  assert.deepEqual(told.errors, {});
  assert.ok(publishes > 3);
});

test('a broker that cannot be reached exits with 4, one that refuses with 3, in one line', async (t) => {
  const { port } = await startBroker(
    t,
    {},
    { authenticator: { authenticate: () => ({ outcome: 'refuse', reasonCode: 0x86 }) } },
  );
  const refused = start([...at(port), '--subscribers', '20']);
  assert.equal(await refused.code, 3);
  assert.match(refused.err(), /^cauldron bench: the broker at .* refused the connection: .*\n$/);
  const fake = await FakeBroker.listen();
  const free = fake.port;
  await fake.close();
  const gone = start(at(free));
  assert.equal(await gone.code, 4);
  assert.match(gone.err(), /^cauldron bench: cannot reach .*\n$/);
});

test('Ctrl-C ends it early, with what was measured until then', async (t) => {
  const { broker, port } = await startBroker(t);
  let published = 0;
  broker.subscribe('#', () => {
    published += 1;
  });
  const program = start(['bench', '-h', '127.0.0.1', '-p', String(port), '--warmup', '0', '--rate', '200', '-q', '1']);
  await until('messages', () => published > 5);
  program.signal('SIGINT');
  assert.equal(await program.code, 130);
  assert.match(program.out(), /errors {7}0\n/);
  assert.match(program.out(), /! it was ended after \d+\.\d s\n/);
  const early = start(['bench', '-h', '127.0.0.1', '-p', String(port)]);
  await until('the beginning', () => early.out() !== '');
  early.signal('SIGTERM');
  assert.equal(await early.code, 143);
});

const usage: readonly [args: string[], text: RegExp][] = [
  [['--rate', 'fast'], /--rate must be a number from 0\.001/],
  [['--size', '4'], /--size must be a whole number from 8/],
  [['--publishers', '0'], /--publishers must be a whole number from 1/],
  [['-t', 'a/#'], /-t: the topic name contains the wildcard/],
  [['-i', 'me'], /unknown flag -i/],
  [['10'], /"10" belongs to no flag/],
];
for (const [args, expected] of usage) {
  test(`wrong usage is told in one line with exit code 2: cauldron bench ${args.join(' ')}`, async () => {
    const program = start(['bench', ...args]);
    assert.equal(await program.code, 2);
    assert.match(program.err(), expected);
  });
}
