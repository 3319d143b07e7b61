import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '@cauldron/protocol';
import { PacketType } from '@cauldron/protocol';
import { connectWith } from './connect.ts';
import type { Message } from './message.ts';
import { FakePlatform } from './testing/fake-platform.ts';
import { message } from './testing/messages.ts';
import { type BrokerLink, type Reaction, ScriptedBroker, startClient } from './testing/scripted-broker.ts';

const nothing = (): void => undefined;

/** Every filter asked for, with its QoS; unsubscribed ones begin with a minus. */
const asked = (packets: readonly Packet[]): string[] =>
  packets.flatMap((packet) => {
    if (packet.type === PacketType.subscribe) return packet.subscriptions.map(({ filter, qos }) => `${filter} ${qos}`);
    return packet.type === PacketType.unsubscribe ? packet.filters.map((filter) => `-${filter}`) : [];
  });

/** The broker still has the session. */
const keeps: Reaction = (packet, link) => {
  if (packet.type !== PacketType.connect || packet.cleanStart) return undefined;
  link.send({ type: PacketType.connack, sessionPresent: true, reasonCode: 0 });
  return true;
};

const silent =
  (type: number): Reaction =>
  (packet, link) =>
    packet.type === type || keeps(packet, link);

/** Answers SUBSCRIBE with these reason codes. */
const grants =
  (...reasonCodes: number[]): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.subscribe) return undefined;
    link.send({ type: PacketType.suback, packetId: packet.packetId, reasonCodes });
    return true;
  };

test('two subscriptions to one filter ask for the higher QoS, and it is unsubscribed when the last one goes', async () => {
  const { platform, broker, client } = await startClient();
  const high = client.subscribe('a', { qos: 2 });
  const low = client.subscribe('a', { qos: 0 });
  await platform.settle();
  assert.deepEqual(asked(broker.received), ['a 2', 'a 2']);
  high.close();
  await platform.settle();
  assert.deepEqual(broker.all(PacketType.unsubscribe), []);
  low.close();
  await platform.settle();
  assert.deepEqual(
    broker.all(PacketType.unsubscribe).map(({ filters }) => filters),
    [['a']],
  );
});

test('named filters that come to the same are one filter, also within one subscription', async () => {
  const { platform, broker, client } = await startClient();
  const got: unknown[] = [];
  const granted = client.on(['a/+x', 'a/+y'], ({ params }) => void got.push(params));
  await platform.settle();
  const both = await granted;
  const other = client.subscribe('a/+');
  await platform.settle();
  broker.link.send(message('a/1', ''));
  await platform.settle();
  assert.deepEqual(got, [{ x: '1' }]);
  both.close();
  await platform.settle();
  assert.deepEqual(broker.all(PacketType.unsubscribe), []);
  other.close();
  await platform.settle();
  assert.deepEqual(
    broker.all(PacketType.unsubscribe).map(({ filters }) => filters),
    [['a/+']],
  );
});

test('options and properties of a subscription are those of its SUBSCRIBE', async () => {
  const { platform, broker, client } = await startClient();
  client.subscribe('a', {
    noLocal: true,
    retainAsPublished: true,
    retainHandling: 2,
    properties: { userProperties: [['k', 'v']] },
  });
  await platform.settle();
  const [sent] = broker.all(PacketType.subscribe);
  assert.deepEqual(sent?.subscriptions, [
    { filter: 'a', qos: 0, noLocal: true, retainAsPublished: true, retainHandling: 2 },
  ]);
  assert.deepEqual(sent?.properties?.userProperties, [['k', 'v']]);
});

// ---- refusals

test('a refusal is thrown by on, by ready and out of the loop, with the broker’s reason and the filter', async () => {
  const { platform, client } = await startClient({}, grants(0x87));
  const refusal = { code: 'SUBSCRIBE_REFUSED', reasonCode: 0x87, message: /secret.*Not authorized \(0x87\)/ };
  const on = client.on('secret', nothing);
  const loop = client.subscribe('secret');
  const next = loop.next();
  await Promise.all([platform.settle(), assert.rejects(on, refusal), assert.rejects(next, refusal)]);
  await assert.rejects(loop.ready, refusal);
  await assert.rejects(loop.next(), refusal);
  assert.equal((await loop.ended)?.message, (await loop.ready.catch((error: Error) => error))?.message);
});

test('one refused filter of several ends the subscription, and what was granted of it is given back', async () => {
  const { platform, broker, client } = await startClient({}, grants(1, 0x80, 0));
  const on = client.on(['a', 'b', 'c'], nothing, { qos: 1 });
  await Promise.all([platform.settle(), assert.rejects(on, { message: /to b:/ })]);
  assert.deepEqual(broker.all(PacketType.unsubscribe)[0]?.filters, ['a', 'b', 'c']);
});

test('a refusal takes nothing away from another subscription to the same filter', async () => {
  const { platform, broker, client } = await startClient();
  const got: string[] = [];
  void client.on('a', (one) => void got.push(one.text()));
  await platform.settle();
  broker.reaction = grants(0, 0x80);
  const on = client.on(['a', 'b'], nothing);
  await Promise.all([platform.settle(), assert.rejects(on)]);
  broker.link.send(message('a', 'still'));
  await platform.settle();
  assert.deepEqual(got, ['still']);
  assert.deepEqual(
    broker.all(PacketType.unsubscribe).map(({ filters }) => filters),
    [['b']],
  );
});

test('with onRefused, a subscription of which some filters are refused goes on with the others', async () => {
  const { platform, broker, client } = await startClient({}, grants(0, 0x87));
  const refused: string[] = [];
  const got: string[] = [];
  const onRefused = (filter: string, code: number) => void refused.push(`${filter} ${code}`);
  const on = client.on(['a', 'b/+x'], (one) => void got.push(one.topic), { onRefused });
  await platform.settle();
  await on;
  broker.link.send(message('a', ''));
  await platform.settle();
  assert.deepEqual(refused, ['b/+ 135']);
  assert.deepEqual(got, ['a']);
  broker.reaction = grants(0x87, 0x87);
  const none = client.on(['c', 'd'], nothing, { onRefused });
  await Promise.all([platform.settle(), assert.rejects(none, { code: 'SUBSCRIBE_REFUSED' })]);
});

test('an onRefused that throws is an uncaught error of the program, and the subscription and the client go on', async (t) => {
  const { platform, client } = await startClient({}, grants(0, 0x87));
  const uncaught: string[] = [];
  t.mock.method(platform, 'yield', (callback: () => void) => {
    assert.throws(callback, (error: Error) => uncaught.push(error.message) > 0);
  });
  const onRefused = (filter: string): void => {
    throw new Error(`no ${filter}`);
  };
  const on = client.on(['a', 'b'], nothing, { onRefused });
  await platform.settle();
  await on;
  assert.deepEqual(uncaught, ['no b']);
  assert.equal(client.connected, true);
});

test('filters that are none are refused at once, and nothing of the subscription stays', async () => {
  const { platform, broker, client } = await startClient();
  for (const wrong of ['', 'a/#/b', 'a+', '$share/g', '$share//a', 'a\0', '#rest/b']) {
    assert.throws(() => client.subscribe(wrong), { code: 'TOPIC_FILTER_INVALID' }, JSON.stringify(wrong));
    await assert.rejects(client.on(['fine', wrong], nothing), { code: 'TOPIC_FILTER_INVALID' });
  }
  assert.throws(() => client.subscribe([]), { code: 'TOPIC_FILTER_INVALID' });
  await platform.settle();
  assert.deepEqual(asked(broker.received), []);
});

test('what cannot be written as SUBSCRIBE ends that subscription only, with why', async () => {
  const { platform, client } = await startClient();
  const on = client.on('$share/g/a', nothing, { noLocal: true });
  await Promise.all([platform.settle(), assert.rejects(on, { code: 'PROTOCOL_ERROR', message: /no local/ })]);
  assert.equal(client.connected, true);
});

// ---- connections come and go

test('subscriptions made before the first connection, while connecting and while waiting are asked for later', async () => {
  let connects = 0;
  const { platform, broker, client } = await startClient(
    { protocolVersion: 5, reconnect: { minDelay: 1000, maxDelay: 1000 } },
    (packet) => {
      if (packet.type !== PacketType.connect) return undefined;
      connects += 1;
      return connects === 1;
    },
  );
  const early = client.on('early', nothing);
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  assert.equal(client.state.status, 'waiting');
  const waiting = client.on('waiting', nothing);
  await platform.advance(1000);
  await Promise.all([early, waiting]);
  assert.deepEqual(asked(broker.received), ['early 0', 'waiting 0']);
});

test('a lost session is subscribed to again, a kept one is not', async () => {
  const { platform, broker, client } = await startClient();
  void client.on('a', nothing, { qos: 1 });
  void client.on(['b', 'c'], nothing);
  await platform.settle();
  broker.link.cut();
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), ['a 1', 'b 0', 'c 0']);
  broker.reaction = keeps;
  broker.link.cut();
  await platform.advance(5000);
  assert.equal(client.sessionPresent, true);
  assert.deepEqual(asked(broker.link.received), []);
  broker.reaction = () => undefined;
  broker.link.cut();
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), ['a 1', 'b 0', 'c 0']);
});

test('a SUBSCRIBE in flight when the connection breaks is repeated, also where the session was kept', async () => {
  const { platform, broker, client } = await startClient({}, silent(PacketType.subscribe));
  const granted = client.on('a', nothing);
  await platform.settle();
  assert.deepEqual(asked(broker.link.received), ['a 0']);
  broker.reaction = keeps;
  broker.link.cut();
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), ['a 0']);
  assert.equal((await granted).confirmed, true);
});

test('what was unsubscribed while offline is unsubscribed when the session is still there, and only then', async () => {
  const { platform, broker, client } = await startClient({}, keeps);
  const one = client.subscribe('a');
  const two = client.subscribe('b');
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  one.close();
  await client.unsubscribe('of/an/earlier/process');
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), ['-a', '-of/an/earlier/process']);
  broker.link.cut();
  await platform.settle();
  two.close();
  broker.reaction = () => undefined;
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), []);
});

test('what was unsubscribed and subscribed again while offline stays subscribed', async () => {
  const { platform, broker, client } = await startClient({}, keeps);
  const one = client.subscribe('a');
  await platform.settle();
  broker.link.cut();
  await platform.settle();
  one.close();
  client.subscribe('a', { qos: 1 });
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), ['a 1']);
});

test('an UNSUBSCRIBE in flight when the connection breaks is repeated where the session was kept', async () => {
  const { platform, broker, client } = await startClient({}, silent(PacketType.unsubscribe));
  const one = client.subscribe('a');
  await platform.settle();
  one.close();
  await platform.settle();
  assert.deepEqual(asked(broker.link.received), ['a 0', '-a']);
  broker.reaction = keeps;
  broker.link.cut();
  await platform.advance(5000);
  assert.deepEqual(asked(broker.link.received), ['-a']);
});

// ---- unsubscribe(filter)

test('unsubscribe ends every subscription to a filter with one UNSUBSCRIBE, and is fulfilled when that is confirmed', async () => {
  const { platform, broker, client } = await startClient({}, silent(PacketType.unsubscribe));
  const one = client.subscribe('a/+room');
  const two = client.subscribe(['a/+', 'b']);
  await platform.settle();
  let isDone = false;
  const done = client.unsubscribe('a/+room', { userProperties: [['k', 'v']] }).then(() => {
    isDone = true;
  });
  await platform.settle();
  assert.deepEqual([await one.ended, await two.ended], [undefined, undefined]);
  const [sent, ...more] = broker.all(PacketType.unsubscribe);
  assert.deepEqual(more, []);
  assert.deepEqual([...sent!.filters].sort(), ['a/+', 'b']);
  assert.deepEqual(sent!.properties?.userProperties, [['k', 'v']]);
  assert.equal(isDone, false);
  broker.link.send({ type: PacketType.unsuback, packetId: sent!.packetId, reasonCodes: [0, 0] });
  await platform.settle();
  await done;
});

test('unsubscribe is fulfilled when the connection breaks meanwhile, or the client ends', async () => {
  for (const ends of [false, true]) {
    const { platform, broker, client } = await startClient({}, silent(PacketType.unsubscribe));
    const done = client.unsubscribe('a');
    await platform.settle();
    if (ends) void client.end({ timeout: 0 });
    else broker.link.cut();
    await platform.settle();
    await done;
    await client.unsubscribe('b');
  }
});

test('unsubscribe from what is no filter is refused', async () => {
  const { platform, broker, client } = await startClient();
  await assert.rejects(client.unsubscribe('a/#/b'), { code: 'TOPIC_FILTER_INVALID' });
  await platform.settle();
  assert.deepEqual(asked(broker.received), []);
});

// ---- signals

test('a signal ends its subscription and unsubscribes; one that is aborted already is refused', async () => {
  const { platform, broker, client } = await startClient();
  const controller = new AbortController();
  const { signal } = controller;
  const loop = client.subscribe('a', { signal });
  const next = loop.next();
  await platform.settle();
  controller.abort();
  await platform.settle();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.deepEqual(asked(broker.received), ['a 0', '-a']);
  assert.throws(() => client.subscribe('b', { signal }), { code: 'ABORTED' });
  await assert.rejects(client.on('b', nothing, { signal }), { code: 'ABORTED' });
});

test('on is rejected when its signal is aborted, or the client ends, before the broker has answered', async () => {
  const { platform, client } = await startClient({}, silent(PacketType.subscribe));
  const controller = new AbortController();
  const on = client.on('a', nothing, { signal: controller.signal });
  const other = client.on('b', nothing);
  await platform.settle();
  controller.abort();
  await assert.rejects(on, { code: 'ABORTED' });
  void client.end({ timeout: 0 });
  await assert.rejects(other, { code: 'CONNECTION_CLOSED' });
  await platform.settle();
});

test('a signal that lives longer than its subscriptions keeps none of them', async (t) => {
  const { platform, client } = await startClient();
  const { signal } = new AbortController();
  const removed = t.mock.method(signal, 'removeEventListener');
  const added = t.mock.method(signal, 'addEventListener');
  client.subscribe('a', { signal }).close();
  await platform.settle();
  assert.equal(added.mock.callCount(), 1);
  assert.equal(removed.mock.callCount(), 1);
});

// ---- messages of a session that nobody has subscribed to yet

const resumed =
  (...packets: Packet[]): Reaction =>
  (packet, link) => {
    if (packet.type !== PacketType.connect) return undefined;
    link.send({ type: PacketType.connack, sessionPresent: true, reasonCode: 0 }, ...packets);
    return true;
  };

const acks = (link: BrokerLink): number[] => link.all(PacketType.puback).map(({ packetId }) => packetId);

test('a handler added as soon as the client is connected misses no message of a resumed session, QoS 0 neither', async () => {
  const platform = new FakePlatform();
  const waiting = [message('a', '0'), message('a', '1', 1, 1), message('a', '2', 2, 2)];
  const broker = new ScriptedBroker(platform, resumed(...waiting));
  const got: string[] = [];
  const program = async (): Promise<void> => {
    const client = await connectWith(platform, 'mqtt://broker', { cleanStart: false });
    await client.on('a', (one) => void got.push(one.text()));
  };
  void program();
  await platform.settle();
  assert.deepEqual(got, ['0', '1', '2']);
  assert.deepEqual(asked(broker.received), ['a 0']);
});

test('QoS 1 and 2 messages of a resumed session wait, unacknowledged, for the subscription that matches them', async () => {
  const waiting = [message('a', '1', 1, 1), message('a', '2', 2, 2), message('b', '3', 1, 3)];
  const { platform, broker, client } = await startClient({ cleanStart: false }, resumed(...waiting));
  await platform.advance(1000);
  assert.deepEqual(acks(broker.link), []);
  const got: string[] = [];
  void client.on('a', (one: Message) => void got.push(one.text()));
  await platform.settle();
  assert.deepEqual(got, ['1', '2']);
  assert.deepEqual(acks(broker.link), [1]);
  assert.equal(broker.all(PacketType.pubrec).length, 1);
  void client.on('b', (one: Message) => void got.push(one.text()));
  await platform.settle();
  assert.deepEqual(got, ['1', '2', '3']);
  assert.deepEqual(acks(broker.link), [1, 3]);
});

test('a message that nobody subscribes to is given up after ten seconds, so that those behind it are acknowledged', async () => {
  const { platform, broker, client } = await startClient({ cleanStart: false }, resumed(message('old', '', 1, 1)));
  void client.on('a', nothing, { qos: 1 });
  await platform.settle();
  broker.link.send(message('a', '', 1, 2));
  await platform.advance(9_000);
  assert.deepEqual(acks(broker.link), []);
  await platform.advance(1_000);
  assert.deepEqual(acks(broker.link), [1, 2]);
  broker.link.send(message('old', '', 1, 3), message('a', '', 1, 4));
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1, 2, 3, 4], 'it is known now that nobody wants them');
});

test('of more than a hundred messages that wait, the later ones are given up', async () => {
  const many = Array.from({ length: 120 }, (_, i) => message('a', `${i + 1}`, 1, i + 1));
  const { platform, broker, client } = await startClient({ cleanStart: false }, resumed(...many));
  const got: string[] = [];
  void client.on('a', (one) => void got.push(one.text()));
  await platform.settle();
  assert.equal(got.length, 100);
  assert.equal(got.at(-1), '100');
  assert.equal(acks(broker.link).length, 120);
});

test('messages that wait when the connection breaks are handed out once, as they come again', async () => {
  const waiting = [message('a', '1', 1, 1), message('a', '2', 2, 2)];
  const again = waiting.map((one) => ({ ...one, dup: true }));
  const { platform, broker, client } = await startClient({ cleanStart: false }, resumed(...waiting));
  broker.reaction = resumed(...again);
  broker.link.cut();
  await platform.advance(5000);
  const got: string[] = [];
  void client.on('a', (one) => void got.push(one.text()));
  await platform.settle();
  assert.deepEqual(got.sort(), ['1', '2']);
  assert.deepEqual(acks(broker.link), [1]);
  assert.equal(broker.link.all(PacketType.pubrec).length, 1);
});

test('without a resumed session, what matches nothing is acknowledged and dropped', async () => {
  const { platform, broker } = await startClient();
  broker.link.send(message('a', '', 1, 1), message('a', '', 0));
  await platform.settle();
  assert.deepEqual(acks(broker.link), [1]);
  assert.equal(platform.timers, 1);
});

test('onMessage gets what no subscription matches, and only that', async () => {
  const got: string[] = [];
  const onMessage = (one: Message) => void got.push(`any ${one.topic}`);
  const reaction = resumed(message('old', '', 1, 1), message('old', '', 0));
  const { platform, broker, client } = await startClient({ cleanStart: false, onMessage }, reaction);
  void client.on('a', () => void got.push('own'));
  await platform.settle();
  broker.link.send(message('a', ''), message('b', '', 1, 2));
  await platform.settle();
  assert.deepEqual(got, ['any old', 'any old', 'own', 'any b']);
  assert.deepEqual(acks(broker.link), [1, 2]);
});

test('a client that is over leaves no timer, whatever waited', async () => {
  const { platform, client } = await startClient({ cleanStart: false }, resumed(message('old', '', 1, 1)));
  const ended = client.end();
  await platform.settle();
  await ended;
  assert.equal(platform.timers, 0);
});
