import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import type { PublishOptions, QueueOptions } from './options.ts';
import { type Scene, startClient } from './testing/scripted-broker.ts';
import { watchedSignal } from './testing/watched-signal.ts';

const utf8 = new TextDecoder();

/** A client that was connected and is not any more. */
async function offline(queue: QueueOptions = {}): Promise<Scene> {
  const scene = await startClient({ queue });
  scene.broker.unreachable = new Error('away');
  scene.broker.link.cut();
  await scene.platform.settle();
  return scene;
}

/** Lets the client come back; what it publishes then. */
async function back({ platform, broker }: Scene): Promise<string[]> {
  broker.unreachable = undefined;
  await platform.advance(2000);
  return broker.link.all(PacketType.publish).map(({ payload }) => utf8.decode(payload));
}

/** Publishes and notes how it ended. */
function publish({ client }: Scene, text: string | Uint8Array, options?: PublishOptions): { code?: string } {
  const outcome: { code?: string } = {};
  client.publish('a', text, options).then(
    () => {
      outcome.code = 'done';
    },
    (error) => {
      outcome.code = error.code;
    },
  );
  return outcome;
}

test('what is published while there is no connection waits, and leaves in its order, QoS 0 too', async () => {
  const scene = await offline();
  const outcomes = ([0, 1, 2, 0, 1] as const).map((qos, i) => publish(scene, `${i}`, { qos }));
  assert.deepEqual(scene.client.queue, { messages: 5, bytes: 10, inflight: 0, dropped: 0 });
  assert.deepEqual(await back(scene), ['0', '1', '2', '3', '4']);
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    Array(5).fill('done'),
  );
  assert.deepEqual(scene.client.queue, { messages: 0, bytes: 0, inflight: 0, dropped: 0 });
});

test('the bytes of a message that waits are its own: the program may use its buffer again', async () => {
  const scene = await offline();
  const buffer = new TextEncoder().encode('before');
  publish(scene, buffer, { qos: 1 });
  buffer.fill(120);
  assert.deepEqual(await back(scene), ['before']);
});

test('with qos0: false QoS 0 is refused while there is no connection, and only then', async () => {
  const scene = await offline({ qos0: false });
  const refused = publish(scene, '0');
  publish(scene, '1', { qos: 1 });
  await scene.platform.settle();
  assert.equal(refused.code, 'CONNECTION_CLOSED');
  scene.broker.reaction = ({ type }) => type === PacketType.publish;
  assert.deepEqual(await back(scene), ['1']);
  for (let i = 0; i < 1000; i++) publish(scene, 'x', { qos: 1 }); // the window is full and something waits
  const waiting = publish(scene, 'last');
  await scene.platform.settle();
  assert.equal(scene.client.connected, true);
  assert.equal(waiting.code, undefined);
});

test('a full queue refuses the new message with QUEUE_FULL, by number and by bytes', async () => {
  for (const limit of [{ maxMessages: 2 }, { maxBytes: 5 }]) {
    const scene = await offline(limit);
    const outcomes = ['1', '2', '3'].map((text) => publish(scene, text, { qos: 1 }));
    await scene.platform.settle();
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [undefined, undefined, 'QUEUE_FULL'],
    );
    assert.equal(scene.client.queue.dropped, 1);
    assert.deepEqual(await back(scene), ['1', '2']);
  }
});

test('with drop-oldest a full queue gives up what has waited longest', async () => {
  for (const limit of [{ maxMessages: 2 }, { maxBytes: 5 }]) {
    const scene = await offline({ ...limit, whenFull: 'drop-oldest' });
    const outcomes = ['1', '2', '3', '4'].map((text) => publish(scene, text, { qos: 1 }));
    await scene.platform.settle();
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      ['QUEUE_FULL', 'QUEUE_FULL', undefined, undefined],
    );
    assert.equal(scene.client.queue.dropped, 2);
    assert.deepEqual(await back(scene), ['3', '4']);
  }
});

test('a message larger than the whole queue is refused and pushes nothing else out', async () => {
  const scene = await offline({ maxBytes: 10, whenFull: 'drop-oldest' });
  publish(scene, '1', { qos: 1 });
  const large = publish(scene, new Uint8Array(50), { qos: 1 });
  await scene.platform.settle();
  assert.equal(large.code, 'QUEUE_FULL');
  assert.deepEqual(await back(scene), ['1']);
});

test('the limits are for what waits: what can leave at once needs no room in the queue', async () => {
  const scene = await startClient({ queue: { maxMessages: 0 }, maxInflight: 1 });
  const { platform } = scene;
  const first = publish(scene, '1', { qos: 1 });
  const second = publish(scene, '2', { qos: 1 });
  await platform.settle();
  assert.deepEqual([first.code, second.code], ['done', 'QUEUE_FULL']);
});

test('an aborted publish is taken out of the queue, and one that was sent is only no longer waited for', async () => {
  const scene = await offline();
  const controller = new AbortController();
  const { signal } = controller;
  const outcomes = [publish(scene, '1', { qos: 1, signal }), publish(scene, '2', { qos: 1 })];
  controller.abort(new Error('changed my mind'));
  await scene.platform.settle();
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    ['ABORTED', undefined],
  );
  assert.equal(scene.client.queue.messages, 1);
  scene.broker.reaction = ({ type }) => type === PacketType.publish;
  assert.deepEqual(await back(scene), ['2']);
  const late = new AbortController();
  const sent = publish(scene, '3', { qos: 1, signal: late.signal });
  await scene.platform.settle();
  late.abort();
  await scene.platform.settle();
  assert.equal(sent.code, 'ABORTED');
  assert.equal(scene.client.queue.inflight, 2);
  const never = publish(scene, '4', { signal: late.signal });
  await scene.platform.settle();
  assert.equal(never.code, 'ABORTED');
});

test('end() does not wait for a publish that was given up meanwhile', async () => {
  const scene = await startClient({ maxInflight: 1 }, ({ type }) => type === PacketType.publish);
  const controller = new AbortController();
  publish(scene, '1', { qos: 1 });
  publish(scene, '2', { qos: 1, signal: controller.signal });
  await scene.platform.settle();
  const ended = scene.client.end();
  scene.broker.link.send({ type: PacketType.puback, packetId: 1, reasonCode: 0 });
  controller.abort();
  await scene.platform.settle();
  await ended;
  assert.equal(scene.platform.timers, 0);
});

test('a settled publish leaves no listener on its signal', async () => {
  const watched = watchedSignal();
  const { signal } = watched.controller;
  const scene = await startClient({ queue: { maxMessages: 1 } }, (packet, link) => {
    if (packet.type !== PacketType.publish || packet.packetId !== 2) return undefined;
    link.send({ type: PacketType.puback, packetId: 2, reasonCode: 0x87 });
    return true;
  });
  for (const qos of [1, 1, 2, 0] as const) {
    publish(scene, '', { qos, signal });
    await scene.platform.settle();
  }
  scene.broker.link.cut();
  await scene.platform.settle();
  for (let i = 0; i < 3; i++) publish(scene, '', { qos: 1, signal }); // two are refused
  await scene.client.end();
  await scene.platform.settle();
  assert.equal(watched.listeners, 0);
});

test('QoS 0 is fulfilled at once until much was published, then when there is room again', async () => {
  const scene = await startClient();
  const { platform, broker, client } = scene;
  broker.link.transport.stuck = true;
  const outcomes: { code?: string }[] = [];
  for (let i = 0; i < 10; i++) outcomes.push(publish(scene, new Uint8Array(40_000)));
  await platform.settle();
  assert.equal(outcomes[0]!.code, 'done');
  assert.equal(outcomes[9]!.code, undefined);
  broker.link.transport.stuck = false;
  await platform.settle();
  assert.deepEqual(new Set(outcomes.map(({ code }) => code)), new Set(['done']));
  broker.link.transport.stuck = true;
  const lost = Array.from({ length: 10 }, () => publish(scene, new Uint8Array(40_000)));
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  assert.equal(lost[9]!.code, 'done', 'QoS 0 is not waited for once the connection is gone');
  await client.end();
});

test('a QoS 0 message published while the connection is being closed waits for the next', async () => {
  const scene = await startClient();
  const { platform, broker, client } = scene;
  broker.link.ended = () => undefined;
  broker.link.raw([0xff, 0x00]); // no packet: the client ends the connection, and the broker does not close its side
  await platform.settle();
  publish(scene, 'late');
  publish(scene, 'later', { qos: 1 });
  await platform.advance(3500);
  assert.equal(client.connected, true);
  assert.deepEqual(
    broker.link.all(PacketType.publish).map(({ payload }) => utf8.decode(payload)),
    ['late', 'later'],
  );
});
