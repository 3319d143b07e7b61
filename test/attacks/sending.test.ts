// Packets that no encoder would write, and packets that are larger than anybody needs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attacks, malformedLengths } from '@cauldron/testkit/attacks';
import { total, underAttack } from './under-attack.ts';

test('256 MB that are only announced are refused with 0x95 before they come', async (t) => {
  const { broker, ends } = await underAttack(t, {
    start: (target, seed) => attacks.giantLength(target, { seed }),
    until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x95']! >= 50,
  });
  assert.ok(broker.metrics.packetsTooLarge >= 50);
  assert.match(Object.keys(ends).join('\n'), /limits\.maxPacketSize/);
  assert.equal(broker.core.sessions.size, 0);
});

test('256 MB announced in a CONNECT are closed before they come', async (t) => {
  const { broker, attack, refusals } = await underAttack(t, {
    start: (target, seed) => attacks.giantLength(target, { seed, beforeLogin: true }),
    until: ({ attack: { stats } }) => stats.closed >= 50,
  });
  assert.equal(attack.stats.logins, 0);
  assert.ok(broker.metrics.packetsTooLarge >= 50);
  assert.match(Object.keys(refusals).join('\n'), /limits\.maxConnectPacketSize/);
});

test('a packet that fits and is only announced takes no memory before its bytes come', async (t) => {
  const before = process.memoryUsage().arrayBuffers;
  const { attack } = await underAttack(t, {
    start: (target, seed) => attacks.giantLength(target, { seed, length: 15_000_000, clients: 50, rate: 1000 }),
    until: ({ attack: { stats } }) => stats.open === 50 && stats.packetsSent >= 300,
    during: () => {
      const held = process.memoryUsage().arrayBuffers - before;
      assert.ok(held < 50 * 1_000_000, `${held} bytes for 50 packets of which a few bytes are here`);
    },
  });
  assert.equal(attack.stats.closed, 0); // 15 MB are allowed
});

test('lengths that are wrong in whatever way end the connection with 0x81 or 0x82', async (t) => {
  const { broker, attack } = await underAttack(t, {
    start: (target, seed) => attacks.malformedLengthStorm(target, { seed, rate: 500 }),
    until: ({ attack: { stats } }) => stats.closed >= 3 * malformedLengths.length,
  });
  const {
    'CONNACK 0x00': logins,
    'DISCONNECT 0x81': malformed,
    'DISCONNECT 0x82': wrong,
    ...others
  } = attack.stats.answers;
  assert.deepEqual(others, {});
  assert.ok(malformed! + wrong! >= attack.stats.closed);
  assert.ok(logins! >= attack.stats.closed);
  assert.ok(broker.metrics.protocolErrors >= attack.stats.closed);
  assert.equal(broker.core.sessions.size, 0);
});

test('topics of 65,535 bytes and 32,768 levels are refused: a publish with 0x90, a filter with 0x8F', async (t) => {
  const { broker, attack, denials, ends } = await underAttack(t, {
    start: (target, seed) => attacks.longTopics(target, { seed }),
    until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x90']! >= 20 && stats.answers['SUBACK 0x8f']! >= 20,
  });
  assert.match(Object.keys(denials).join('\n'), /limits\.maxTopicLe/);
  assert.match(Object.keys(ends).join('\n'), /limits\.maxTopicLe/);
  assert.equal(attack.stats.answers['SUBACK 0x00'], undefined);
  assert.ok(broker.metrics.topicsOverLimit >= 40);
  assert.equal(broker.core.router.subscriptions, 0);
  assert.equal(broker.core.retained.count, 0);
});

test('text that is not UTF-8 ends the connection with 0x81, wherever it stands', async (t) => {
  const { broker, attack } = await underAttack(t, {
    start: (target, seed) => attacks.invalidText(target, { seed, rate: 500 }),
    until: ({ attack: { stats } }) => stats.closed >= 50,
  });
  const { 'CONNACK 0x00': _, 'DISCONNECT 0x81': malformed, ...others } = attack.stats.answers;
  assert.deepEqual(others, {});
  assert.ok(malformed! >= attack.stats.closed);
  assert.ok(broker.metrics.protocolErrors >= 50);
});

test('16 MB of user properties are refused with 0x95 before anybody looks at them', async (t) => {
  const { broker, ends } = await underAttack(t, {
    start: (target, seed) => attacks.propertyFlood(target, { seed }),
    until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x95']! >= 2,
  });
  assert.ok(broker.metrics.propertiesTooLarge >= 2);
  assert.match(Object.keys(ends).join('\n'), /limits\.maxPropertiesSize/);
});

test('topic aliases that are not allowed end the connection with 0x94; new topics for old aliases do no harm', async (t) => {
  const { broker, attack } = await underAttack(t, {
    start: (target, seed) => attacks.aliasAbuse(target, { seed, rate: 5000 }),
    until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x94']! >= 10,
  });
  assert.ok(attack.stats.packetsSent > 1500);
  assert.equal(total(attack.stats.answers), attack.stats.logins + attack.stats.answers['DISCONNECT 0x94']!);
  assert.ok(broker.metrics.protocolErrors >= 10);
});

test('damaged packets after the login end their own connection only, and none is an internal error', async (t) => {
  const { broker, attack, ends } = await underAttack(t, {
    config: { limits: { maxReconnects: 0 } },
    start: (target, seed) => attacks.fuzz(target, { seed, rate: 4000 }),
    until: ({ attack: { stats } }) => stats.actions >= 3000,
  });
  assert.ok(attack.stats.answers['DISCONNECT 0x81']! > 0);
  assert.deepEqual(
    Object.keys(ends).filter((reason) => /its log says why/.test(reason)),
    [],
  );
  assert.equal(broker.metrics.queuedMessages, 0);
});
