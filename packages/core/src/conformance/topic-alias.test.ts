import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerCore, defaultDurability, defaultLimits, defaultMqttOptions } from '@cauldron/core';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, TestClient, textOf } from '@cauldron/testkit';

function watcher(broker: TestBroker): TestClient {
  const client = broker.connect('watcher');
  client.subscribe('#', { qos: 0 });
  return client;
}

function topics(client: TestClient): string[] {
  return client.takeMessages().map(({ topic }) => topic);
}

const alias = (topicAlias: number) => ({ properties: { topicAlias } });

test('a topic alias stands for its topic until it is set anew, from 1 to the maximum in CONNACK [MQTT-3.3.2-12]', () => {
  const broker = new TestBroker({ mqtt: { topicAliasMaximum: 7 } });
  const all = watcher(broker);
  const client = broker.open();
  assert.equal(client.connect('c').properties?.topicAliasMaximum, 7);
  for (let n = 1; n <= 7; n++) client.publish(`t/${n}`, 'x', alias(n));
  for (let n = 7; n >= 1; n--) client.publish('', 'x', { ...alias(n), qos: 1 });
  client.publish('other', 'x', { ...alias(3), qos: 2 });
  client.publish('', 'x', alias(3));
  client.publish('t/3', 'x');
  assert.deepEqual(topics(all), [
    ...[1, 2, 3, 4, 5, 6, 7].map((n) => `t/${n}`),
    ...[7, 6, 5, 4, 3, 2, 1].map((n) => `t/${n}`),
    'other',
    'other',
    't/3',
  ]);
  assert.equal(client.closed, false);
});

test('each client has its own aliases', () => {
  const broker = new TestBroker();
  const all = watcher(broker);
  const [a, b] = [broker.connect('a'), broker.connect('b')];
  a.publish('from/a', 'x', alias(1));
  b.publish('from/b', 'x', alias(1));
  a.publish('', 'x', alias(1));
  b.publish('', 'x', alias(1));
  assert.deepEqual(topics(all), ['from/a', 'from/b', 'from/a', 'from/b']);
});

/** What the broker said when it ended the connection. */
function ending(client: TestClient): number | undefined {
  const packet = client.takeOne();
  assert.equal(client.closed, true);
  return packet.type === PacketType.disconnect ? packet.reasonCode : undefined;
}

test('an alias of 0, above the maximum or not set yet ends the connection with 0x94 [MQTT-3.3.2-8] [MQTT-3.3.2-9]', () => {
  for (const [topic, bytes] of [
    ['t', [0x30, 7, 0, 1, 0x74, 3, 0x23, 0, 0]],
    ['t', [0x30, 7, 0, 1, 0x74, 3, 0x23, 0, 8]],
    ['', [0x30, 6, 0, 0, 3, 0x23, 0, 5]],
  ] as const) {
    const broker = new TestBroker({ mqtt: { topicAliasMaximum: 7 } });
    const all = watcher(broker);
    const client = broker.connect('c');
    client.sendBytes(Uint8Array.from(bytes));
    assert.equal(ending(client), ReasonCode.topicAliasInvalid, `${topic} ${bytes}`);
    assert.deepEqual(topics(all), []);
  }
});

test('a client that was offered no aliases may use none', () => {
  const broker = new TestBroker({ mqtt: { topicAliasMaximum: 0 } });
  const client = broker.open();
  assert.equal(client.connect('c').properties?.topicAliasMaximum, undefined);
  client.publish('t', 'x', alias(1));
  assert.equal(ending(client), ReasonCode.topicAliasInvalid);
});

test('aliases end with their connection, also when the session is resumed [MQTT-3.3.2-7]', () => {
  const broker = new TestBroker();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100, topicAliasMaximum: 5 } };
  const first = broker.connect('c', options);
  first.subscribe('t', { qos: 1 });
  first.publish('t', 'x', alias(1));
  first.publish('t', 'x', { qos: 1 });
  assert.deepEqual(
    first.takeMessages().map(({ topic, properties }) => [topic, properties?.topicAlias]),
    [
      ['t', 1],
      ['', 1],
    ],
  );
  first.cut();
  const second = broker.connect('c', options);
  // Sent again, and with its name: this connection has heard of no alias.
  assert.deepEqual(
    second.takeMessages().map(({ topic, properties }) => [topic, properties?.topicAlias]),
    [['t', 1]],
  );
  second.publish('', 'x', alias(1));
  assert.equal(ending(second), ReasonCode.topicAliasInvalid);
});

test('an alias still stands for its topic, and for who subscribes to it now, after the topic left a small match cache', () => {
  const core = new BrokerCore(
    {
      ...defaultDurability,
      limits: defaultLimits,
      mqtt: defaultMqttOptions,
      topicCacheSize: 4,
      hashSeed: 1,
      newClientId: () => 'x',
    },
    {
      scheduler: { requestFlush: () => {} },
      store: null,
      authenticator: { authenticate: () => ({ outcome: 'accept' }) },
      authorizer: null,
      interceptors: [],
      observer: {
        internalError: (error) => {
          throw error;
        },
      },
    },
    0,
  );
  const client = new TestClient(core, 5);
  client.connect('c');
  const subscriber = new TestClient(core, 5);
  subscriber.connect('s');
  client.publish('kept', '1', alias(1));
  for (let i = 0; i < 20; i++) client.publish(`other/${i}`, 'x');
  subscriber.subscribe('kept');
  client.publish('', '2', alias(1));
  for (let i = 0; i < 20; i++) client.publish(`other/${i}`, 'x');
  client.publish('', '3', { ...alias(1), qos: 1 });
  subscriber.send({ type: PacketType.unsubscribe, packetId: 5, filters: ['kept'] });
  client.publish('', '4', alias(1));
  assert.deepEqual(
    subscriber.takeMessages().map(({ topic, payload }) => [topic, textOf(payload)]),
    [
      ['kept', '2'],
      ['kept', '3'],
    ],
  );
});

test('the broker uses aliases up to the maximum of the client and never above, the name with the first use only [MQTT-3.3.2-11] [MQTT-3.1.2-26]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { topicAliasMaximum: 2 } });
  client.subscribe('#');
  const publisher = broker.connect('p');
  for (const topic of ['a', 'b', 'c', 'a', 'b', 'c']) publisher.publish(topic, 'x', { qos: 1 });
  assert.deepEqual(
    client.takeMessages().map(({ topic, properties }) => [topic, properties?.topicAlias]),
    [
      ['a', 1],
      ['b', 2],
      ['c', undefined],
      ['', 1],
      ['', 2],
      ['c', undefined],
    ],
  );
});

test('a client that allows no aliases is sent none [MQTT-3.1.2-27]', () => {
  const broker = new TestBroker();
  const clients = [broker.connect('none'), broker.connect('zero', { properties: { topicAliasMaximum: 0 } })];
  for (const client of clients) client.subscribe('t');
  const publisher = broker.connect('p');
  publisher.publish('t', 'x', alias(9));
  publisher.publish('', 'x', alias(9));
  for (const client of clients) {
    assert.deepEqual(
      client.takeMessages().map(({ topic, properties }) => [topic, properties]),
      [
        ['t', undefined],
        ['t', undefined],
      ],
    );
  }
});

test("the publisher's alias and the subscriber's stand apart, beside expiry and identifiers", () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { topicAliasMaximum: 1 } });
  client.subscribe('t', { qos: 1, identifier: 300 });
  const publisher = broker.connect('p');
  const properties = { contentType: 'a', topicAlias: 9, messageExpiryInterval: 60, responseTopic: 'r' };
  publisher.publish('t', '1', { qos: 1, properties });
  publisher.publish('', '2', { qos: 1, retain: true, properties });
  const expected = {
    contentType: 'a',
    messageExpiryInterval: 60,
    responseTopic: 'r',
    topicAlias: 1,
    subscriptionIdentifiers: [300],
  };
  assert.deepEqual(
    client.takeMessages().map(({ topic, payload, properties: sent }) => [topic, textOf(payload), sent]),
    [
      ['t', '1', expected],
      ['', '2', expected],
    ],
  );
  client.cut();
  broker.advance(20_000);
  const late = broker.connect('late', { properties: { topicAliasMaximum: 1 } });
  late.subscribe('t', { identifier: 1 });
  assert.deepEqual(
    late.takeMessages().map(({ topic, properties: sent }) => [topic, sent]),
    [['t', { ...expected, messageExpiryInterval: 40, subscriptionIdentifiers: [1] }]],
  );
});

test('an alias in a message that was too large for the client is not taken as known', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { properties: { topicAliasMaximum: 2, maximumPacketSize: 100 } });
  client.subscribe('t', { qos: 1 });
  const publisher = broker.connect('p');
  for (const qos of [0, 1] as const) publisher.publish('t', 'x'.repeat(200), { qos });
  publisher.publish('t', 'small');
  assert.deepEqual(
    client.takeMessages().map(({ topic, properties }) => [topic, properties?.topicAlias]),
    [['t', 1]],
  );
});

test('nor is one in a message that waited and was too large for the client when it came back', () => {
  const broker = new TestBroker();
  const options = {
    cleanStart: false,
    properties: { sessionExpiryInterval: 100, topicAliasMaximum: 2, maximumPacketSize: 100 },
  };
  const client = broker.connect('c', options);
  client.subscribe('t', { qos: 1 });
  client.cut();
  const publisher = broker.connect('p');
  for (const text of ['x'.repeat(200), 'small']) publisher.publish('t', text, { qos: 1 });
  assert.deepEqual(
    broker
      .connect('c', options)
      .takeMessages()
      .map(({ topic, properties }) => [topic, properties?.topicAlias]),
    [['t', 1]],
  );
});
