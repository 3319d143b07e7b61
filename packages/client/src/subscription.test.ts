import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import type { Message } from './message.ts';
import { message, messages } from './testing/messages.ts';
import type { BrokerLink } from './testing/scripted-broker.ts';
import { startClient } from './testing/scripted-broker.ts';

const acks = (link: BrokerLink): number[] => link.all(PacketType.puback).map(({ packetId }) => packetId);
const texts = (found: readonly Message<object>[]): string[] => found.map((one) => one.text());

// ---- who gets what

test('each handler gets exactly the messages of its filters, also where filters overlap', async () => {
  const { platform, broker, client } = await startClient();
  const got: string[] = [];
  const take = (name: string) => (one: Message<object>) => void got.push(`${name} ${one.topic}`);
  void client.on('a/#', take('all'));
  void client.on('a/b', take('exact'));
  void client.on(['a/b', 'c/+', '+/b'], take('several'));
  void client.on('#', take('everything'));
  void client.on('$SYS/+', take('sys'));
  void client.on('$share/g/jobs/+', take('shared'));
  await platform.settle();
  for (const topic of ['a/b', 'c/d', '$SYS/x', 'jobs/1', 'a']) broker.link.send(message(topic, ''));
  await platform.settle();
  assert.deepEqual(got, [
    'all a/b',
    'exact a/b',
    'several a/b',
    'everything a/b',
    'several c/d',
    'everything c/d',
    'sys $SYS/x',
    'everything jobs/1',
    'shared jobs/1',
    'all a',
    'everything a',
  ]);
});

test('a message has the parameters of the first filter that matches and names some', async () => {
  const { platform, broker, client } = await startClient();
  const got: unknown[] = [];
  void client.on(['a/#', 'a/+what', '+where/x'], ({ params }) => void got.push({ ...params }));
  void client.on('a/x', ({ params }) => void got.push({ ...params }));
  await platform.settle();
  for (const topic of ['a/x', 'b/x', 'a/b/c']) broker.link.send(message(topic, ''));
  await platform.settle();
  assert.deepEqual(got, [{ what: 'x' }, {}, { where: 'b' }, {}]);
});

test('a loop gets its messages in the order of arrival, and one that breaks unsubscribes', async () => {
  const { platform, broker, client } = await startClient();
  const got: string[] = [];
  const subscription = client.subscribe('a/+n');
  const loop = (async () => {
    for await (const one of subscription) {
      got.push(`${one.params.n} ${one.text()}`);
      if (got.length === 3) break;
    }
  })();
  await platform.settle();
  broker.link.send(...messages('a/x', 5));
  await platform.settle();
  await loop;
  assert.deepEqual(got, ['x 1', 'x 2', 'x 3']);
  assert.deepEqual(broker.all(PacketType.unsubscribe)[0]?.filters, ['a/+']);
  assert.equal(await subscription.ended, undefined);
});

test('throwing and returning out of a loop unsubscribe too', async () => {
  const { platform, broker, client } = await startClient();
  const throws = (async () => {
    for await (const _ of client.subscribe('a')) throw new Error('mine');
  })();
  const returns = (async () => {
    for await (const one of client.subscribe('b')) return one.text();
    return undefined;
  })();
  await platform.settle();
  broker.link.send(message('a', '1'), message('b', '2'));
  await assert.rejects(Promise.all([throws, platform.settle()]), /mine/);
  await platform.settle();
  assert.equal(await returns, '2');
  assert.deepEqual(
    broker
      .all(PacketType.unsubscribe)
      .flatMap(({ filters }) => filters)
      .sort(),
    ['a', 'b'],
  );
});

test('two loops over one subscription share its messages, and each message waits for its own loop', async () => {
  const { platform, broker, client } = await startClient();
  const subscription = client.subscribe('a', { qos: 1 });
  const one = subscription[Symbol.asyncIterator]();
  const two = subscription[Symbol.asyncIterator]();
  await platform.settle();
  broker.link.send(message('a', '1', 1, 1), message('a', '2', 1, 2), message('a', '3', 1, 3));
  await platform.settle();
  assert.equal((await one.next()).value?.text(), '1');
  assert.equal((await two.next()).value?.text(), '2');
  await platform.settle();
  assert.deepEqual(acks(broker.link), [], 'the second loop does not finish what the first is working on');
  assert.equal((await one.next()).value?.text(), '3');
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1]);
  void two.next();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1, 2]);
});

test('a handler may return anything: only promises are waited for', async () => {
  const { platform, broker, client } = await startClient();
  const got: string[] = [];
  const anything = (one: Message): unknown => got.push(one.text());
  void client.on('a', anything as (one: Message) => void, { qos: 1 });
  await platform.settle();
  broker.link.send(message('a', '1', 1, 1), message('a', '2', 1, 2));
  await platform.settle();
  assert.deepEqual(got, ['1', '2']);
  assert.deepEqual(acks(broker.link), [1, 2]);
});

test('messages that wait are handed to an async handler one at a time, in their order, also with the smallest buffer', async () => {
  for (const bufferSize of [1, 2, 3, 1000]) {
    const { platform, broker, client } = await startClient();
    const got: string[] = [];
    let running = 0;
    const handler = async (one: Message): Promise<void> => {
      running += 1;
      assert.equal(running, 1);
      await new Promise<void>((resolve) => platform.setTimer(10, resolve));
      got.push(one.text());
      running -= 1;
    };
    void client.on('a', handler, { bufferSize });
    await platform.settle();
    for (let i = 1; i <= 20; i += 5) broker.link.send(...messages('a', 5, i));
    await platform.advance(1000);
    assert.deepEqual(
      got,
      Array.from({ length: 20 }, (_, i) => `${i + 1}`),
      `bufferSize ${bufferSize}`,
    );
  }
});

// ---- acknowledgement

test('a message is acknowledged when the promise of its handler is fulfilled, not before', async () => {
  const { platform, broker, client } = await startClient();
  const done = Promise.withResolvers<void>();
  void client.on('a', () => done.promise, { qos: 1 });
  await platform.settle();
  broker.link.send(message('a', '1', 1, 7));
  await platform.settle();
  assert.deepEqual(acks(broker.link), []);
  done.resolve();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [7]);
});

test('a message is acknowledged when the loop asks for the next one, or ends', async () => {
  const { platform, broker, client } = await startClient();
  const loop = client.subscribe('a', { qos: 1 })[Symbol.asyncIterator]();
  await platform.settle();
  broker.link.send(message('a', '1', 1, 1), message('a', '2', 1, 2));
  await platform.settle();
  await loop.next();
  await platform.settle();
  assert.deepEqual(acks(broker.link), []);
  await loop.next();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1]);
  await loop.return?.();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1, 2]);
});

test('acknowledgements leave in the order of arrival, over all subscriptions [MQTT-4.6.0-2] [MQTT-4.6.0-3]', async () => {
  const { platform, broker, client } = await startClient();
  const slow = Promise.withResolvers<void>();
  void client.on('slow', () => slow.promise, { qos: 2 });
  void client.on('fast', () => undefined, { qos: 2 });
  await platform.settle();
  broker.link.send(
    message('slow', '', 1, 1),
    message('fast', '', 1, 2),
    message('fast', '', 2, 3),
    message('fast', '', 1, 4),
  );
  await platform.settle();
  assert.deepEqual(acks(broker.link), []);
  slow.resolve();
  await platform.settle();
  const order = broker.link.received.flatMap((packet) =>
    packet.type === PacketType.puback || packet.type === PacketType.pubrec ? [packet.packetId] : [],
  );
  assert.deepEqual(order, [1, 2, 3, 4]);
});

test('a message for several is acknowledged when all of them are done', async () => {
  const { platform, broker, client } = await startClient();
  const done = Promise.withResolvers<void>();
  void client.on('a', () => undefined, { qos: 1 });
  void client.on('+', () => done.promise, { qos: 1 });
  await platform.settle();
  broker.link.send(message('a', '', 1, 1));
  await platform.settle();
  assert.deepEqual(acks(broker.link), []);
  done.resolve();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1]);
});

test('a closed subscription does not hold back acknowledgements, whatever still waits in it', async () => {
  const { platform, broker, client } = await startClient();
  const loop = client.subscribe('a', { qos: 1 });
  await platform.settle();
  broker.link.send(message('a', '1', 1, 1), message('a', '2', 1, 2));
  await platform.settle();
  loop.close();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1, 2]);
  assert.equal(loop.waiting, 0);
});

test('a handler in the manner of MQTT.js is refused with words instead of subscribing to a topic of that name', async () => {
  const { broker, client } = await startClient();
  const handler = ((_topic: string, _payload: Uint8Array) => undefined) as unknown as (message: Message) => void;
  await assert.rejects(client.on('message', handler), { name: 'TypeError', message: /one argument, the message/ });
  assert.deepEqual(broker.all(PacketType.subscribe), []);
});

// ---- handlers that fail

test('a handler that throws, or whose promise is rejected, goes to onError; its message is not acknowledged, others are', async () => {
  const failures: string[] = [];
  const onError = (error: Error, one: Message) => void failures.push(`${error.message} ${one.text()}`);
  const { platform, broker, client } = await startClient({ onError });
  const fails = (one: Message): void | Promise<void> => {
    if (one.text() === 'sync') throw new Error('boom');
    return one.text() === 'async' ? Promise.reject(new Error('bang')) : undefined;
  };
  void client.on('a', fails, { qos: 2 });
  await platform.settle();
  broker.link.send(
    message('a', 'sync', 1, 1),
    message('a', 'fine', 1, 2),
    message('a', 'async', 2, 3),
    message('a', 'fine', 1, 4),
  );
  await platform.settle();
  assert.deepEqual(failures, ['boom sync', 'bang async']);
  assert.deepEqual(acks(broker.link), [2, 4]);
  assert.deepEqual(broker.all(PacketType.pubrec), []);
});

test('what a handler failed on is handed out again when the broker sends it again, QoS 2 too', async () => {
  const { platform, broker, client } = await startClient({ onError: () => undefined });
  const got: string[] = [];
  const failsOnce = (one: Message): void => {
    got.push(`${one.text()} ${one.dup}`);
    if (got.length <= 2) throw new Error('not now');
  };
  void client.on('a', failsOnce, { qos: 2 });
  await platform.settle();
  broker.link.send(message('a', 'one', 1, 1), message('a', 'two', 2, 2));
  await platform.settle();
  broker.reaction = (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    link.send({ type: PacketType.connack, sessionPresent: true, reasonCode: 0 });
    link.send({ ...message('a', 'one', 1, 1), dup: true }, { ...message('a', 'two', 2, 2), dup: true });
    return true;
  };
  broker.link.cut();
  await platform.advance(5000);
  assert.deepEqual(got, ['one false', 'two false', 'one true', 'two true']);
  assert.deepEqual(acks(broker.link), [1]);
  assert.equal(broker.link.all(PacketType.pubrec).length, 1);
});

test('an onError that throws is an uncaught error, and the client and the handler go on', async (t) => {
  const uncaught: string[] = [];
  const onError = (): void => {
    throw new Error('onError is broken');
  };
  const { platform, broker, client } = await startClient({ onError });
  t.mock.method(platform, 'yield', (callback: () => void) => {
    try {
      callback();
    } catch (error) {
      uncaught.push((error as Error).message);
    }
  });
  const got: string[] = [];
  void client.on('a', async (one) => {
    got.push(one.text());
    if (one.text() !== '3') throw new Error('handler');
  });
  void client.on('a', () => {
    throw new Error('handler');
  });
  await platform.settle();
  broker.link.send(...messages('a', 3));
  await platform.settle();
  assert.deepEqual(got, ['1', '2', '3']);
  assert.equal(client.connected, true);
  assert.deepEqual(uncaught, Array(5).fill('onError is broken'));
});

test('without onError what a handler throws is an uncaught error of the program, and the client goes on', async (t) => {
  const { platform, broker, client } = await startClient();
  const uncaught: string[] = [];
  t.mock.method(platform, 'yield', (callback: () => void) => {
    try {
      callback();
    } catch (error) {
      uncaught.push((error as Error).message);
    }
  });
  void client.on('a', () => {
    throw new Error('boom');
  });
  await platform.settle();
  broker.link.send(...messages('a', 2));
  await platform.settle();
  assert.deepEqual(uncaught, ['boom', 'boom']);
  assert.equal(client.connected, true);
});

// ---- the end

test('a loop ends when the client ends, after what still waits', async () => {
  const { platform, broker, client } = await startClient();
  const got: Message[] = [];
  const subscription = client.subscribe('a');
  await platform.settle();
  broker.link.send(...messages('a', 2));
  await platform.settle();
  void client.end();
  await platform.settle();
  for await (const one of subscription) got.push(one);
  assert.deepEqual(texts(got), ['1', '2']);
});

test('a loop that waits ends when the client ends', async () => {
  const { platform, client } = await startClient();
  const next = client.subscribe('a').next();
  await platform.settle();
  void client.end();
  await platform.settle();
  assert.deepEqual(await next, { done: true, value: undefined });
});

test('a loop throws why the client is over, where it did not end by itself', async () => {
  const { platform, broker, client } = await startClient({ reconnect: false });
  const waiting = client.subscribe('a').next();
  const later = client.subscribe('b');
  await platform.settle();
  broker.link.cut();
  const [, failed] = await Promise.all([platform.settle(), assert.rejects(waiting, { code: 'CONNECTION_CLOSED' })]);
  assert.equal(failed, undefined);
  await assert.rejects(later.next(), { code: 'CONNECTION_CLOSED' });
  assert.equal((await later.ended)?.message, 'the connection to mqtt://broker:1883 was lost: the other end closed it');
});

test('an ended subscription is over when its handler is done', async () => {
  const { platform, broker, client } = await startClient();
  const done = Promise.withResolvers<void>();
  let isOver = false;
  const granted = client.on('a', () => done.promise);
  await platform.settle();
  const subscription = await granted;
  void subscription.ended.then(() => {
    isOver = true;
  });
  broker.link.send(message('a', ''));
  await platform.settle();
  subscription.close();
  await platform.settle();
  assert.equal(isOver, false);
  done.resolve();
  await platform.settle();
  assert.equal(isOver, true);
});

test('a subscription that was refused after a reconnect and is left does not hold back anything', async () => {
  const { platform, broker, client } = await startClient();
  void client.on('#', () => undefined, { qos: 1 });
  const loop = client.subscribe('a', { qos: 1, bufferSize: 2 });
  await platform.settle();
  broker.reaction = (packet, link) => {
    if (packet.type !== PacketType.subscribe || packet.subscriptions[0]?.filter !== 'a') return undefined;
    link.send(message('a', '1', 1, 1), message('a', '2', 1, 2));
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [0x87] });
    return true;
  };
  broker.link.cut();
  await platform.advance(5000);
  assert.equal((await loop.ended)?.name, 'MqttError');
  const iterator = loop[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value?.text(), '1');
  await iterator.return?.();
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1, 2]);
  assert.equal(broker.link.transport.paused, false);
});
