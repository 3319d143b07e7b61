// A broker with a data folder, over real sockets and a real database.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Broker, type ConfigInput, createBroker, type Health, type Logger, StoreError } from '@cauldron/broker';
import { PacketType, type ProtocolVersion, ReasonCode } from '@cauldron/protocol';
import { textBytes, textOf } from '@cauldron/testkit';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { RawClient } from '../support/raw-client.ts';
import { tempDir } from '../support/temp-dir.ts';

const quiet: ConfigInput = { listeners: [{ port: 0 }], log: { level: 'silent' }, sys: { interval: 0 } };

/** A client whose session outlives its connection. */
function durable(t: TestContext, broker: Broker, clientId: string, version: ProtocolVersion = 5): Promise<RawClient> {
  const properties = version === 5 ? { sessionExpiryInterval: 1000 } : undefined;
  return RawClient.connected(t, broker.addresses[0]!.port, { clientId, version, cleanStart: false, properties });
}

/** A durable session 'away' that has subscribed to `filter` and left. */
async function leaveSession(t: TestContext, broker: Broker, filter: string): Promise<void> {
  const client = await durable(t, broker, 'away');
  await client.subscribe(filter, 1);
  const gone = nextEvent(broker, 'disconnect', ({ clientId }) => clientId === 'away');
  client.socket.destroy();
  await gone;
}

const publish = (topic: string, payload: string, packetId: number) =>
  ({
    type: PacketType.publish,
    topic,
    payload: textBytes(payload),
    qos: 1,
    packetId,
    retain: false,
    dup: false,
  }) as const;

test('without data.directory nothing is written, and limits are those of memory', async (t) => {
  const before = readdirSync('.');
  const { broker } = await startBroker(t);
  const { maxQueuedMessages, maxQueuedBytes } = broker.core.options.limits;
  assert.deepEqual([maxQueuedMessages, maxQueuedBytes], [10_000, 67_108_864]);
  assert.equal(broker.core.journal, null);
  assert.deepEqual(readdirSync('.'), before);
  const folder = join(tempDir(t), 'pot');
  await startBroker(t, { data: { directory: folder, memory: true } });
  assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
});

test('with a folder more may wait, unless the configuration says otherwise, and acks go to the core as configured', async (t) => {
  const one = await startBroker(t, { data: { directory: join(tempDir(t), 'pot') } });
  const { maxQueuedMessages, maxQueuedBytes } = one.broker.core.options.limits;
  assert.deepEqual([maxQueuedMessages, maxQueuedBytes], [1_000_000, 268_435_456]);
  const topics = [{ filter: 'a/#', ack: 'memory' }] as const;
  const { broker } = await startBroker(t, {
    listeners: [{ port: 0, ack: 'memory' }],
    limits: { maxQueuedMessages: 5, queueFull: 'refuse', maxQueuedAge: '1 h' },
    data: { directory: tempDir(t), topics, restartWillDelay: 3 },
  });
  const { limits, ack, restartWillDelay } = broker.core.options;
  assert.deepEqual([limits.maxQueuedMessages, limits.queueFull, limits.maxQueuedAge], [5, 'refuse', 3600]);
  assert.deepEqual([ack, restartWillDelay], [{ default: 'disk', topics }, 3]);
});

test('a session, its messages and retained messages are there for the next broker on the folder, $SYS is its own', async (t) => {
  const data = { directory: tempDir(t) };
  const first = await createBroker({ ...quiet, sys: { interval: 10 }, data });
  await leaveSession(t, first, 'orders/#');
  for (const order of ['soup', 'bread']) first.publish('orders/1', order, { qos: 1 });
  first.publish('menu', 'today', { retain: true });
  await first.close();

  const { broker } = await startBroker(t, { data });
  const client = await durable(t, broker, 'away');
  assert.deepEqual(
    [textOf((await client.take(PacketType.publish)).payload), textOf((await client.take(PacketType.publish)).payload)],
    ['soup', 'bread'],
  );
  assert.equal(textOf(broker.core.retained.get('menu')!.payload()), 'today');
  assert.equal(broker.core.retained.count, 1);
});

test('a will is kept over a stop, and published after restartWillDelay unless its client is back', async (t) => {
  const data = { directory: tempDir(t), restartWillDelay: 0 };
  const first = await createBroker({ ...quiet, data });
  const will = { topic: 'gone', payload: textBytes('pump'), qos: 1, retain: true } as const;
  const properties = { sessionExpiryInterval: 1000 };
  await RawClient.connected(t, first.addresses[0]!.port, { clientId: 'pump', cleanStart: false, will, properties });
  await first.close();
  assert.equal(first.metrics.willsPublished, 0);

  const { broker } = await startBroker(t, { data });
  await until('the will', () => broker.metrics.willsPublished === 1);
  assert.equal(textOf(broker.core.retained.get('gone')!.payload()), 'pump');
});

test('a folder has one broker; one that cannot listen gives it free, and one that ends too', async (t) => {
  const data = { directory: tempDir(t) };
  const first = await createBroker({ ...quiet, data });
  await assert.rejects(createBroker({ ...quiet, data }), (error: Error) => {
    assert.ok(error instanceof StoreError);
    return error.message.includes(String(process.pid)) && error.message.includes(data.directory);
  });
  const { port } = first.addresses[0]!;
  const other = { directory: tempDir(t) };
  await assert.rejects(createBroker({ ...quiet, listeners: [{ port }], data: other }), { code: 'EADDRINUSE' });
  await startBroker(t, { data: other });
  await first.close();
  await startBroker(t, { data });
});

/** A broker with the session 'away' whose store fails twice from its first write on, with all it tells. */
async function failing(t: TestContext, kind: 'full' | 'io') {
  const lines: string[] = [];
  const line = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const log: Logger = {
    error: line('error'),
    warn: line('warn'),
    info: line('info'),
    debug: () => {},
    isEnabled: () => true,
  };
  const data = { directory: tempDir(t) };
  const before = await createBroker({ ...quiet, data });
  await leaveSession(t, before, 'orders/#');
  await before.close();
  const inject = { write: 1, times: 2, kind };
  const { broker, port } = await startBroker(t, { data }, { log, store: { inject } });
  const told: Health[] = [];
  broker.on('health', (health) => void told.push(health));
  return { broker, port, lines, told };
}

for (const [kind, code, finding] of [
  ['full', ReasonCode.quotaExceeded, 'store-full'],
  ['io', ReasonCode.implementationSpecificError, 'store-failing'],
] as const) {
  test(`a store that fails (${kind}) refuses publishers, says so once, and recovers by itself`, async (t) => {
    const { broker, port, lines, told } = await failing(t, kind);
    const publisher = await RawClient.connected(t, port, { clientId: 'publisher' });
    publisher.send(publish('orders/1', 'lost', 1));
    assert.equal((await publisher.take(PacketType.puback)).reasonCode, code);
    assert.deepEqual(
      broker.health.findings.map((one) => one.code),
      [finding],
    );
    assert.ok(Date.now() - broker.health.findings[0]!.since < 60_000);
    publisher.send(publish('orders/1', 'lost too', 4));
    assert.equal((await publisher.take(PacketType.puback)).reasonCode, code);
    publisher.send(publish('elsewhere', 'nobody keeps it', 2));
    assert.equal((await publisher.take(PacketType.puback)).reasonCode, ReasonCode.noMatchingSubscribers);

    await until('the recovery', () => broker.health.ok);
    publisher.send(publish('orders/1', 'kept', 3));
    assert.equal((await publisher.take(PacketType.puback)).reasonCode, ReasonCode.success);
    const client = await durable(t, broker, 'away');
    assert.equal(textOf((await client.take(PacketType.publish)).payload), 'kept');
    assert.deepEqual(
      told.map(({ ok }) => ok),
      [false, true],
    );
    assert.equal(lines.length, 3, lines.join('\n'));
    assert.match(lines[1]!, /^error the store fails: write 1 failed .*; messages .* are refused/);
    assert.match(lines[2]!, /^warn the store works again$/);
  });
}

test('a 3.1.1 publisher that cannot be told of the failure is disconnected with its message unacknowledged', async (t) => {
  const { port } = await failing(t, 'full');
  const publisher = await RawClient.connected(t, port, { clientId: 'publisher', version: 4 });
  publisher.send(publish('orders/1', 'lost', 1));
  await publisher.closed();
  assert.deepEqual(publisher.received, []);
});

test('$SYS says how the store is', async (t) => {
  const { broker, port } = await startBroker(t, { sys: { interval: 0.3 }, data: { directory: tempDir(t) } });
  const value = (topic: string) => textOf(broker.core.retained.get(`$SYS/broker/store/${topic}`)!.payload());
  assert.deepEqual([value('state'), value('commits/failed'), value('refused')], ['ok', '0', '0']);
  const client = await RawClient.connected(t, port, { clientId: 'publisher' });
  client.send({ ...publish('menu', 'today', 1), retain: true });
  await client.take(PacketType.puback);
  await until('a commit', () => Number(value('commits')) > 0);
  assert.ok(Number(value('commits/bytes')) > 0);
  assert.ok(Number(value('commit/p99')) > 0 && Number(value('commit/max')) >= Number(value('commit/p50')));
  const memory = await startBroker(t, { sys: { interval: 10 } });
  assert.equal(textOf(memory.broker.core.retained.get('$SYS/broker/store/state')!.payload()), 'memory');
  assert.equal(memory.broker.core.retained.get('$SYS/broker/store/commits'), null);
});
