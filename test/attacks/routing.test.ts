// Subscriptions and topics that are chosen so that finding who gets what costs most.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attacks } from '@cauldron/testkit/attacks';
import { underAttack } from './under-attack.ts';

test('wildcard bombs: topics that thousands of filters match, no two alike', async (t) => {
  const { broker } = await underAttack(t, {
    start: (target, seed) => attacks.wildcardBomb(target, { seed, levels: 12, total: 400 }),
    until: ({ attack: { stats } }) => stats.messages >= 200,
  });
  assert.equal(broker.core.router.subscriptions, 0);
});

test('wildcards as deep as topics may be, over retained messages as deep as that', async (t) => {
  const { broker } = await underAttack(t, {
    start: (target, seed) => attacks.deepHash(target, { seed, rate: 300 }),
    until: ({ attack: { stats } }) => stats.actions >= 200,
  });
  assert.equal(broker.core.router.subscriptions, 0);
  assert.equal(broker.core.sessions.size, 0);
});

test('subscription bombs: limits.maxSubscriptionsPerClient refuses the rest with 0x97', async (t) => {
  const { broker, attack, denials } = await underAttack(t, {
    start: (target, seed) => attacks.subscriptionBomb(target, { seed, total: 15 }),
    until: ({ attack: { stats } }) => stats.answers['SUBACK 0x97'] === 5000,
    during: ({ broker: { core } }) => assert.equal(core.router.subscriptions, 10_000 + 1),
  });
  assert.equal(attack.stats.answers['SUBACK 0x00'], 10_000);
  assert.equal(broker.metrics.subscriptionsOverLimit, 5000);
  assert.match(Object.keys(denials).join('\n'), /limits\.maxSubscriptionsPerClient/);
  assert.equal(broker.core.router.subscriptions, 0);
});

test('SUBSCRIBEs of 8,000 filters each are answered filter by filter', async (t) => {
  const { attack } = await underAttack(t, {
    start: (target, seed) => attacks.subscriptionBomb(target, { seed, filters: 8000, total: 3, name: 'b' }),
    until: ({ attack: { stats } }) => stats.answers['SUBACK 0x97'] === 14_000,
  });
  assert.equal(attack.stats.answers['SUBACK 0x00'], 10_000);
});

test('a SUBSCRIBE above limits.maxControlPacketSize ends the connection with 0x95', async (t) => {
  const { broker, ends } = await underAttack(t, {
    start: (target, seed) => attacks.subscriptionBomb(target, { seed, filters: 20_000, rate: 20 }),
    until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x95']! >= 2,
  });
  assert.match(Object.keys(ends).join('\n'), /limits\.maxControlPacketSize/);
  assert.ok(broker.metrics.controlPacketsTooLarge >= 2);
  assert.equal(broker.core.router.subscriptions, 0);
});

test('share groups, thousands of them, count as the subscriptions they are', async (t) => {
  const { broker } = await underAttack(t, {
    config: { limits: { maxSubscriptions: 3000 } },
    start: (target, seed) => attacks.subscriptionBomb(target, { seed, shared: true, filters: 500, total: 10 }),
    until: ({ attack: { stats } }) => stats.answers['SUBACK 0x97'] === 2001,
    latecomer: false, // its subscription would be one too many
    during: ({ broker: { core } }) => assert.equal(core.router.subscriptions, 3000),
  });
  assert.equal(broker.metrics.subscriptionsOverTotal, 2001);
  assert.equal(broker.core.router.subscriptions, 0);
});

test('share groups that are joined and left without end leave nothing', async (t) => {
  const { broker } = await underAttack(t, {
    start: (target, seed) => attacks.shareChurn(target, { seed, rate: 3000 }),
    until: ({ attack: { stats } }) => stats.actions >= 2000,
  });
  assert.equal(broker.core.router.subscriptions, 0);
  assert.equal(broker.core.router.sharedSubscriptions, 0);
});

test('wildcards for everything, subscribed and unsubscribed without end, leave nothing', async (t) => {
  const { broker } = await underAttack(t, {
    start: (target, seed) => attacks.unsubscribeStorm(target, { seed, rate: 200 }),
    until: ({ attack: { stats } }) => stats.answers['UNSUBACK 0x00']! >= 5000,
  });
  assert.equal(broker.core.router.subscriptions, 0);
});

test('topics that were never seen are remembered up to a number', async (t) => {
  await underAttack(t, {
    start: (target, seed) => attacks.topicFlood(target, { seed, total: 2750 }),
    until: ({ broker: { metrics } }) => metrics.publishReceived >= 2750 * 50,
    during: ({ broker: { core } }) => {
      assert.equal(core.router.topics.size, core.options.topicCacheSize);
      assert.equal(core.retained.count, 0);
    },
  });
});
