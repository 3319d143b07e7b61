import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '@cauldron/core';
import { encodePacket, type Packet, PacketType, type ProtocolVersion, ReasonCode } from '@cauldron/protocol';
import { MemoryLink, TestBroker, type TestBrokerOptions, type TestClient, textBytes } from '@cauldron/testkit';

const connectPacket = (protocolVersion: ProtocolVersion, clientId: string): Packet => ({
  type: PacketType.connect,
  protocolVersion,
  cleanStart: true,
  keepAlive: 0,
  clientId,
});

function lastWords(client: TestClient): [reasonCode: number, reason: string] {
  const packet = client.take().at(-1);
  assert(packet?.type === PacketType.disconnect || packet?.type === PacketType.connack);
  return [packet.reasonCode, packet.properties?.reasonString ?? ''];
}

/** A broker whose refusals are written down. */
function watched(options: TestBrokerOptions = {}) {
  const refusals: Refusal[] = [];
  const broker = new TestBroker({
    ...options,
    observer: { refused: (_address, _clientId, refusal) => refusals.push(refusal) },
  });
  return { broker, refusals };
}

test('maxConnections: who comes too much is refused with 0x97, return code 3 in 3.x, and counted', () => {
  const { broker, refusals } = watched({ limits: { maxConnections: 2 } });
  const [first] = [broker.connect('a'), broker.connect('b')];
  for (const version of [3, 4, 5] as const) {
    const client = broker.open(version);
    const { reasonCode, properties } = client.tryConnect('c');
    assert.equal(reasonCode, version === 5 ? ReasonCode.quotaExceeded : 3);
    if (version === 5) assert.match(properties?.reasonString ?? '', /all 2 places.*maxConnections.*later/);
    assert.equal(client.closed, true);
  }
  assert.deepEqual([broker.core.metrics.refusedMaxConnections, refusals.length], [3, 3]);
  first.disconnect();
  assert.equal(broker.open().tryConnect('c').reasonCode, 0);
});

test('maxConnections: a client that takes over its own connection needs no free place', () => {
  const broker = new TestBroker({ limits: { maxConnections: 1 } });
  const first = broker.connect('c');
  const second = broker.connect('c');
  assert.deepEqual([first.closed, second.closed], [true, false]);
  assert.equal(broker.open().tryConnect('d').reasonCode, ReasonCode.quotaExceeded);
});

test('maxConnections of a listener counts its own clients, that of the broker all of them', () => {
  const broker = new TestBroker({ limits: { maxConnections: 3 } });
  const small = broker.core.listener({ limits: { maxConnections: 1 } });
  const large = broker.core.listener({});
  const connect = (listener: typeof small, clientId: string) => {
    const bytes: number[] = [];
    const link = new MemoryLink((sent) => bytes.push(...sent));
    link.receiver = broker.core.accept(link, listener);
    link.feed(encodePacket(connectPacket(4, clientId), 4));
    broker.core.flush();
    return { code: bytes[3], link };
  };
  const { code, link } = connect(small, 'a');
  assert.deepEqual([code, connect(small, 'b').code], [0, 3]);
  assert.equal(connect(small, 'a').code, 0, 'the one client of the small listener takes itself over');
  assert.equal(link.ended, true);
  assert.deepEqual([connect(large, 'c').code, connect(large, 'd').code, connect(large, 'e').code], [0, 0, 3]);
  assert.equal(small.clients, 1);
  assert.equal(large.clients, 2);
  assert.equal(broker.core.metrics.refusedMaxConnections, 2);
});

test('maxPacketSize: a packet that announces more is refused with 0x95 before its body comes, and counted', () => {
  const broker = new TestBroker({ limits: { maxPacketSize: 1000 } });
  const client = broker.open();
  assert.equal(client.connect('c').properties?.maximumPacketSize, 1000);
  client.subscribe('t');
  const overhead = 6; // fixed header 3, topic 3, property length 1, less one
  client.publish('t', new Uint8Array(1000 - overhead - 1));
  assert.equal(client.takeMessages().length, 1, 'a packet of exactly the maximum passes');
  client.sendBytes(Uint8Array.of(0x30, 0xe6, 0x07)); // 998 behind a header of 3
  const [reasonCode, reason] = lastWords(client);
  assert.equal(reasonCode, ReasonCode.packetTooLarge);
  assert.match(reason, /1001 bytes.*1000.*\(limits\.maxPacketSize\)/);
  assert.equal(client.closed, true);
  assert.equal(broker.core.metrics.packetsTooLarge, 1);
  const old = broker.connect('o', { version: 4 });
  old.sendBytes(Uint8Array.of(0x30, 0xe6, 0x07));
  assert.deepEqual([old.take(), old.closed], [[], true]);
  assert.equal(broker.core.metrics.packetsTooLarge, 2);
});

test('maxConnectPacketSize: before a CONNECT is accepted less is taken, and the log names the limit', () => {
  const { broker, refusals } = watched({ limits: { maxConnectPacketSize: 100, maxPacketSize: 1000 } });
  const client = broker.open();
  client.sendBytes(Uint8Array.of(0x10, 99)); // 101 in all
  assert.deepEqual([client.take(), client.closed], [[], true]);
  assert.match(refusals[0]?.reason ?? '', /101 bytes.*100.*limits\.maxConnectPacketSize/);
  assert.equal(broker.core.metrics.packetsTooLarge, 1);
  const fits = broker.connect('c'.repeat(100 - 16));
  fits.publish('t', new Uint8Array(500));
  assert.equal(fits.closed, false);
});

test('a broker whose maxPacketSize is below maxConnectPacketSize applies it to CONNECT too', () => {
  const { broker, refusals } = watched({ limits: { maxPacketSize: 64 } });
  const client = broker.open();
  client.sendBytes(Uint8Array.of(0x10, 63));
  assert.equal(client.closed, true);
  assert.match(refusals[0]?.reason ?? '', /\(limits\.maxPacketSize\)/);
});

test('connectTimeout: a connection without CONNECT is closed, with an unfinished one too, and counted', () => {
  const { broker, refusals } = watched({ limits: { connectTimeout: 3 } });
  const silent = broker.open();
  const halfway = broker.open();
  halfway.sendBytes(encodePacket(connectPacket(5, 'c'), 5).subarray(0, 10));
  broker.advance(2_750);
  halfway.sendBytes(encodePacket(connectPacket(5, 'c'), 5).subarray(10, 11));
  assert.deepEqual([silent.closed, halfway.closed], [false, false]);
  broker.advance(500);
  assert.deepEqual([silent.take(), silent.closed, halfway.take(), halfway.closed], [[], true, [], true]);
  assert.equal(broker.core.metrics.refusedConnectTimeout, 2);
  assert.match(refusals[0]?.reason ?? '', /3 s \(limits\.connectTimeout\)/);
  const intime = broker.connect('d');
  broker.advance(60_000);
  assert.equal(intime.closed, false);
});

for (const [name, limits, longest, tooLong, says] of [
  [
    'maxTopicLength',
    { maxTopicLength: 10 },
    'äöü/äx',
    'äöü/äxy',
    /10 bytes \(limits\.maxTopicLength\), this one has 11/,
  ],
  ['maxTopicLevels', { maxTopicLevels: 3 }, 'a/b/c', 'a/b/c/', /3 levels \(limits\.maxTopicLevels\), this one has 4/],
] as const) {
  test(`${name}: a publish above it ends the connection with 0x90, a filter is refused with 0x8F, a will with 0x90`, () => {
    const broker = new TestBroker({ limits });
    const client = broker.connect('c');
    assert.deepEqual(client.subscribe(longest, { qos: 0 }).reasonCodes, [0]);
    client.publish(longest, 'x');
    assert.equal(client.takeMessages().length, 1);
    const suback = client.subscribe(tooLong);
    assert.deepEqual(suback.reasonCodes, [ReasonCode.topicFilterInvalid]);
    assert.match(suback.properties?.reasonString ?? '', says);
    client.publish(tooLong, 'x');
    const [reasonCode, reason] = lastWords(client);
    assert.equal(reasonCode, ReasonCode.topicNameInvalid);
    assert.match(reason, says);
    assert.equal(client.closed, true);
    const will = { topic: tooLong, payload: textBytes(''), qos: 0, retain: false } as const;
    assert.equal(broker.open().tryConnect('w', { will }).reasonCode, ReasonCode.topicNameInvalid);
    assert.equal(broker.core.metrics.topicsOverLimit, 3);
  });

  test(`${name}: in 3.x a publish above it closes the connection, and a filter gets 0x80 from 3.1.1 on`, () => {
    const broker = new TestBroker({ limits });
    const client = broker.connect('c', { version: 4 });
    assert.deepEqual(client.subscribe(tooLong).reasonCodes, [0x80]);
    client.publish(tooLong, 'x');
    assert.deepEqual([client.take(), client.closed], [[], true]);
  });
}

test('maxSubscriptionsPerClient: one more is refused with 0x97, replacing one is not', () => {
  const broker = new TestBroker({ limits: { maxSubscriptionsPerClient: 2 } });
  const client = broker.connect('c');
  assert.deepEqual([client.subscribe('a').reasonCodes, client.subscribe('b').reasonCodes], [[2], [2]]);
  const suback = client.subscribe('c');
  assert.deepEqual(suback.reasonCodes, [ReasonCode.quotaExceeded]);
  assert.match(suback.properties?.reasonString ?? '', /2 subscriptions \(limits\.maxSubscriptionsPerClient\)/);
  assert.deepEqual(client.subscribe('a', { qos: 1 }).reasonCodes, [1]);
  assert.deepEqual(broker.connect('d').subscribe('c').reasonCodes, [2], 'each client has its own');
  assert.equal(broker.core.metrics.subscriptionsOverLimit, 1);
});

test('maxQueuedMessages and maxQueuedBytes: what comes too much for a client that is away is dropped and counted', () => {
  for (const limits of [{ maxQueuedMessages: 3 }, { maxQueuedBytes: 350 }]) {
    const broker = new TestBroker({ limits });
    const properties = { sessionExpiryInterval: 60 };
    const client = broker.connect('c', { properties });
    client.subscribe('t', { qos: 1 });
    client.cut();
    const publisher = broker.connect('p');
    for (let i = 0; i < 5; i++) publisher.publish('t', new Uint8Array(100).fill(i), { qos: 1 });
    assert.equal(broker.core.metrics.droppedQueueFull, 2);
    const back = broker.connect('c', { cleanStart: false, properties });
    const numbers = back.takeMessages().map(({ payload }) => payload[0]);
    assert.deepEqual(numbers, [0, 1, 2], JSON.stringify(limits));
  }
});

test('maxInflight: no more than that is in flight to a client, the rest waits its turn', () => {
  const broker = new TestBroker({ limits: { maxInflight: 2 } });
  const client = broker.connect('c', { properties: { receiveMaximum: 100 } });
  client.subscribe('t', { qos: 1 });
  const publisher = broker.connect('p');
  for (let i = 0; i < 4; i++) publisher.publish('t', String(i), { qos: 1 });
  const messages = client.takeMessages();
  assert.equal(messages.length, 2);
  client.ack(PacketType.puback, messages[0]?.packetId ?? 0);
  assert.equal(client.takeMessages().length, 1);
});

test('maxRetainedMessages: one more topic is refused with 0x97, replacing one is not', () => {
  const broker = new TestBroker({ limits: { maxRetainedMessages: 1 } });
  const client = broker.connect('c');
  const codes = ['a', 'b', 'a'].map((topic) => {
    client.publish(topic, 'x', { qos: 1, retain: true });
    const answer = client.takeOne();
    return 'reasonCode' in answer && answer.reasonCode;
  });
  const { noMatchingSubscribers, quotaExceeded } = ReasonCode;
  assert.deepEqual(codes, [noMatchingSubscribers, quotaExceeded, noMatchingSubscribers]);
  assert.equal(broker.core.metrics.retainedOverLimit, 1);
});

test('maxRetainedMessages: a message whose publisher cannot be told goes out live and is not kept', () => {
  const broker = new TestBroker({ limits: { maxRetainedMessages: 0 } });
  const subscriber = broker.connect('s');
  subscriber.subscribe('#', { qos: 0 });
  broker.connect('five').publish('qos0', 'x', { retain: true });
  const older = broker.connect('four', { version: 4 });
  older.publish('qos1', 'x', { qos: 1, retain: true });
  assert.deepEqual(
    subscriber.takeMessages().map(({ topic }) => topic),
    ['qos0', 'qos1'],
  );
  assert.equal(broker.core.metrics.retainedOverLimit, 2);
  assert.equal(broker.core.retained.count, 0);
});

test('a client’s maximum packet size: a message above it is dropped as if delivered, and counted [MQTT-3.1.2-24] [MQTT-3.1.2-25]', () => {
  for (const qos of [0, 1, 2] as const) {
    const dropped: string[] = [];
    const broker = new TestBroker({
      observer: { dropping: (clientId, reason) => dropped.push(`${clientId} ${reason}`) },
    });
    const small = broker.connect('small', { properties: { maximumPacketSize: 100, receiveMaximum: 1 } });
    small.subscribe('t', { qos });
    const large = broker.connect('large');
    large.subscribe('t', { qos });
    const publisher = broker.connect('p');
    for (const size of [80, 100, 81]) publisher.publish('t', new Uint8Array(size), { qos });
    assert.equal(large.takeMessages().length, 3);
    const sizes: number[] = [];
    for (let [message] = small.takeMessages(); message !== undefined; ) {
      sizes.push(message.payload.length);
      if (qos === 0) break;
      small.ack(qos === 1 ? PacketType.puback : PacketType.pubrec, message.packetId);
      if (qos === 2) small.ack(PacketType.pubcomp, message.packetId);
      message = small.takeMessages()[0];
    }
    assert.deepEqual(sizes, qos === 0 ? [80] : [80, 81], `QoS ${qos}`);
    assert.equal(broker.core.metrics.droppedTooLarge, 1);
    assert.deepEqual(dropped, ['small too-large']);
  }
});

test('a client’s maximum packet size: acknowledgements above it go without their reason string [MQTT-3.1.2-24] [MQTT-3.4.2-2]', () => {
  const no = { reasonCode: ReasonCode.notAuthorized, reason: 'n'.repeat(100) };
  const broker = new TestBroker({ authorizer: { authorizePublish: () => no, authorizeSubscribe: () => no } });
  const client = broker.connect('c', { properties: { maximumPacketSize: 50 } });
  const suback = client.subscribe('t');
  assert.deepEqual([suback.reasonCodes, suback.properties?.reasonString], [[ReasonCode.notAuthorized], undefined]);
  client.publish('t', 'x', { qos: 1 });
  const puback = client.takeOne();
  assert(puback.type === PacketType.puback);
  assert.deepEqual([puback.reasonCode, puback.properties?.reasonString], [ReasonCode.notAuthorized, undefined]);
});

test('a client that allows no topic alias is sent none [MQTT-3.1.2-27]', () => {
  const broker = new TestBroker();
  for (const properties of [{}, { topicAliasMaximum: 0 }]) {
    const client = broker.connect('c', { properties });
    client.subscribe('t');
    broker.connect('p').publish('t', 'x');
    broker.connect('p').publish('t', 'y');
    const messages = client.takeMessages();
    assert.deepEqual(
      messages.map(({ topic, properties: sent }) => [topic, sent?.topicAlias]),
      [
        ['t', undefined],
        ['t', undefined],
      ],
    );
  }
});
