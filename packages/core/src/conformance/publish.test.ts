import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodePacket,
  PacketType,
  type Properties,
  type PublishPacket,
  type QoS,
  ReasonCode,
} from '@cauldron/protocol';
import { MemoryLink, TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;
const levels = [0, 1, 2] as const;

/** Acknowledges a message to its end and returns what the broker sent meanwhile. */
function finish(client: TestClient, message: PublishPacket): number[] {
  if (message.qos === 1) client.ack(PacketType.puback, message.packetId);
  if (message.qos === 2) {
    client.ack(PacketType.pubrec, message.packetId);
    client.ack(PacketType.pubcomp, message.packetId);
  }
  return client.take().map(({ type }) => type);
}

const answers: Record<QoS, readonly number[]> = { 0: [], 1: [PacketType.puback], 2: [PacketType.pubrec] };

for (const from of versions) {
  for (const to of versions) {
    test(`a message goes from version ${from} to ${to} at the lower QoS of both sides [MQTT-3.8.4-8] [MQTT-3.3.4-1] [MQTT-2.2.1-5] [MQTT-4.5.0-1]`, () => {
      for (const published of levels) {
        for (const granted of levels) {
          const broker = new TestBroker();
          const subscriber = broker.connect('s', { version: to });
          subscriber.subscribe('a/b', { qos: granted });
          const publisher = broker.connect('p', { version: from });
          publisher.publish('a/b', 'x', { qos: published, packetId: 77 });
          const answer = publisher.take();
          assert.deepEqual(
            answer.map(({ type }) => type),
            answers[published],
          );
          for (const packet of answer) assert.equal((packet as { packetId: number }).packetId, 77);
          const [message, ...rest] = subscriber.takeMessages();
          assert.equal(rest.length, 0);
          assert.equal(message?.qos, Math.min(published, granted));
          assert.equal(message.packetId > 0, message.qos > 0);
          assert.deepEqual([message.topic, textOf(message.payload), message.retain], ['a/b', 'x', false]);
          assert.deepEqual(finish(subscriber, message), message.qos === 2 ? [PacketType.pubrel] : []);
        }
      }
    });
  }
}

test('a QoS 0 message goes out with DUP 0, and one of QoS 1 or 2 with DUP 0 the first time, whatever flag it came with [MQTT-3.3.1-3] [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const subscriber = broker.connect('s', { version });
    subscriber.subscribe('t');
    const publisher = broker.connect('p', { version });
    publisher.publish('t', '0', { qos: 0 });
    for (const qos of [1, 2] as const) publisher.publish('t', 'x', { qos, dup: true });
    assert.deepEqual(
      subscriber.takeMessages().map(({ qos, dup }) => [qos, dup]),
      [
        [0, false],
        [1, false],
        [2, false],
      ],
    );
  }
});

test('both QoS bits, DUP with QoS 0 and packet identifier 0 end the connection that sent them and no other [MQTT-3.3.1-4] [MQTT-3.3.1-2] [MQTT-2.2.1-3]', () => {
  const cases = [
    { bytes: [0x36, 6, 0, 1, 0x74, 0, 1, 0x78], reasonCode: ReasonCode.malformedPacket },
    { bytes: [0x38, 4, 0, 1, 0x74, 0x78], reasonCode: ReasonCode.protocolError },
    { bytes: [0x32, 6, 0, 1, 0x74, 0, 0, 0x78], reasonCode: ReasonCode.malformedPacket },
  ];
  for (const version of versions) {
    for (const { bytes, reasonCode } of cases) {
      const broker = new TestBroker();
      const other = broker.connect('other');
      other.subscribe('t');
      const client = broker.connect('c', { version });
      client.sendBytes(Uint8Array.from(bytes));
      const got = client.take();
      assert.equal(client.closed, true);
      if (version === 5) assert.equal((got[0] as { reasonCode: number }).reasonCode, reasonCode);
      else assert.deepEqual(got, []);
      assert.deepEqual(other.take(), []);
      assert.equal(other.closed, false);
    }
  }
});

/** One byte a character, also for U+0000. */
function raw(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

test('a topic name with a wildcard, with U+0000 or without a character ends the connection [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]', () => {
  for (const version of versions) {
    for (const topic of ['a/+', '#', 'a+b', 'a#', 'a\0b', '']) {
      const broker = new TestBroker();
      const other = broker.connect('other');
      other.subscribe('#');
      const client = broker.connect('c', { version });
      // No encoder writes some of these: a QoS 0 PUBLISH by hand, with the zero property length of 5.0.
      client.sendBytes(Uint8Array.from([0x30, topic.length + 3, 0, topic.length, ...raw(topic), 0]));
      const got = client.take();
      assert.equal(client.closed, true, topic);
      assert.deepEqual(
        got.map(({ type }) => type),
        version === 5 ? [PacketType.disconnect] : [],
      );
      if (version === 5 && /[+#]/.test(topic)) {
        assert.equal((got[0] as { reasonCode: number }).reasonCode, ReasonCode.topicNameInvalid);
      }
      assert.deepEqual(other.take(), []);
    }
  }
});

const rich: Properties = {
  userProperties: [
    ['b', '2'],
    ['a', '1'],
    ['b', '2'],
    ['', 'é'],
  ],
  payloadFormatIndicator: 1,
  contentType: 'text/plain',
  correlationData: Uint8Array.of(0, 255, 7),
  responseTopic: 'answers/é',
};

test('properties are forwarded unaltered and user properties in their order [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]', () => {
  for (const qos of levels) {
    const broker = new TestBroker();
    const subscriber = broker.connect('s', { properties: { topicAliasMaximum: 0 } });
    subscriber.subscribe('t');
    const own = broker.connect('own', { properties: { topicAliasMaximum: 3 } });
    own.subscribe('t', { identifier: 9 });
    const publisher = broker.connect('p');
    publisher.publish('t', 'x', { qos, properties: rich });
    publisher.publish('t', 'x', { qos, retain: true, properties: { topicAlias: 1, ...rich } });
    for (const message of subscriber.takeMessages()) assert.deepEqual(message.properties, rich);
    for (const message of own.takeMessages()) {
      assert.deepEqual(message.properties, { ...rich, subscriptionIdentifiers: [9], topicAlias: 1 });
    }
    const late = broker.connect('late');
    late.subscribe('t');
    assert.deepEqual(late.takeMessages()[0]?.properties, rich);
  }
});

test('a 3.x subscriber gets the payload without the properties, and a 5.0 subscriber gets a 3.x message without any', () => {
  for (const version of [3, 4] as const) {
    const broker = new TestBroker();
    const old = broker.connect('old', { version });
    old.subscribe('t');
    const current = broker.connect('new');
    current.subscribe('t');
    const newPublisher = broker.connect('np');
    const oldPublisher = broker.connect('op', { version });
    for (const qos of levels) {
      newPublisher.publish('t', 'from 5', { qos, properties: rich });
      oldPublisher.publish('t', 'from 3', { qos });
    }
    assert.deepEqual(
      old.takeMessages().map(({ payload, properties }) => [textOf(payload), properties]),
      levels.flatMap(() => [
        ['from 5', undefined],
        ['from 3', undefined],
      ]),
    );
    assert.deepEqual(
      current.takeMessages().map(({ properties }) => properties),
      levels.flatMap(() => [rich, undefined]),
    );
  }
});

test('PUBACK and PUBREC say 0x10 where nobody subscribed and 0 where somebody did [MQTT-3.4.2-1] [MQTT-3.5.2-1]', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  for (const qos of [1, 2] as const) {
    publisher.publish('t', 'x', { qos });
    assert.equal((publisher.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.noMatchingSubscribers);
  }
  broker.connect('s').subscribe('+');
  for (const qos of [1, 2] as const) {
    publisher.publish('t', 'x', { qos });
    assert.equal((publisher.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.success);
  }
});

/** The reason code of the DISCONNECT that ended a client. */
function ending(client: TestClient): number | undefined {
  const last = client.take().at(-1);
  assert.equal(client.closed, true);
  return last?.type === PacketType.disconnect ? last.reasonCode : undefined;
}

test('what CONNACK said the broker does not do ends the connection: QoS above the maximum 0x9B, retain 0x9A [MQTT-3.2.2-9] [MQTT-3.2.2-11] [MQTT-3.2.2-14]', () => {
  for (const version of versions) {
    const broker = new TestBroker({ mqtt: { maximumQoS: 1, retainAvailable: false } });
    const first = broker.open(version);
    const connack = first.connect('a');
    if (version === 5) {
      assert.equal(connack.properties?.maximumQoS, 1);
      assert.equal(connack.properties?.retainAvailable, 0);
    }
    first.publish('t', 'x', { qos: 1 });
    assert.equal(first.closed, false);
    first.publish('t', 'x', { qos: 2 });
    assert.equal(ending(first), version === 5 ? ReasonCode.qosNotSupported : undefined);
    const second = broker.connect('b', { version });
    second.publish('t', 'x', { retain: true });
    assert.equal(ending(second), version === 5 ? ReasonCode.retainNotSupported : undefined);
  }
});

test('a PUBLISH from a client with a subscription identifier is a protocol error [MQTT-3.3.4-6]', () => {
  for (const qos of levels) {
    const broker = new TestBroker();
    const client = broker.connect('c');
    client.publish('t', 'x', { qos, properties: { subscriptionIdentifiers: [1] } });
    assert.equal(ending(client), ReasonCode.protocolError);
  }
});

test('a publish below $SYS goes nowhere: 5.0 hears "not authorized", 3.x gets its acknowledgement, QoS 0 nothing', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const listener = broker.connect('l');
    for (const filter of ['$SYS/#', '$SYS', '#']) listener.subscribe(filter);
    const client = broker.connect('c', { version });
    for (const topic of ['$SYS', '$SYS/broker/uptime']) {
      client.publish(topic, 'x', { qos: 0, retain: true });
      assert.deepEqual(client.take(), []);
      client.publish(topic, 'x', { qos: 1, packetId: 1 });
      const puback = client.takeOne();
      client.publish(topic, 'x', { qos: 2, packetId: 2 });
      const pubrec = client.takeOne();
      assert.deepEqual([puback.type, pubrec.type], [PacketType.puback, PacketType.pubrec]);
      const expected = version === 5 ? ReasonCode.notAuthorized : 0;
      assert.equal((puback as { reasonCode: number }).reasonCode, expected);
      assert.equal((pubrec as { reasonCode: number }).reasonCode, expected);
      if (version < 5) {
        client.ack(PacketType.pubrel, 2);
        assert.equal(client.takeOne().type, PacketType.pubcomp);
      }
    }
    assert.deepEqual(listener.take(), []);
    assert.equal(broker.core.retained.count, 0);
    assert.equal(broker.core.metrics.publishesDenied, 6);
  }
});

test('topics that start with $ and are not $SYS belong to clients', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('$SYSTEM/#');
  broker.connect('p').publish('$SYSTEM/a', 'x');
  assert.equal(subscriber.takeMessages().length, 1);
});

test('reason strings are left out of PUBACK and PUBREC that would get too large, and no user properties are added [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2] [MQTT-3.5.2-3] [MQTT-3.1.2-24]', () => {
  const broker = new TestBroker();
  const roomy = broker.connect('roomy');
  const tight = broker.connect('tight', { properties: { maximumPacketSize: 40 } });
  for (const [qos, type] of [
    [1, PacketType.puback],
    [2, PacketType.pubrec],
  ] as const) {
    for (const client of [roomy, tight]) client.publish('$SYS/x', 'x', { qos, packetId: 3 });
    const long = roomy.takeOne() as { properties?: Properties };
    assert.match(long.properties?.reasonString ?? '', /\$SYS/);
    assert.deepEqual(Object.keys(long.properties ?? {}), ['reasonString']);
    const short = tight.takeOne() as { type: number; reasonCode: number; properties?: Properties };
    assert.deepEqual([short.type, short.reasonCode, short.properties], [type, ReasonCode.notAuthorized, undefined]);
  }
});

test('a message larger than a client takes is dropped for it, counted, and delivered to the others [MQTT-3.1.2-24] [MQTT-3.1.2-25]', () => {
  for (const qos of levels) {
    const broker = new TestBroker();
    const tight = broker.connect('tight', { properties: { maximumPacketSize: 60 } });
    const roomy = broker.connect('roomy');
    for (const client of [tight, roomy]) client.subscribe('t');
    const publisher = broker.connect('p');
    publisher.publish('t', 'x'.repeat(100), { qos });
    publisher.publish('t', 'small', { qos });
    assert.deepEqual(
      tight.takeMessages().map(({ payload }) => textOf(payload)),
      ['small'],
    );
    assert.equal(roomy.takeMessages().length, 2);
    assert.equal(broker.core.metrics.droppedTooLarge, 1);
  }
});

test('an empty payload without RETAIN is a message like any other', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  broker.connect('p').publish('t', textBytes(''), { qos: 1 });
  assert.equal(subscriber.takeMessages()[0]?.payload.length, 0);
});

test('a remaining length that a 3.1.1 client pads is accepted and not passed on', () => {
  const broker = new TestBroker();
  const chunks: Uint8Array[] = [];
  const link = new MemoryLink((bytes) => chunks.push(bytes));
  link.receiver = broker.core.accept(link);
  const connect = {
    type: PacketType.connect,
    protocolVersion: 4,
    cleanStart: true,
    keepAlive: 0,
    clientId: 's',
  } as const;
  link.feed(encodePacket(connect, 4));
  const subscription = { filter: 't', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  link.feed(encodePacket({ type: PacketType.subscribe, packetId: 1, subscriptions: [subscription] }, 4));
  broker.core.flush();
  chunks.length = 0;
  const padded = [0x30, 0x84, 0x80, 0x00, 0x00, 0x01, 0x74, 0x78];
  broker.connect('p', { version: 4 }).sendBytes(new Uint8Array([...padded, ...padded]));
  assert.deepEqual(
    [...Buffer.concat(chunks)],
    [0x30, 0x04, 0x00, 0x01, 0x74, 0x78, 0x30, 0x04, 0x00, 0x01, 0x74, 0x78],
  );
});
