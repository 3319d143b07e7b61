import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { HeldStore, MemoryEngine, TestBroker, type TestBrokerOptions, type TestClient } from '@cauldron/testkit';

// Limits of what all clients have together, and of packets by what they are.

const { noMatchingSubscribers, quotaExceeded } = ReasonCode;

/** Publishes a retained QoS 1 message; returns the code of its PUBACK and why. */
function retain(client: TestClient, topic: string, payload: string | Uint8Array, qos: 1 | 2 = 1): [number, string] {
  client.publish(topic, payload, { qos, retain: true });
  const answer = client.takeOne();
  assert('reasonCode' in answer && 'packetId' in answer);
  return [answer.reasonCode, answer.properties?.reasonString ?? ''];
}

const codeOf = (...args: Parameters<typeof retain>): number => retain(...args)[0];

test('maxSubscriptions: one more than all clients may have together is refused with 0x97, 0x80 in 3.x; replacing one is not', () => {
  const broker = new TestBroker({ limits: { maxSubscriptions: 2 } });
  const [a, b] = [broker.connect('a'), broker.connect('b', { version: 4 })];
  assert.deepEqual([a.subscribe('x').reasonCodes, b.subscribe('$share/g/y').reasonCodes], [[2], [2]]);
  const suback = a.subscribe('z');
  assert.deepEqual(suback.reasonCodes, [quotaExceeded]);
  assert.match(
    suback.properties?.reasonString ?? '',
    /together have 2 subscriptions \(limits\.maxSubscriptions\).*later/,
  );
  assert.deepEqual(b.subscribe('z').reasonCodes, [0x80]);
  assert.deepEqual(a.subscribe('x', { qos: 0 }).reasonCodes, [0]);
  assert.equal(broker.core.metrics.subscriptionsOverTotal, 2);
  b.disconnect();
  assert.deepEqual(a.subscribe('z').reasonCodes, [2], 'those of a session that ended are given back');
});

test('maxSessions: a CONNECT that would make one more is refused with 0x97, one whose session is there is not', () => {
  const broker = new TestBroker({ limits: { maxSessions: 2 } });
  const away = broker.connect('away', { properties: { sessionExpiryInterval: 10 } });
  away.disconnect();
  broker.connect('here');
  const { reasonCode, properties } = broker.open().tryConnect('third');
  assert.equal(reasonCode, quotaExceeded);
  assert.match(properties?.reasonString ?? '', /all 2 places for sessions.*\(limits\.maxSessions\).*later/);
  assert.equal(broker.open(4).tryConnect('third').reasonCode, 3);
  assert.equal(broker.core.metrics.refusedMaxSessions, 2);
  broker.connect('here');
  broker.connect('away', { cleanStart: true }).disconnect();
  assert.equal(broker.open().tryConnect('third').reasonCode, 0);
});

test('maxRetainedBytes: a message for which there is no room is refused with 0x97 and a reason; smaller ones may take its place', () => {
  const broker = new TestBroker({ limits: { maxRetainedBytes: 1000 } });
  const client = broker.connect('c');
  assert.equal(codeOf(client, 'a', new Uint8Array(600)), noMatchingSubscribers);
  const [code, reason] = retain(client, 'b', new Uint8Array(600));
  assert.equal(code, quotaExceeded);
  assert.match(reason, /1000 bytes \(limits\.maxRetainedBytes\).*delete some/);
  assert.equal(codeOf(client, 'b', new Uint8Array(600), 2), quotaExceeded);
  assert.equal(codeOf(client, 'a', new Uint8Array(1200)), quotaExceeded);
  assert.equal(broker.core.retained.get('a')?.payloadLength, 600, 'what was there stays');
  assert.equal(codeOf(client, 'a', new Uint8Array(300)), noMatchingSubscribers);
  assert.equal(codeOf(client, 'b', new Uint8Array(600)), noMatchingSubscribers);
  assert.equal(codeOf(client, 'a', ''), noMatchingSubscribers);
  assert.equal(codeOf(client, 'c', new Uint8Array(300)), noMatchingSubscribers, 'a deleted one is given back');
  assert.equal(broker.core.metrics.retainedOverBytes, 3);
  assert.ok(broker.core.retained.bytesOfUsers <= 1000);
});

test('maxRetainedBytes is exact, whether a packet comes whole, in pieces or by alias', () => {
  const size = 't'.length + 2 + 97; // topic, packet identifier, payload; property length included
  for (const room of [0, -1]) {
    const broker = new TestBroker({ limits: { maxRetainedBytes: size + 1 + room } });
    const client = broker.connect('c');
    assert.equal(codeOf(client, 't', new Uint8Array(97)), room === 0 ? noMatchingSubscribers : quotaExceeded);
    assert.equal(broker.core.retained.bytesOfUsers, room === 0 ? size + 1 : 0);
  }
  const broker = new TestBroker({ limits: { maxRetainedBytes: 2000 } });
  const client = broker.connect('c');
  const properties = { topicAlias: 1 };
  client.publish('t', new Uint8Array(700), { qos: 1, retain: true, properties });
  for (let i = 0; i < 20; i++) {
    client.publish('', new Uint8Array(500 + i * 100), { qos: 1, retain: true, properties });
    client.publish(`u/${i}`, new Uint8Array(300), { qos: 1, retain: true });
    assert.ok(broker.core.retained.bytesOfUsers <= 2000);
  }
});

test('maxRetainedPerClient: each client has so many of its own, whoever’s topics they were; deleted, replaced and expired ones are given back', () => {
  const broker = new TestBroker({ limits: { maxRetainedPerClient: 2 } });
  const [a, b] = [broker.connect('a'), broker.connect('b')];
  assert.deepEqual([codeOf(a, '1', 'x'), codeOf(a, '2', 'x')], [noMatchingSubscribers, noMatchingSubscribers]);
  const [code, reason] = retain(a, '3', 'x');
  assert.equal(code, quotaExceeded);
  assert.match(reason, /'a' has 2 retained messages.*\(limits\.maxRetainedPerClient\).*delete some/);
  assert.equal(codeOf(a, '1', 'again'), noMatchingSubscribers, 'replacing its own');
  assert.equal(codeOf(b, '2', 'x'), noMatchingSubscribers, 'b has it now');
  assert.equal(codeOf(a, '3', 'x'), noMatchingSubscribers);
  assert.equal(codeOf(a, '2', 'x'), quotaExceeded, 'taking it back would be one more');
  assert.equal(codeOf(b, '1', ''), noMatchingSubscribers, 'anybody may delete');
  a.publish('4', 'x', { qos: 1, retain: true, properties: { messageExpiryInterval: 5 } });
  a.take();
  assert.equal(codeOf(a, '5', 'x'), quotaExceeded);
  broker.advance(6000);
  assert.equal(codeOf(a, '5', 'x'), noMatchingSubscribers, 'what expired makes room before the next sweep');
  assert.equal(broker.core.metrics.retainedOverClient, 3);
  assert.deepEqual(
    new Map(broker.core.retained.publishers),
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  );
});

test('maxRetainedPerClient and maxRetainedBytes: what cannot be told goes out live and is not kept', () => {
  const broker = new TestBroker({ limits: { maxRetainedPerClient: 0, maxRetainedBytes: 10 } });
  const subscriber = broker.connect('s');
  subscriber.subscribe('#', { qos: 0 });
  broker.connect('five').publish('qos0', 'x', { retain: true });
  broker.connect('four', { version: 4 }).publish('qos1', new Uint8Array(50), { qos: 1, retain: true });
  assert.equal(subscriber.takeMessages().length, 2);
  assert.equal(broker.core.retained.count, 0);
  const { retainedOverClient, retainedOverBytes } = broker.core.metrics;
  assert.deepEqual([retainedOverClient, retainedOverBytes], [1, 1]);
});

test('a retained will for which there is no room goes out live, since its client cannot be told', () => {
  const broker = new TestBroker({ limits: { maxRetainedPerClient: 0 } });
  const subscriber = broker.connect('s');
  subscriber.subscribe('will');
  const client = broker.open();
  client.connect('c', { will: { topic: 'will', payload: new Uint8Array(1), qos: 1, retain: true } });
  client.cut();
  assert.deepEqual(
    subscriber.takeMessages().map(({ topic }) => topic),
    ['will'],
  );
  assert.deepEqual([broker.core.retained.count, broker.core.metrics.retainedOverClient], [0, 1]);
});

test('the limits of what is retained hold for restored messages too', () => {
  const engine = new MemoryEngine();
  const start = (options: TestBrokerOptions) => new TestBroker({ ...options, store: new HeldStore(engine) });
  const before = start({});
  const client = before.connect('a');
  for (const topic of ['1', '2']) client.publish(topic, new Uint8Array(100), { qos: 1, retain: true });
  before.settle();
  const after = start({ limits: { maxRetainedPerClient: 2, maxRetainedBytes: 400 } });
  const { retained } = after.core;
  assert.deepEqual([retained.countOf('a'), retained.countOfUsers], [2, 2]);
  const again = after.connect('a');
  const other = after.connect('b');
  again.publish('3', 'x', { qos: 1, retain: true });
  other.publish('3', new Uint8Array(250), { qos: 1, retain: true });
  after.settle();
  assert.equal(retained.get('3'), null);
  const { retainedOverClient, retainedOverBytes } = after.core.metrics;
  assert.deepEqual([retainedOverClient, retainedOverBytes], [1, 1]);
});

test('maxControlPacketSize: a SUBSCRIBE that announces more ends the connection with 0x95 before it comes, a PUBLISH does not', () => {
  const broker = new TestBroker({ limits: { maxControlPacketSize: 200 } });
  const client = broker.connect('c'.repeat(500));
  client.publish('t', new Uint8Array(1000));
  client.sendBytes(Uint8Array.of(0x82, 0xc7, 0x01)); // 199 behind a header of 3
  const last = client.take().at(-1);
  assert(last?.type === PacketType.disconnect);
  assert.equal(last.reasonCode, ReasonCode.packetTooLarge);
  assert.match(last.properties?.reasonString ?? '', /SUBSCRIBE of 202 bytes.*200.*\(limits\.maxControlPacketSize\)/);
  const { packetsTooLarge, controlPacketsTooLarge } = broker.core.metrics;
  assert.deepEqual([client.closed, packetsTooLarge, controlPacketsTooLarge], [true, 1, 1]);
});

test('maxPropertiesSize: a PUBLISH with more properties ends the connection with 0x95', () => {
  const broker = new TestBroker({ limits: { maxPropertiesSize: 100 } });
  const client = broker.connect('c');
  client.publish('t', new Uint8Array(1000), { qos: 1, properties: { contentType: 'x'.repeat(97) } });
  assert.equal(client.takeOne().type, PacketType.puback);
  client.publish('t', '', { properties: { contentType: 'x'.repeat(98) } });
  const last = client.take().at(-1);
  assert(last?.type === PacketType.disconnect);
  assert.equal(last.reasonCode, ReasonCode.packetTooLarge);
  assert.match(last.properties?.reasonString ?? '', /101 bytes of properties.*100.*\(limits\.maxPropertiesSize\)/);
  const { packetsTooLarge, propertiesTooLarge } = broker.core.metrics;
  assert.deepEqual([packetsTooLarge, propertiesTooLarge], [1, 1]);
});
