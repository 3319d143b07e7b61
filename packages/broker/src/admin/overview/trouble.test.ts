import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReasonCode } from '@cauldron/protocol';
import { RecentTrouble } from './trouble.ts';

const client = (clientId: string) =>
  ({
    clientId,
    username: undefined,
    verified: false,
    rights: undefined,
    protocolVersion: 5,
    remoteAddress: 'host:1',
    listener: 'tcp',
    keepAlive: 0,
    cleanStart: true,
  }) as const;

function scene() {
  const clock = { now: 1_000_000 };
  return { clock, trouble: new RecentTrouble(() => clock.now) };
}

const names = (trouble: ReturnType<RecentTrouble['recent']>) => [...(trouble?.clients.keys() ?? [])];

test('clients are forgotten a minute after their last trouble', () => {
  const { clock, trouble } = scene();
  trouble.dropped('a', 'slow-consumer');
  trouble.dropped('b', 'slow-consumer');
  clock.now += 30_000;
  trouble.dropped('a', 'slow-consumer');
  clock.now += 30_000;
  assert.deepEqual(names(trouble.recent('slow-consumer')), ['a']);
  clock.now += 60_000;
  assert.equal(trouble.recent('slow-consumer'), null);
});

test('each reason of dropping is a trouble of its own', () => {
  const { trouble } = scene();
  trouble.dropped('a', 'slow-consumer');
  trouble.dropped('b', 'queue-full');
  assert.deepEqual(names(trouble.recent('slow-consumer')), ['a']);
  assert.deepEqual(names(trouble.recent('queue-full')), ['b']);
});

test('how often a client had it in a minute is counted', () => {
  const { clock, trouble } = scene();
  const reason = { by: 'server', reasonCode: ReasonCode.sessionTakenOver, reason: 'x' } as const;
  for (let i = 0; i < 5; i++) {
    trouble.disconnected(client('a'), reason);
    trouble.disconnected(client('a'), reason);
    clock.now += 1000;
  }
  assert.equal(trouble.recent('taken-over')?.clients.get('a')?.times, 10);
});

test('a refusal of a login is told from one of a limit and from one of a mistake', () => {
  const { trouble } = scene();
  trouble.refused('host:1', 'a', { reasonCode: ReasonCode.badUserNameOrPassword, reason: 'wrong' });
  trouble.refused('host:2', 'b', { reasonCode: ReasonCode.serverUnavailable, reason: 'no provider', noted: true });
  trouble.refused('host:3', 'c', { reasonCode: ReasonCode.quotaExceeded, reason: 'full' });
  trouble.refused('host:4', undefined, { reasonCode: ReasonCode.notAuthorized, reason: 'no CONNECT' });
  trouble.refused('host:5', undefined, { reasonCode: ReasonCode.malformedPacket, reason: 'no MQTT' });
  assert.deepEqual([names(trouble.recent('login')), trouble.recent('login')?.reason], [['a', 'b'], 'no provider']);
  assert.deepEqual([names(trouble.recent('refused')), trouble.recent('refused')?.times], [['c'], 2]);
  assert.equal(trouble.recent('protocol')?.reason, 'no MQTT');
});

test('a banned client is told once, when its ban begins', () => {
  const { trouble } = scene();
  trouble.banned('a');
  trouble.refused('host:1', 'a', { reasonCode: ReasonCode.banned, reason: 'banned' });
  assert.equal(trouble.recent('banned')?.times, 1);
  assert.equal(trouble.recent('refused'), null);
});

test('only what no rule allows is a denial; what a limit or the store refuses is told elsewhere', () => {
  const { trouble } = scene();
  trouble.denied(client('a'), 'publish', 't', { reasonCode: ReasonCode.notAuthorized, reason: 'no' });
  trouble.denied(client('b'), 'publish', 't', { reasonCode: ReasonCode.quotaExceeded, reason: 'full' });
  assert.deepEqual(names(trouble.recent('denied')), ['a']);
  assert.equal(trouble.recent('denied')?.reason, "publish 't'");
});

test('connections that clients end themselves are no trouble', () => {
  const { trouble } = scene();
  trouble.disconnected(client('a'), { by: 'client', reasonCode: 0, reason: 'bye' });
  trouble.disconnected(client('a'), { by: 'network', reasonCode: ReasonCode.unspecifiedError, reason: 'gone' });
  for (const kind of ['silent', 'protocol', 'taken-over'] as const) assert.equal(trouble.recent(kind), null);
  trouble.disconnected(client('a'), { by: 'server', reasonCode: ReasonCode.keepAliveTimeout, reason: 'silent' });
  assert.deepEqual(names(trouble.recent('silent')), ['a']);
});

test('a thousand clients are known by name, and of more it is known that there are more', () => {
  const { clock, trouble } = scene();
  for (let i = 0; i < 1500; i++) trouble.dropped(`c${i}`, 'slow-consumer');
  const recent = trouble.recent('slow-consumer')!;
  assert.deepEqual([recent.clients.size, recent.more, recent.times], [1000, true, 1500]);
  clock.now += 61_000;
  trouble.dropped('later', 'slow-consumer');
  assert.deepEqual(names(trouble.recent('slow-consumer')), ['later']);
  assert.equal(trouble.recent('slow-consumer')!.more, false);
});
