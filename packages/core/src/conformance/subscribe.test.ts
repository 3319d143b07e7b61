import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerCore, defaultDurability, defaultLimits, defaultMqttOptions } from '@cauldron/core';
import { PacketType, ReasonCode, type SubackPacket, type SubscriptionRequest } from '@cauldron/protocol';
import { TestBroker, TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

function request(filter: string, options: Partial<SubscriptionRequest> = {}): SubscriptionRequest {
  return { filter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0, ...options };
}

function subscribe(client: TestClient, packetId: number, ...subscriptions: SubscriptionRequest[]): SubackPacket {
  client.send({ type: PacketType.subscribe, packetId, subscriptions });
  const suback = client.takeOne();
  assert.equal(suback.type, PacketType.suback);
  return suback as SubackPacket;
}

test('a SUBSCRIBE is answered with one SUBACK: its identifier and the granted QoS of each filter in their order [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    const suback = subscribe(
      client,
      65_535,
      request('a', { qos: 2 }),
      request('b/#', { qos: 0 }),
      request('+/c', { qos: 1 }),
      request('$share/g/d', { qos: 2 }),
    );
    assert.equal(suback.packetId, 65_535);
    assert.deepEqual(suback.reasonCodes, [2, 0, 1, 2]);
    const publisher = broker.connect('p');
    for (const topic of ['a', 'b', 'x/c', 'd', 'e']) publisher.publish(topic, topic, { qos: 2 });
    assert.deepEqual(
      client.takeMessages().map(({ topic, qos }) => [topic, qos]),
      [
        ['a', 2],
        ['b', 0],
        ['x/c', 1],
        ['d', 2],
      ],
    );
  }
});

test('a refused filter among granted ones gets its code in its place; 3.x hears 0x80 [MQTT-3.8.4-5] [MQTT-3.9.3-1] [MQTT-3.9.3-2]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    const bad = ['a/#/b', 'a+', '#a', '$share/g', '$share//a', '$share/g/', '$share/+/a', `a${'/'.repeat(200)}`];
    const suback = subscribe(
      client,
      9,
      request('first', { qos: 1 }),
      ...bad.map((filter) => request(filter)),
      request('last', { qos: 2 }),
    );
    const code = version === 5 ? ReasonCode.topicFilterInvalid : 0x80;
    assert.deepEqual(suback.reasonCodes, [1, ...bad.map(() => code), 2]);
    assert.equal(broker.core.metrics.subscriptionsDenied, bad.length);
    assert.equal(broker.core.router.subscriptions, 2);
    assert.equal(client.closed, false);
  }
});

test('an empty filter is no filter, in SUBSCRIBE and UNSUBSCRIBE [MQTT-4.7.3-1]', () => {
  const client = new TestBroker().connect('c');
  assert.deepEqual(subscribe(client, 1, request('')).reasonCodes, [ReasonCode.topicFilterInvalid]);
});

test('a SUBSCRIBE without filters, with QoS 3, reserved bits or other flags ends the connection [MQTT-3.8.3-2] [MQTT-3.8.3-5] [MQTT-3.8.1-1]', () => {
  const cases = [
    [0x82, 3, 0, 1, 0],
    [0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x03],
    [0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x40],
    [0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x80],
    [0x82, 7, 0, 1, 0, 0, 1, 0x61, 0x30],
    [0x80, 7, 0, 1, 0, 0, 1, 0x61, 0x00],
    [0x82, 7, 0, 0, 0, 0, 1, 0x61, 0x00],
  ];
  for (const bytes of cases) {
    const broker = new TestBroker();
    const client = broker.connect('c');
    client.sendBytes(Uint8Array.from(bytes));
    const packet = client.takeOne() as { type: number; reasonCode: number };
    assert.equal(packet.type, PacketType.disconnect);
    assert.ok(packet.reasonCode === ReasonCode.malformedPacket || packet.reasonCode === ReasonCode.protocolError);
    assert.equal(client.closed, true);
    assert.equal(broker.core.router.subscriptions, 0);
  }
});

test('subscribing to the same filter again replaces the subscription: one delivery, with the new options [MQTT-3.8.4-3]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('t', { qos: 0, identifier: 1 });
  client.subscribe('t', { qos: 2, identifier: 2, retainAsPublished: true });
  const publisher = broker.connect('p');
  publisher.publish('t', 'x', { qos: 1, retain: true });
  assert.deepEqual(
    client.takeMessages().map(({ qos, retain, properties }) => [qos, retain, properties?.subscriptionIdentifiers]),
    [[1, true, [2]]],
  );
  client.subscribe('t', { qos: 0 });
  publisher.publish('t', 'x', { qos: 1 });
  assert.deepEqual(
    client.takeMessages().map(({ qos, retain, properties }) => [qos, retain, properties]),
    // The retained message first, for the subscription is new.
    [
      [0, true, undefined],
      [0, false, undefined],
    ],
  );
  assert.equal(broker.core.router.subscriptions, 1);
});

test('replacing a subscription loses nothing that waited or is in flight [MQTT-3.8.4-4]', () => {
  const broker = new TestBroker({ limits: { maxInflight: 1 } });
  const client = broker.connect('c');
  client.subscribe('t', { qos: 1 });
  const publisher = broker.connect('p');
  for (const text of ['a', 'b']) publisher.publish('t', text, { qos: 1 });
  client.subscribe('t', { qos: 0, retainHandling: 2 });
  publisher.publish('t', 'c', { qos: 1 });
  const got: string[] = [];
  for (let batch = client.takeMessages(); batch.length > 0; batch = client.takeMessages()) {
    for (const { payload, packetId, qos } of batch) {
      got.push(textOf(payload));
      if (qos === 1) client.ack(PacketType.puback, packetId);
    }
  }
  assert.deepEqual(got.sort(), ['a', 'b', 'c']);
});

test('retained messages follow the SUBACK', () => {
  const broker = new TestBroker();
  broker.connect('p').publish('t', 'x', { retain: true });
  const client = broker.connect('c');
  client.send({ type: PacketType.subscribe, packetId: 1, subscriptions: [request('t')] });
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [PacketType.suback, PacketType.publish],
  );
});

test('the filters of one SUBSCRIBE each bring their retained messages, in their order [MQTT-3.8.4-5]', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  for (const topic of ['b', 'a']) publisher.publish(topic, 'x', { retain: true });
  const client = broker.connect('c');
  client.send({
    type: PacketType.subscribe,
    packetId: 1,
    subscriptions: [request('a'), request('b'), request('+')],
    properties: { subscriptionIdentifiers: [4] },
  });
  assert.deepEqual(
    client.takeMessages().map(({ topic, properties }) => [topic, properties?.subscriptionIdentifiers]),
    [
      ['a', [4]],
      ['b', [4]],
      ['b', [4]],
      ['a', [4]],
    ],
  );
});

test('with No Local a client does not get what it published itself, on any connection of its session; others do [MQTT-3.8.3-3]', () => {
  const broker = new TestBroker();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('t', { noLocal: true });
  const other = broker.connect('o');
  other.subscribe('t', { noLocal: true });
  for (const qos of [0, 1, 2] as const) client.publish('t', 'own', { qos });
  assert.deepEqual(client.takeMessages(), []);
  assert.equal(other.takeMessages().length, 3);
  other.publish('t', 'foreign');
  assert.equal(client.takeMessages().length, 1);
  client.cut();
  const again = broker.connect('c', options);
  again.publish('t', 'own');
  assert.deepEqual(again.takeMessages(), []);
});

test('a switched off feature is refused with its own code, and CONNACK says so; 3.x hears 0x80', () => {
  const cases = [
    { mqtt: { wildcardSubscriptions: false }, filter: 'a/#', code: ReasonCode.wildcardSubscriptionsNotSupported },
    { mqtt: { wildcardSubscriptions: false }, filter: '+', code: ReasonCode.wildcardSubscriptionsNotSupported },
    { mqtt: { sharedSubscriptions: false }, filter: '$share/g/a', code: ReasonCode.sharedSubscriptionsNotSupported },
    {
      mqtt: { subscriptionIdentifiers: false },
      filter: 'a',
      identifier: 1,
      code: ReasonCode.subscriptionIdentifiersNotSupported,
    },
  ];
  const told = {
    wildcardSubscriptions: 'wildcardSubscriptionAvailable',
    sharedSubscriptions: 'sharedSubscriptionAvailable',
    subscriptionIdentifiers: 'subscriptionIdentifiersAvailable',
  } as const;
  for (const { mqtt, filter, code, identifier } of cases) {
    const broker = new TestBroker({ mqtt });
    const client = broker.open();
    const connack = client.connect('c');
    for (const [option, property] of Object.entries(told)) {
      assert.equal(connack.properties?.[property], option in mqtt ? 0 : undefined);
    }
    const suback = client.subscribe(filter, identifier === undefined ? {} : { identifier });
    assert.deepEqual(suback.reasonCodes, [code]);
    assert.match(suback.properties?.reasonString ?? '', /switched off/);
    assert.deepEqual(client.subscribe('plain').reasonCodes, [2]);
    if (identifier !== undefined) continue;
    assert.deepEqual(broker.connect('old', { version: 4 }).subscribe(filter).reasonCodes, [0x80]);
  }
});

test('every QoS may be asked for where the maximum is lower, and what is granted is the maximum [MQTT-3.2.2-10] [MQTT-3.8.4-7]', () => {
  for (const version of versions) {
    const broker = new TestBroker({ mqtt: { maximumQoS: 1 } });
    const client = broker.connect('c', { version });
    for (const qos of [0, 1, 2] as const)
      assert.deepEqual(client.subscribe('t', { qos }).reasonCodes, [Math.min(qos, 1)]);
    broker.connect('p').publish('t', 'x', { qos: 1 });
    assert.equal(client.takeMessages()[0]?.qos, 1);
  }
});

test("a listener's own MQTT options hold for its clients, as its CONNACK said", () => {
  const core = new BrokerCore(
    {
      ...defaultDurability,
      limits: defaultLimits,
      mqtt: defaultMqttOptions,
      topicCacheSize: 64,
      hashSeed: 1,
      newClientId: () => 'x',
    },
    {
      scheduler: { requestFlush: () => {} },
      store: null,
      authenticator: { authenticate: () => ({ outcome: 'accept' }) },
      authorizer: null,
      interceptors: [],
      observer: {},
    },
    0,
  );
  const listener = core.listener({ mqtt: { maximumQoS: 0, sharedSubscriptions: false } });
  const narrow = {
    accept: (link: Parameters<BrokerCore['accept']>[0]) => core.accept(link, listener),
    flush: () => core.flush(),
  };
  const client = new TestClient(narrow as unknown as BrokerCore, 5);
  assert.equal(client.connect('c').properties?.maximumQoS, 0);
  assert.deepEqual(client.subscribe('a').reasonCodes, [0]);
  assert.deepEqual(client.subscribe('$share/g/a').reasonCodes, [ReasonCode.sharedSubscriptionsNotSupported]);
  client.publish('a', 'x', { qos: 1 });
  const goodbye = client.take().at(-1) as { type: number; reasonCode: number };
  assert.deepEqual([goodbye.type, goodbye.reasonCode], [PacketType.disconnect, ReasonCode.qosNotSupported]);
  const will = { topic: 'gone', payload: new Uint8Array(), qos: 1 as const, retain: false };
  const refused = new TestClient(narrow as unknown as BrokerCore, 5).tryConnect('w', { will });
  assert.equal(refused.reasonCode, ReasonCode.qosNotSupported);
});

test('one subscription too many is refused with 0x97, replacing one still works, and each is counted', () => {
  const broker = new TestBroker({ limits: { maxSubscriptionsPerClient: 2 } });
  const client = broker.connect('c');
  assert.deepEqual(subscribe(client, 1, request('a'), request('b'), request('c'), request('a')).reasonCodes, [
    0,
    0,
    ReasonCode.quotaExceeded,
    0,
  ]);
  assert.equal(broker.core.metrics.subscriptionsOverLimit, 1);
  client.send({ type: PacketType.unsubscribe, packetId: 2, filters: ['a'] });
  client.take();
  assert.deepEqual(subscribe(client, 3, request('c')).reasonCodes, [0]);
});

test('the reason string is left out of a SUBACK that would get too large, and no user properties are added [MQTT-3.9.2-1] [MQTT-3.9.2-2]', () => {
  const broker = new TestBroker();
  const roomy = broker.connect('roomy');
  assert.deepEqual(Object.keys(subscribe(roomy, 1, request('a/#/b')).properties ?? {}), ['reasonString']);
  const tight = broker.connect('tight', { properties: { maximumPacketSize: 40 } });
  const suback = subscribe(tight, 1, request('a/#/b'));
  assert.deepEqual([suback.reasonCodes, suback.properties], [[ReasonCode.topicFilterInvalid], undefined]);
});
