// What programs and slow peers may do to a broker without harm to anybody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '@cauldron/broker';
import { PacketType } from '@cauldron/protocol';
import { startBroker, until } from '../support/broker.ts';
import { RawClient } from '../support/raw-client.ts';

test('a small maxOutboundBytes holds a client back only until it has read again', async (t) => {
  const { broker, port } = await startBroker(t, { limits: { maxOutboundBytes: 1024 } });
  const client = await RawClient.connected(t, port);
  client.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter: 't', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  });
  await client.take(PacketType.suback);
  client.socket.pause();
  const payload = new Uint8Array(32_768);
  while (broker.metrics.droppedSlowConsumer === 0) {
    broker.publish('t', payload);
    await new Promise(setImmediate);
  }
  client.socket.resume();
  const dropped = broker.metrics.droppedSlowConsumer;
  await until('a message that is not dropped', () => {
    const before = broker.metrics.droppedSlowConsumer;
    broker.publish('t', 'again');
    return broker.metrics.droppedSlowConsumer === before;
  });
  assert.ok(dropped > 0);
});

test('an event listener that throws is logged, and neither broker nor clients notice', async (t) => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'error', format: 'text', stream: stream as never });
  const { broker, port } = await startBroker(t, {}, { log });
  for (const name of ['connect', 'subscribe', 'disconnect', 'sessionEnd'] as const) {
    broker.on(name, () => {
      throw new Error(`burnt in ${name}`);
    });
  }
  const client = await RawClient.connected(t, port);
  client.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [{ filter: 't', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
  });
  await client.take(PacketType.suback);
  client.socket.destroy();
  await until('the end of the client', () => broker.core.connections.size === 0);
  assert.equal(broker.core.sessions.size, 0);
  for (const name of ['connect', 'subscribe', 'disconnect', 'sessionEnd']) {
    assert.ok(
      lines.some((line) => line.includes(`'${name}'`) && line.includes(`burnt in ${name}`)),
      `${name} in ${lines}`,
    );
  }
});

test('a handler that ends its subscription gets nothing more, not even of the same turn', async (t) => {
  const { broker } = await startBroker(t);
  const got: string[] = [];
  const stop = broker.subscribe('t', ({ payload }) => {
    got.push(new TextDecoder().decode(payload));
    stop();
  });
  for (const text of ['1', '2', '3']) broker.publish('t', text);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(got, ['1']);
});

test('the broker keeps its time where the clock of the machine is set back', async (t) => {
  const { broker } = await startBroker(t);
  const before = broker.core.now;
  const real = Date.now;
  t.after(() => {
    Date.now = real;
  });
  Date.now = () => real() - 3_600_000;
  await until('the next tick', () => broker.core.now !== before);
  assert.ok(broker.core.now > before);
});
