import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import type { ClientOptions, SubscribeOptions } from './options.ts';
import { message, messages } from './testing/messages.ts';
import { type Scene, startClient } from './testing/scripted-broker.ts';

const SLOW: SubscribeOptions = { bufferSize: 4 };

/** A client with a loop over `a` that has not asked for anything yet. */
async function slowLoop(options: SubscribeOptions = SLOW, client: ClientOptions = {}) {
  const scene = await startClient(client);
  const subscription = scene.client.subscribe('a', options);
  await scene.platform.settle();
  return { ...scene, subscription };
}

/** What has not been read yet waits behind these, each in a chunk of its own. */
function sendEach({ broker }: Scene, count: number, from = 1): void {
  for (const one of messages('a', count, from)) broker.link.send(one);
}

test('a full buffer stops the reading, and a consumer that has caught up half of it starts it again', async () => {
  const scene = await slowLoop();
  const { platform, broker, subscription } = scene;
  sendEach(scene, 10);
  await platform.settle();
  assert.equal(subscription.waiting, 4);
  assert.equal(broker.link.transport.paused, true);
  await subscription.next();
  await platform.settle();
  assert.equal(broker.link.transport.paused, true);
  await subscription.next();
  await platform.settle();
  assert.equal(subscription.waiting, 4);
  const rest: string[] = [];
  for (let i = 0; i < 8; i++) {
    const { value } = await subscription.next();
    rest.push(value!.text());
    await platform.settle();
  }
  assert.deepEqual(rest, ['3', '4', '5', '6', '7', '8', '9', '10']);
  assert.equal(broker.link.transport.paused, false);
  assert.equal(subscription.dropped, 0);
});

test('messages of one chunk that are behind the full buffer wait in it undecoded', async () => {
  const { platform, broker, subscription } = await slowLoop();
  broker.link.send(...messages('a', 50));
  await platform.settle();
  assert.equal(subscription.waiting, 4);
  const got: string[] = [];
  for (let i = 0; i < 50; i++) got.push((await subscription.next()).value!.text());
  assert.deepEqual(
    got,
    Array.from({ length: 50 }, (_, i) => `${i + 1}`),
  );
});

for (const qos of [1, 2] as const) {
  test(`a consumer that is behind and awaits a publish of QoS ${qos} gets its answer`, async () => {
    const scene = await slowLoop();
    const { platform, client, subscription } = scene;
    sendEach(scene, 20);
    await platform.settle();
    await subscription.next();
    const published = client.publish('b', 'x', { qos });
    await platform.settle();
    assert.deepEqual(await published, { reasonCode: 0, properties: undefined });
    await platform.settle();
    assert.equal(subscription.dropped, 0);
    assert.equal(scene.broker.link.transport.paused, true, 'it stops again once the answer is here');
  });
}

test('a consumer that is behind and awaits a subscribe or an unsubscribe gets its answer', async () => {
  const scene = await slowLoop();
  const { platform, client, subscription } = scene;
  sendEach(scene, 20);
  await platform.settle();
  const granted = client.on('b', () => undefined);
  await platform.settle();
  await granted;
  const left = client.unsubscribe('b');
  await platform.settle();
  await left;
  assert.equal(subscription.dropped, 0);
});

test('a consumer that is behind and awaits a response gets it', async () => {
  const scene = await slowLoop();
  const { platform, broker, client } = scene;
  sendEach(scene, 4);
  await platform.settle();
  broker.reaction = (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    const { responseTopic, correlationData } = packet.properties!;
    link.send({ ...message(responseTopic!, 'pong'), properties: { correlationData: correlationData! } });
    return true;
  };
  const answer = client.request('ping', '');
  await platform.settle();
  assert.equal((await answer).text(), 'pong');
  await platform.settle();
  assert.equal(broker.link.transport.paused, true);
});

test('handlers that all await publishes of QoS 1 go on, however many messages come', async () => {
  const scene = await startClient();
  const { platform, client } = scene;
  let done = 0;
  const relay = async (): Promise<void> => {
    await client.publish('b', '', { qos: 1 });
    done += 1;
  };
  void client.on('a', relay, SLOW);
  void client.on('a', relay, { bufferSize: 1 });
  await platform.settle();
  for (let i = 0; i < 60; i++) scene.broker.link.send({ ...message('a', `${i}`, 1, i + 1) });
  await platform.settle();
  assert.equal(done, 120);
  assert.equal(scene.broker.link.all(PacketType.puback).length, 60);
});

test('QoS 0 beyond ten times the buffer is dropped and counted while an answer is awaited', async () => {
  const scene = await slowLoop();
  const { platform, broker, client, subscription } = scene;
  broker.reaction = (packet) => packet.type === PacketType.publish; // never answers
  void client.publish('b', '', { qos: 1 });
  sendEach(scene, 50);
  await platform.settle();
  assert.equal(subscription.waiting, 40);
  assert.equal(subscription.dropped, 10);
  assert.equal((await subscription.next()).value?.text(), '1', 'the newest were dropped');
});

test('QoS 1 is never dropped, whatever waits', async () => {
  for (const overflow of ['pause', 'drop-oldest'] as const) {
    const { platform, broker, client, subscription } = await slowLoop({ bufferSize: 2, overflow, qos: 1 });
    broker.reaction = (packet) => packet.type === PacketType.publish;
    void client.publish('b', '', { qos: 1 });
    for (let i = 1; i <= 100; i++) broker.link.send(message('a', `${i}`, 1, i));
    await platform.settle();
    assert.equal(subscription.waiting, 100);
    assert.equal(subscription.dropped, 0);
  }
});

test('drop-oldest gives up the QoS 0 messages that have waited longest, and reads on', async () => {
  const { platform, broker, subscription } = await slowLoop({ bufferSize: 3, overflow: 'drop-oldest', qos: 1 });
  const one = message('a', 'kept', 1, 1);
  broker.link.send(one, ...messages('a', 5));
  await platform.settle();
  assert.equal(broker.link.transport.paused, false);
  assert.equal(subscription.dropped, 3);
  const got: string[] = [];
  for (let i = 0; i < 3; i++) got.push((await subscription.next()).value!.text());
  assert.deepEqual(got, ['kept', '4', '5']);
});

test('a connection survives a pause far longer than its keep alive', async () => {
  const scene = await slowLoop(SLOW, { keepAlive: 10 });
  const { platform, broker, client, subscription } = scene;
  sendEach(scene, 10);
  await platform.advance(600_000);
  assert.equal(client.connected, true);
  assert.equal(broker.links.length, 1);
  assert.ok(broker.link.all(PacketType.pingreq).length >= 60);
  for (let i = 0; i < 10; i++) {
    await subscription.next();
    await platform.settle();
  }
  await platform.advance(60_000);
  assert.equal(client.connected, true);
  assert.equal(broker.links.length, 1);
});

test('a pause goes on over a reconnect until the consumer has caught up', async () => {
  const scene = await slowLoop();
  const { platform, broker, client, subscription } = scene;
  sendEach(scene, 4);
  await platform.settle();
  broker.link.cut();
  await platform.advance(5000);
  assert.equal(client.connected, true);
  sendEach(scene, 4, 5);
  await platform.settle();
  assert.equal(subscription.waiting, 4);
  for (let i = 1; i <= 8; i++) {
    assert.equal((await subscription.next()).value?.text(), `${i}`);
    await platform.settle();
  }
  assert.equal(broker.link.transport.paused, false);
});

test('a subscription that is closed while it is behind lets the others go on', async () => {
  const scene = await slowLoop();
  const { platform, client, subscription } = scene;
  const got: string[] = [];
  void client.on('b', (one) => void got.push(one.text()));
  await platform.settle();
  sendEach(scene, 10);
  scene.broker.link.send(message('b', 'here'));
  await platform.settle();
  assert.deepEqual(got, []);
  subscription.close();
  await platform.settle();
  assert.deepEqual(got, ['here']);
});
