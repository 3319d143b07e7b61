import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { connectWith, publishOnceWith, subscribeOnceWith } from './connect.ts';
import { UnreachableError } from './error.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { message } from './testing/messages.ts';
import { type Reaction, ScriptedBroker } from './testing/scripted-broker.ts';

function place(reaction?: Reaction) {
  const platform = new FakePlatform();
  return { platform, broker: new ScriptedBroker(platform, reaction) };
}

const refuses =
  (type: number): Reaction =>
  (packet, link) => {
    if (packet.type !== type) return undefined;
    if (packet.type === PacketType.connect) {
      link.send({ type: PacketType.connack, sessionPresent: false, reasonCode: 0x87 });
      link.finish();
    } else if (packet.type === PacketType.publish) {
      link.send({ type: PacketType.puback, packetId: packet.packetId, reasonCode: 0x87 });
    } else if (packet.type === PacketType.subscribe) {
      link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [0x87] });
    }
    return true;
  };

const URL_TEXT = 'mqtt://anna:secret@broker';

test('publishOnce connects, publishes, says goodbye and leaves nothing behind', async () => {
  for (const qos of [0, 1, 2] as const) {
    const { platform, broker } = place();
    const done = publishOnceWith(platform, URL_TEXT, 'a', 'soup', {
      qos,
      retain: true,
      properties: { contentType: 'x' },
    });
    await platform.settle();
    assert.equal((await done).reasonCode, 0);
    const [sent] = broker.all(PacketType.publish);
    assert.deepEqual([sent?.topic, sent?.qos, sent?.retain, sent?.properties?.contentType], ['a', qos, true, 'x']);
    assert.equal(broker.link.received.at(-1)?.type, PacketType.disconnect);
    assert.equal(broker.all(PacketType.connect)[0]?.properties?.sessionExpiryInterval, 300);
    assert.equal(broker.all(PacketType.disconnect)[0]?.properties?.sessionExpiryInterval, 0);
    assert.equal(platform.timers, 0);
  }
});

test('publishOnce is rejected when the connection or the message is refused, or the connection is lost', async () => {
  const unreachable = place();
  unreachable.broker.unreachable = new UnreachableError('mqtt://broker:1883', 'nothing listens there');
  const cuts: Reaction = (packet, link) => {
    if (packet.type !== PacketType.publish) return undefined;
    link.cut();
    return true;
  };
  const cases = [
    [unreachable, 'UNREACHABLE'],
    [place(refuses(PacketType.connect)), 'CONNECTION_REFUSED'],
    [place(refuses(PacketType.publish)), 'PUBLISH_REFUSED'],
    [place(cuts), 'CONNECTION_CLOSED'],
  ] as const;
  for (const [{ platform }, code] of cases) {
    const done = publishOnceWith(platform, URL_TEXT, 'a', 'soup', { qos: 1 });
    await Promise.all([platform.settle(), assert.rejects(done, { code })]);
    await platform.settle();
    assert.equal(platform.timers, 0, code);
  }
});

test('subscribeOnce answers the first message that matches, acknowledged, and says goodbye', async () => {
  const { platform, broker } = place((packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [1] });
    link.send(message('a/kitchen', 'ready', 1, 1), message('a/kitchen', 'again', 1, 2));
    return true;
  });
  const done = subscribeOnceWith(platform, URL_TEXT, 'a/+room', { qos: 1 });
  await platform.settle();
  const got = await done;
  assert.equal(got.text(), 'ready');
  assert.equal(got.params.room, 'kitchen');
  assert.equal(broker.all(PacketType.puback).length, 2, 'nobody wants the second any more');
  assert.equal(broker.link.received.at(-1)?.type, PacketType.disconnect);
  assert.equal(platform.timers, 0);
});

test('subscribeOnce waits over a lost connection', async () => {
  const { platform, broker } = place();
  const done = subscribeOnceWith(platform, URL_TEXT, 'a', {});
  await platform.settle();
  broker.link.cut();
  await platform.advance(5000);
  broker.link.send(message('a', 'late'));
  await platform.settle();
  assert.equal((await done).text(), 'late');
});

test('subscribeOnce is rejected when the connection or the subscription is refused, or the filter is none', async () => {
  const cases = [
    [place(refuses(PacketType.connect)), 'a', 'CONNECTION_REFUSED'],
    [place(refuses(PacketType.subscribe)), 'a', 'SUBSCRIBE_REFUSED'],
    [place(), 'a/#/b', 'TOPIC_FILTER_INVALID'],
  ] as const;
  for (const [{ platform }, filter, code] of cases) {
    const done = subscribeOnceWith(platform, URL_TEXT, filter, {});
    await Promise.all([platform.settle(), assert.rejects(done, { code })]);
    await platform.settle();
    assert.equal(platform.timers, 0, code);
  }
});

test('a signal ends publishOnce, subscribeOnce and connect wherever they are, also when it was aborted before', async () => {
  const signal = AbortSignal.abort();
  const aborted = { code: 'ABORTED' };
  await assert.rejects(connectWith(place().platform, URL_TEXT, { signal }), aborted);
  await assert.rejects(publishOnceWith(place().platform, URL_TEXT, 'a', '', { signal }), aborted);
  await assert.rejects(subscribeOnceWith(place().platform, URL_TEXT, 'a', { signal }), aborted);
  for (const silent of [PacketType.connect, PacketType.publish, PacketType.subscribe]) {
    for (const once of ['publish', 'subscribe'] as const) {
      const { platform } = place((packet) => packet.type === silent);
      const controller = new AbortController();
      const options = { signal: controller.signal, qos: 1 } as const;
      const done =
        once === 'publish'
          ? publishOnceWith(platform, URL_TEXT, 'a', '', options)
          : subscribeOnceWith(platform, URL_TEXT, 'a', options);
      const isDone = once === 'publish' && silent === PacketType.subscribe;
      const ends = isDone ? done : assert.rejects(done, aborted);
      await platform.settle();
      controller.abort();
      await platform.settle();
      await ends;
      assert.equal(platform.timers, 0);
    }
  }
});
