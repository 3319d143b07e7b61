// Clients that want to use up what connecting costs.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashArgon2id, nodeHashFunctions } from '@cauldron/broker/passwords';
import { attackFromProcess, attacks } from '@cauldron/testkit/attacks';
import { until } from '../support/broker.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { tempDir } from '../support/temp-dir.ts';
import { total, underAttack } from './under-attack.ts';

test('slowloris: a CONNECT that comes a byte at a time is closed when limits.connectTimeout is over', async (t) => {
  const { broker, refusals } = await underAttack(t, {
    config: { limits: { connectTimeout: 1 } },
    start: (target, seed) => attacks.slowloris(target, { seed, clients: 50, rate: 500 }),
    until: ({ attack }) => attack.stats.closed >= 50,
  });
  const why = 'no CONNECT was completed within 1 s (limits.connectTimeout)';
  assert.ok(refusals[why]! >= 50);
  assert.deepEqual(
    Object.keys(refusals).filter((reason) => reason !== why && !/closed the connection/.test(reason)),
    [],
  );
  assert.ok(broker.metrics.refusedConnectTimeout >= 50);
  assert.equal(broker.core.sessions.size, 0);
});

test('connections that come and go as fast as they can leave nothing behind', async (t) => {
  const { broker, attack } = await underAttack(t, {
    start: (target, seed) => attacks.connectionFlood(target, { seed }),
    until: ({ attack: { stats } }) => stats.opened >= 1000,
  });
  assert.equal(attack.stats.failed, 0);
  assert.equal(broker.core.sessions.size, 0);
  assert.equal(broker.metrics.clientsConnected, 0);
});

test('limits.maxConnectRatePerAddress closes connections of a flood unasked, and says so', async (t) => {
  const { broker, refusals } = await underAttack(t, {
    config: { limits: { maxConnectRatePerAddress: 100 } },
    start: (target, seed) => attacks.connectionFlood(target, { seed, total: 1000 }),
    until: ({ attack: { stats }, broker: { metrics } }) => stats.actions >= 1000 && metrics.refusedAddressRate >= 500,
    latecomer: false, // it has the address of the flood
  });
  assert.match(Object.keys(refusals).join('\n'), /limits\.maxConnectRatePerAddress/);
  assert.ok(broker.metrics.connectionsAccepted < 1000);
});

test('2,000 half-open connections: of more than limits.maxHalfOpen the oldest go, and clients come in beside them', async (t) => {
  const { broker, refusals } = await underAttack(t, {
    config: { limits: { maxHalfOpen: 500 } },
    start: (target, seed) => attacks.halfOpen(target, { seed, clients: 2000, total: 2500 }),
    until: ({ attack: { stats }, broker: { metrics } }) => stats.opened >= 2000 && metrics.refusedMaxHalfOpen >= 1500,
    during: ({ broker: { core } }) => until('the oldest to be gone', () => core.connections.size <= 500 + 2),
  });
  assert.ok(broker.metrics.refusedMaxHalfOpen >= 1500);
  assert.match(Object.keys(refusals).join('\n'), /limits\.maxHalfOpen/);
});

test('10,000 half-open connections: with the defaults no more than limits.maxHalfOpen are held', async (t) => {
  const { broker } = await underAttack(t, {
    start: (target, seed) => attackFromProcess('halfOpen', target, { seed, clients: 10_000, total: 10_000 }),
    until: ({ attack, broker: { metrics } }) => attack.stats.opened >= 10_000 && metrics.refusedMaxHalfOpen >= 5000,
    during: ({ broker: { core } }) => until('the oldest to be gone', () => core.connections.size <= 4096 + 2),
  });
  assert.ok(broker.metrics.connectionsAccepted >= 10_000);
});

test('TLS handshakes that are begun and never finished are half-open connections like others', async (t) => {
  const { cert, key } = makeServerCertificate(tempDir(t));
  const { broker, refusals } = await underAttack(t, {
    config: {
      listeners: [{ port: 0 }, { name: 'tls', port: 0, tls: { cert, key } }],
      limits: { connectTimeout: 1, maxHalfOpen: 100 },
    },
    listener: 'tls',
    start: (target, seed) => attacks.tlsStall(target, { seed, clients: 300, total: 600 }),
    until: ({ broker: { metrics } }) => metrics.refusedMaxHalfOpen >= 100 && metrics.refusedConnectTimeout >= 50,
    during: ({ broker: { core } }) => until('the oldest to be gone', () => core.connections.size <= 100 + 2),
  });
  assert.ok(total(refusals) >= broker.metrics.refusedMaxHalfOpen);
});

test('a storm of wrong passwords is refused with 0x86, and who knows theirs logs in beside it', async (t) => {
  const folder = tempDir(t);
  const file = join(folder, 'passwords');
  const cheap = { memory: 64, passes: 1, parallelism: 1 };
  const hash = await hashArgon2id(new TextEncoder().encode('soup'), cheap, nodeHashFunctions);
  writeFileSync(file, `ann:${hash}\n`, { mode: 0o600 });
  const { broker, attack } = await underAttack(t, {
    config: { authentication: { providers: [{ type: 'password-file', file, upgrade: false }] } },
    login: { username: 'ann', password: 'soup' },
    start: (target, seed) => attacks.passwordStorm(target, { seed, rate: 500, clients: 10 }),
    until: ({ attack: { stats } }) => stats.answers['CONNACK 0x86']! >= 12,
  });
  assert.deepEqual(Object.keys(attack.stats.answers), ['CONNACK 0x86']);
  assert.equal(attack.stats.logins, 0);
  assert.ok(broker.logins.loginsRefused >= 12);
  assert.equal(broker.core.sessions.size, 0);
});

test('guesses at one user make that user wait, without asking whether they are right, and not who logged in before', async (t) => {
  const folder = tempDir(t);
  const file = join(folder, 'passwords');
  const cheap = { memory: 64, passes: 1, parallelism: 1 };
  const hash = await hashArgon2id(new TextEncoder().encode('soup'), cheap, nodeHashFunctions);
  writeFileSync(file, `ann:${hash}\nben:${hash}\n`, { mode: 0o600 });
  const { broker, attack } = await underAttack(t, {
    config: { authentication: { providers: [{ type: 'password-file', file, upgrade: false }] } },
    login: { username: 'ann', password: 'soup' },
    start: (target, seed) => attacks.passwordStorm(target, { seed, rate: 500, clients: 200, users: ['ben', 'nobody'] }),
    until: ({ broker: { logins } }) => logins.loginsDelayed >= 100,
  });
  // Known or not, delayed or asked: the same answer.
  assert.deepEqual(Object.keys(attack.stats.answers), ['CONNACK 0x86']);
  assert.ok(broker.logins.loginsDelayed >= 100);
});

test('a storm of take-overs is banned with 0x8A after limits.maxReconnects', async (t) => {
  const { broker, attack, told } = await underAttack(t, {
    config: { limits: { maxReconnects: 50 } },
    start: (target, seed) => attacks.takeOverStorm(target, { seed, rate: 400 }),
    until: ({ attack: { stats } }) => stats.answers['CONNACK 0x8a']! >= 100,
    during: ({ broker: { core } }) => assert.ok(core.sessions.size <= 3),
  });
  assert.equal(attack.stats.logins, 50);
  assert.equal(attack.stats.answers['DISCONNECT 0x8e'], 49);
  assert.equal(broker.metrics.clientsBanned, 1);
  assert.ok(told.has('ban'));
  assert.equal(broker.core.sessions.size, 0);
});

test('sessions that are left behind stop at limits.maxSessions with 0x97', async (t) => {
  const { broker, attack } = await underAttack(t, {
    config: { limits: { maxSessions: 500 } },
    start: (target, seed) => attacks.sessionBomb(target, { seed, total: 700 }),
    until: ({ attack: { stats } }) => stats.closed === 700,
    latecomer: false, // it would be a session too many
    during: ({ broker: { core } }) => assert.equal(core.sessions.size, 500),
  });
  assert.equal(attack.stats.logins, 498);
  assert.equal(attack.stats.answers['CONNACK 0x97'], 202);
  assert.equal(broker.metrics.refusedMaxSessions, 202);
  assert.equal(broker.core.sessions.size, 498);
});

test('client identifiers as long as they can be are refused with 0x85', async (t) => {
  const { broker, attack, refusals } = await underAttack(t, {
    start: (target, seed) => attacks.longClientIds(target, { seed }),
    until: ({ attack: { stats } }) => stats.answers['CONNACK 0x85']! >= 50,
  });
  assert.equal(attack.stats.logins, 0);
  assert.match(Object.keys(refusals).join('\n'), /limits\.maxClientIdLength/);
  assert.equal(broker.core.sessions.size, 0);
});

test('wills of clients that break their connections on and on cost what any publish costs, and leave nothing', async (t) => {
  const { broker } = await underAttack(t, {
    start: (target, seed) => attacks.willBomb(target, { seed, rate: 1000, payload: 20_000 }),
    until: ({ broker: { metrics } }) => metrics.willsPublished >= 300,
  });
  assert.equal(broker.core.sessions.size, 0);
  assert.equal(broker.metrics.queuedBytes, 0);
});

test('wills that wait for their delay are sessions, and bounded by limits.maxSessions', async (t) => {
  const { broker } = await underAttack(t, {
    config: { limits: { maxSessions: 300 } },
    start: (target, seed) => attacks.willBomb(target, { seed, delay: 3600, total: 1000 }),
    until: ({ attack: { stats } }) => stats.answers['CONNACK 0x97']! >= 100,
    latecomer: false, // it would be a session too many
    during: ({ broker: { core } }) => assert.equal(core.sessions.size, 300),
  });
  assert.equal(broker.metrics.willsPublished, 0);
});
