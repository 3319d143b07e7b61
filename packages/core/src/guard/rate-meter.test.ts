import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, type Packet, PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions, type TestClient, textBytes, textOf } from '@cauldron/testkit';

function watched(limits: NonNullable<TestBrokerOptions['limits']>) {
  const throttled: string[] = [];
  const broker = new TestBroker({
    limits,
    observer: { throttled: ({ clientId }, limit) => throttled.push(`${clientId} ${limit}`) },
  });
  const subscriber = broker.connect('s');
  subscriber.subscribe('#', { qos: 0 });
  return { broker, subscriber, throttled };
}

const message = (text: string, qos: 0 | 1 | 2 = 0, packetId = 0): Packet => ({
  type: PacketType.publish,
  topic: 't',
  payload: textBytes(text),
  qos,
  retain: false,
  dup: false,
  packetId,
});

/** Sends many packets as one chunk, as a client does that does not wait. */
function burst(client: TestClient, packets: readonly Packet[]): void {
  client.sendBytes(Buffer.concat(packets.map((packet) => encodePacket(packet, 5))));
}

const numbered = (from: number, count: number): Packet[] =>
  Array.from({ length: count }, (_, i) => message(String(from + i)));

const texts = (client: TestClient): string[] => client.takeMessages().map(({ payload }) => textOf(payload));

test('maxMessageRate: what is too much is read later, all of it and in order; the link is paused meanwhile', () => {
  const { broker, subscriber, throttled } = watched({ maxMessageRate: 100 });
  const client = broker.connect('c');
  burst(client, numbered(0, 300));
  const got = texts(subscriber);
  assert.equal(got.length, 101, 'a second’s worth, and the one that showed it');
  assert.equal(client.link.paused, true);
  const counts: number[] = [];
  for (let i = 0; i < 9; i++) {
    broker.advance(500);
    const more = texts(subscriber);
    counts.push(more.length);
    got.push(...more);
  }
  assert.deepEqual(
    got,
    numbered(0, 300).map((_, i) => String(i)),
  );
  assert.ok(Math.max(...counts) <= 102, counts.join());
  assert.deepEqual(throttled, ['c maxMessageRate'], 'said once');
  assert.deepEqual([client.link.paused, client.closed, broker.core.metrics.clientsThrottled], [false, false, 1]);
});

test('maxMessageRate: over a long time no more than the rate and one second’s worth comes through', () => {
  const { broker, subscriber } = watched({ maxMessageRate: 20, rateGrace: 1000 });
  const client = broker.connect('c');
  burst(client, numbered(0, 2000));
  let got = texts(subscriber).length;
  for (let second = 1; second <= 20; second++) {
    broker.advance(1000);
    got += texts(subscriber).length;
    assert.ok(got <= 20 * (second + 1) + 1, `${got} in ${second} s`);
    assert.ok(got >= 20 * (second - 1), `${got} in ${second} s`);
  }
});

test('maxByteRate: the client is read from again when what it sent is within its rate', () => {
  const { broker, subscriber, throttled } = watched({ maxByteRate: 1000 });
  const client = broker.connect('c');
  broker.advance(1000);
  client.publish('t', new Uint8Array(3000));
  assert.equal(subscriber.takeMessages().length, 1, 'what has arrived is handled');
  assert.deepEqual([client.link.paused, throttled], [true, ['c maxByteRate']]);
  client.publish('t', 'behind');
  broker.advance(2000);
  assert.deepEqual(texts(subscriber), []);
  broker.advance(1000);
  assert.deepEqual(texts(subscriber), ['behind']);
  assert.deepEqual([client.link.paused, client.closed], [false, false]);
});

test('a client that is slowed, keeps to its rate and is slowed again is told of twice', () => {
  const { broker, throttled } = watched({ maxMessageRate: 10 });
  const client = broker.connect('c');
  burst(client, numbered(0, 12));
  broker.advance(1000);
  burst(client, numbered(0, 12));
  broker.advance(5000);
  assert.equal(throttled.length, 1);
  burst(client, numbered(0, 12));
  assert.deepEqual([throttled.length, broker.core.metrics.clientsThrottled], [2, 2]);
});

test('QoS 1 and 2 go on after pauses: every message is acknowledged and delivered exactly once', () => {
  const { broker, subscriber } = watched({ maxMessageRate: 10 });
  const client = broker.connect('c');
  const packets: Packet[] = [];
  for (let id = 1; id <= 40; id++) {
    packets.push(message(String(id), id % 2 === 0 ? 2 : 1, id));
    if (id % 2 === 0) packets.push({ type: PacketType.pubrel, packetId: id, reasonCode: 0 });
  }
  burst(client, packets);
  const got: string[] = [];
  const answers: string[] = [];
  for (let i = 0; i < 20; i++) {
    broker.advance(500);
    got.push(...texts(subscriber));
    answers.push(...client.take().map((packet) => `${packet.type} ${'packetId' in packet ? packet.packetId : ''}`));
  }
  assert.deepEqual(
    got,
    Array.from({ length: 40 }, (_, i) => String(i + 1)),
  );
  const wanted: string[] = [];
  for (let id = 1; id <= 40; id++) {
    if (id % 2 === 1) wanted.push(`${PacketType.puback} ${id}`);
    else wanted.push(`${PacketType.pubrec} ${id}`, `${PacketType.pubcomp} ${id}`);
  }
  assert.deepEqual(answers, wanted);
  assert.equal(client.closed, false);
});

test('rateGrace: a client that goes on is disconnected with 0x96 and told which limit, one that sends a lot at times is not', () => {
  const { broker } = watched({ maxMessageRate: 20, rateGrace: 10 });
  const flood = broker.connect('flood');
  burst(flood, numbered(0, 20_000));
  const atTimes = broker.connect('at times');
  for (let second = 0; second < 120; second++) {
    if (second % 20 === 0) burst(atTimes, numbered(0, 180));
    broker.advance(1000);
    if (second === 8) assert.equal(flood.closed, false);
    if (second === 11) assert.equal(flood.closed, true);
  }
  const last = flood.take().at(-1);
  assert(last?.type === PacketType.disconnect);
  assert.equal(last.reasonCode, ReasonCode.messageRateTooHigh);
  assert.match(
    last.properties?.reasonString ?? '',
    /20 messages a second \(limits\.maxMessageRate\).*10 s \(limits\.rateGrace\)/,
  );
  assert.equal(broker.core.metrics.disconnectedRate, 1);
  assert.deepEqual([atTimes.closed, broker.core.metrics.clientsThrottled], [false, 7]);
});

test('rateGrace: a client that is ten percent too fast and never pauses ends as well', () => {
  const { broker } = watched({ maxMessageRate: 20, rateGrace: 10 });
  const client = broker.connect('c');
  let second = 0;
  for (; second < 120 && !client.closed; second++) {
    burst(client, numbered(0, 22));
    broker.advance(1000);
  }
  assert.ok(second > 9 && second < 40, `it ended after ${second} s`);
});

test('rateGrace: bytes are counted the same way', () => {
  const { broker } = watched({ maxByteRate: 1000, rateGrace: 5 });
  const client = broker.connect('c');
  for (let i = 0; i < 40 && !client.closed; i++) {
    if (!client.link.paused) client.publish('t', new Uint8Array(2000));
    broker.advance(250);
  }
  const last = client.take().at(-1);
  assert(last?.type === PacketType.disconnect);
  assert.equal(last.reasonCode, ReasonCode.messageRateTooHigh);
  assert.match(last.properties?.reasonString ?? '', /1000 bytes a second \(limits\.maxByteRate\)/);
});

test('keep alive is not held against a client that is not read from', () => {
  const { broker } = watched({ maxByteRate: 100, rateGrace: 1000 });
  const client = broker.connect('c', { keepAlive: 2 });
  client.publish('t', new Uint8Array(3000));
  client.send({ type: PacketType.pingreq });
  broker.advance(20_000);
  assert.equal(client.closed, false);
  broker.advance(12_000);
  assert.ok(
    client.take().some(({ type }) => type === PacketType.pingresp),
    'it is read in the end',
  );
  broker.advance(4000);
  assert.equal(client.closed, true, 'from then on its silence is its own');
});

test('a client that leaves while it is held back leaves nothing behind', () => {
  const { broker } = watched({ maxMessageRate: 10 });
  const timers = broker.core.timers.size;
  const client = broker.connect('c');
  burst(client, numbered(0, 100));
  client.cut();
  assert.equal(broker.core.timers.size, timers);
  broker.advance(60_000);
  assert.equal(broker.core.metrics.disconnectedRate, 0);
});

test('a listener’s own rate holds for its clients alone', () => {
  const { broker, subscriber } = watched({});
  const free = broker.connect('free');
  burst(free, numbered(0, 5000));
  assert.equal(subscriber.takeMessages().length, 5000);
  assert.equal(free.link.paused, false);
});

test('keep alive is not held against a client in the very tick in which it is read from again', () => {
  for (let bytes = 2500; bytes <= 4500; bytes += 50) {
    const { broker } = watched({ maxByteRate: 1000 });
    const client = broker.connect('c', { keepAlive: 2 });
    client.publish('t', new Uint8Array(bytes));
    assert.equal(client.link.paused, true);
    // What it sends while its link is paused stays in the network, so nothing is fed here.
    while (client.link.paused && !client.closed) broker.advance(250);
    assert.equal(client.closed, false, `held back for ${bytes} bytes`);
    client.send({ type: PacketType.pingreq });
    broker.advance(2000);
    assert.equal(client.closed, false);
  }
});
