// Clients that send or keep more than there is room for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attacks } from '@cauldron/testkit/attacks';
import { underAttack } from './under-attack.ts';

for (const qos of [0, 1] as const) {
  test(`a publish flood at QoS ${qos} is read no faster than limits.maxMessageRate, and ends with 0x96`, async (t) => {
    const { broker, attack, told, ends } = await underAttack(t, {
      config: { limits: { maxMessageRate: 1000, rateGrace: 1 } },
      start: (target, seed) => attacks.publishFlood(target, { seed, qos }),
      until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x96']! >= 1,
    });
    assert.ok(told.has('throttle maxMessageRate'));
    assert.ok(broker.metrics.clientsThrottled > 0 && broker.metrics.disconnectedRate > 0);
    assert.match(Object.keys(ends).join('\n'), /limits\.maxMessageRate/);
    assert.ok(broker.metrics.publishReceived < attack.stats.packetsSent * 50);
  });

  test(`a publish flood at QoS ${qos} without a rate limit holds up nobody`, async (t) => {
    const { broker } = await underAttack(t, {
      start: (target, seed) => attacks.publishFlood(target, { seed, qos }),
      until: ({ broker: { metrics } }) => metrics.publishReceived >= 50_000,
    });
    assert.equal(broker.metrics.queuedBytes, 0);
  });
}

test('bytes that come too fast are read no faster than limits.maxByteRate', async (t) => {
  const { broker, told } = await underAttack(t, {
    config: { limits: { maxByteRate: 1_000_000, rateGrace: 1 } },
    start: (target, seed) => attacks.publishFlood(target, { seed, payload: 100_000, together: 1 }),
    until: ({ broker: { metrics } }) => metrics.disconnectedRate >= 1,
  });
  assert.ok(told.has('throttle maxByteRate'));
  assert.ok(broker.metrics.clientsThrottled > 0);
});

test('PINGREQs as fast as they go out are answered, and nobody waits for it', async (t) => {
  await underAttack(t, {
    start: (target, seed) => attacks.pingFlood(target, { seed }),
    until: ({ broker: { metrics } }) => metrics.messagesReceived >= 100_000,
  });
});

test('who sends PINGREQs and never reads the answers is not read from any more', async (t) => {
  const { broker, attack } = await underAttack(t, {
    config: { limits: { maxOutboundBytes: 65_536 } },
    start: (target, seed) => attacks.pingFlood(target, { seed, deaf: true }),
    until: ({ attack: { stats } }) => stats.bytesSent >= 6_000_000,
    during: ({ broker: { core } }) => {
      for (const { link } of core.connections) assert.ok(link.pending < 2_000_000, `${link.pending} bytes unsent`);
    },
  });
  assert.ok(broker.metrics.bytesReceived <= attack.stats.bytesSent + 1_000_000);
});

for (const qos of [0, 1] as const) {
  test(`subscribers at QoS ${qos} that never read hold bounded memory, and everybody else gets everything`, async (t) => {
    const limits = { maxOutboundBytes: 100_000, maxQueuedBytes: 1_000_000, maxQueuedMessages: 200 };
    const { broker, told } = await underAttack(t, {
      config: { limits },
      start: (target, seed) => attacks.neverReading(target, { seed, filter: 'busy/#', qos, clients: 10 }),
      until: ({ broker: running }) => {
        for (let i = 0; i < 20; i++) running.publish('busy/topic', new Uint8Array(10_000), { qos });
        return running.metrics.droppedSlowConsumer + running.metrics.droppedQueueFull >= 1000;
      },
      during: ({ broker: { core } }) => {
        const most = 10 * (limits.maxQueuedBytes + 10_000);
        assert.ok(core.metrics.queuedBytes <= most, `${core.metrics.queuedBytes} bytes are queued`);
        for (const { link } of core.connections) assert.ok(link.pending < 4_000_000, `${link.pending} bytes unsent`);
      },
    });
    assert.ok(told.has(qos === 0 ? 'drop slow-consumer' : 'drop queue-full'));
    assert.equal(broker.metrics.queuedBytes, 0);
  });
}

test('retained bombs: each client and all together have their share, and who could be told gets 0x97', async (t) => {
  const { broker, attack } = await underAttack(t, {
    config: { limits: { maxRetainedPerClient: 500, maxRetainedMessages: 800 } },
    start: (target, seed) => attacks.retainedBomb(target, { seed, clients: 2, rate: 5000 }),
    until: ({ attack: { stats } }) => stats.answers['PUBACK 0x97']! >= 1000,
    during: ({ broker: { core } }) => assert.equal(core.retained.count, 800),
  });
  assert.ok(broker.metrics.retainedOverClient + broker.metrics.retainedOverLimit >= 1000);
  assert.ok(attack.stats.answers['PUBACK 0x97']! >= 1000);
});

test('large retained messages stop at limits.maxRetainedBytes', async (t) => {
  const { broker } = await underAttack(t, {
    config: { limits: { maxRetainedBytes: 2_000_000 } },
    start: (target, seed) => attacks.retainedBomb(target, { seed, payload: 100_000, rate: 500 }),
    until: ({ attack: { stats } }) => stats.answers['PUBACK 0x97']! >= 50,
    during: ({ broker: { core } }) => assert.ok(core.retained.count < 20),
  });
  assert.ok(broker.metrics.retainedOverBytes >= 50);
});

test('QoS 2 publishes that are never released end at limits.receiveMaximum with 0x93', async (t) => {
  const { broker, ends } = await underAttack(t, {
    config: { limits: { receiveMaximum: 100 } },
    start: (target, seed) => attacks.qos2Exhaustion(target, { seed, rate: 5000 }),
    until: ({ attack: { stats } }) => stats.answers['DISCONNECT 0x93']! >= 3,
  });
  assert.ok(broker.metrics.receiveMaximumExceeded >= 3);
  assert.match(Object.keys(ends).join('\n'), /limits\.receiveMaximum/);
});

test('all 65,535 packet identifiers of QoS 2 unreleased cost their client alone', async (t) => {
  const { broker, attack } = await underAttack(t, {
    start: (target, seed) => attacks.qos2Exhaustion(target, { seed, total: 70_000 }),
    until: ({ attack: { stats } }) =>
      (stats.answers['PUBREC 0x10'] ?? 0) + (stats.answers['PUBREC 0x00'] ?? 0) >= 70_000,
  });
  assert.equal(attack.stats.answers['PUBREC 0x10'], 65_535); // the others were there before, and went nowhere
  assert.equal(broker.core.sessions.size, 0);
});
