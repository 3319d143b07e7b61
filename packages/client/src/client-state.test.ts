import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { Client } from './client.ts';
import { UnreachableError } from './error.ts';
import type { ClientOptions, ClientState } from './options.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { ScriptedBroker, startClient } from './testing/scripted-broker.ts';

/** A client that notes its states, not started yet. */
function watched(options: ClientOptions = {}) {
  const platform = new FakePlatform();
  const broker = new ScriptedBroker(platform);
  const client = new Client(platform, 'mqtt://broker', { protocolVersion: 5, ...options });
  const states: string[] = [];
  const stop = client.onState((state) => states.push(line(state)));
  return { platform, broker, client, states, stop };
}

function line(state: ClientState): string {
  switch (state.status) {
    case 'connecting':
      return `connecting ${state.attempt}: ${state.reason?.message}`;
    case 'connected':
      return `connected ${state.protocolVersion} ${state.sessionPresent}`;
    case 'waiting':
      return `waiting for ${state.attempt}: ${state.reason.message}`;
    case 'ended':
      return `ended: ${state.reason?.message}`;
  }
}

test('the states from the first connection over a loss to the end, each with its reason', async () => {
  const { platform, broker, client, states } = watched();
  assert.equal(line(client.state), 'connecting 1: undefined');
  void client.start(false);
  await platform.settle();
  broker.unreachable = new UnreachableError('mqtt://broker:1883', 'nothing listens there');
  broker.link.cut();
  await platform.settle();
  await platform.advance(platform.nextTimer!);
  broker.unreachable = undefined;
  await platform.advance(platform.nextTimer!);
  const ended = client.end();
  await platform.settle();
  await ended;
  const lost = 'the connection to mqtt://broker:1883 was lost: the other end closed it';
  const unreachable = 'cannot reach mqtt://broker:1883: nothing listens there';
  assert.deepEqual(states, [
    'connecting 1: undefined',
    'connected 5 false',
    `waiting for 1: ${lost}`,
    `connecting 1: ${lost}`,
    `waiting for 2: ${unreachable}`,
    `connecting 2: ${unreachable}`,
    'connected 5 false',
    'ended: undefined',
  ]);
  assert.equal(await client.closed, undefined);
});

test('a waiting state says how long, and the next attempt comes then', async () => {
  const { platform, broker, client } = watched();
  void client.start(false);
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  const { state } = client;
  assert.ok(state.status === 'waiting');
  assert.ok(state.delay >= 0 && state.delay <= 1000);
  await platform.advance(state.delay - 0.001);
  assert.equal(client.state.status, 'waiting');
  await platform.advance(0.001);
  assert.equal(client.state.status, 'connected');
});

test('where something ended the client, the last state and closed say what', async () => {
  const { platform, broker, client, states } = watched();
  void client.start(false);
  await platform.settle();
  broker.link.send({ type: PacketType.disconnect, reasonCode: 0x8e });
  await platform.settle();
  assert.match(states.at(-1)!, /^ended: .*Session taken over \(0x8e\).*another client uses the same client identifier/);
  assert.equal(`ended: ${(await client.closed)?.message}`, states.at(-1));
  await assert.rejects(client.ready(), { code: 'CONNECTION_CLOSED' });
  await assert.rejects(client.publish('a', ''), { code: 'CONNECTION_CLOSED' });
  assert.throws(() => client.subscribe('a'), { code: 'CONNECTION_CLOSED' });
});

test('a listener that stopped hears nothing more', async () => {
  const { platform, client, states, stop } = watched();
  void client.start(false);
  stop();
  await platform.settle();
  assert.deepEqual(states.length, 1);
  assert.equal(client.connected, true);
});

test('ready waits for the first connection, for the next one after a loss, and is rejected at the end', async () => {
  const { platform, broker, client } = watched();
  const first = client.ready();
  void client.start(false);
  await platform.settle();
  await first;
  await client.ready();
  broker.link.cut();
  await platform.settle();
  const next = client.ready();
  assert.equal(client.ready(), next);
  await platform.advance(5000);
  await next;
  broker.link.cut();
  await platform.settle();
  const never = client.ready();
  void client.end();
  await assert.rejects(never, { code: 'CONNECTION_CLOSED' });
  await platform.settle();
});

test('a signal that was aborted before, while connecting, and when connected ends the client with its reason', async () => {
  const before = watched({ signal: AbortSignal.abort(new Error('why')) });
  void before.client.start(true);
  assert.deepEqual(before.states, ['ended: connecting was given up: its signal was aborted']);
  assert.equal(((await before.client.closed) as Error).cause instanceof Error, true);
  assert.equal(before.platform.transports.length, 0);

  for (const settles of [false, true]) {
    const controller = new AbortController();
    const { platform, client, states } = watched({ signal: controller.signal });
    void client.start(false);
    if (settles) await platform.settle();
    controller.abort();
    await platform.settle();
    assert.equal(states.at(-1), 'ended: the client was given up: its signal was aborted');
    assert.equal(platform.timers, 0);
    assert.equal(platform.transports[0]?.state, 'closed');
  }
});

test('a client is one that `await using` ends', async () => {
  const { platform, client, broker } = await startClient();
  const disposed = client[Symbol.asyncDispose]();
  await platform.settle();
  await disposed;
  assert.equal(broker.all(PacketType.disconnect).length, 1);
});

test('a payload that is neither text nor bytes is refused, not sent as something else', async () => {
  const { platform, broker, client } = await startClient();
  for (const wrong of [21, { a: 1 }, null, undefined, true, [1, 2]]) {
    for (const qos of [0, 1] as const) {
      const published = client.publish('a', wrong as unknown as string, { qos });
      await assert.rejects(published, { name: 'TypeError', message: /string or a Uint8Array/ });
      await assert.rejects(client.enqueue('a', wrong as unknown as string, { qos }), { name: 'TypeError' });
    }
  }
  await platform.settle();
  assert.deepEqual(broker.all(PacketType.publish), []);
});
