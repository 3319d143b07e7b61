import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, type Packet, PacketType, type QoS, ReasonCode } from '@cauldron/protocol';
import { TestBroker, textBytes } from '@cauldron/testkit';

const withWill = (qos: QoS, retain: boolean) => ({ will: { topic: 'w', payload: textBytes('x'), qos, retain } });
const kept = { cleanStart: false, properties: { sessionExpiryInterval: 60 } };

test('Session Present is 0 after Clean Start and without a session, 1 where one is resumed [MQTT-3.2.2-2] [MQTT-3.2.2-3]', () => {
  for (const version of [4, 5] as const) {
    const broker = new TestBroker();
    const options = version === 5 ? kept : { cleanStart: false };
    const present = (cleanStart: boolean) => {
      const client = broker.open(version);
      const connack = client.connect('c', { ...options, cleanStart });
      client.disconnect();
      return connack.sessionPresent;
    };
    assert.deepEqual([present(false), present(false)], [false, true]);
    assert.equal(present(true), false);
    assert.equal(present(false), version === 5); // a clean session of 3.1.1 left nothing
  }
});

test('a 3.1 CONNACK has no Session Present: its first byte is 0 even where a session is resumed [MQTT-3.2.2-1]', () => {
  const broker = new TestBroker();
  broker.connect('c', { version: 3, cleanStart: false }).disconnect();
  const again = broker.open(3);
  assert.equal(again.connect('c', { cleanStart: false }).sessionPresent, false);
  assert(broker.core.sessions.get('c')?.connection);
});

test('the CONNACK comes before what waited for the client, and comes once [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.1.4-5]', () => {
  const broker = new TestBroker();
  const away = broker.connect('c', kept);
  away.subscribe('t', { qos: 2 });
  const publisher = broker.connect('p');
  publisher.publish('t', 'in flight', { qos: 2 });
  away.take();
  away.cut();
  publisher.publish('t', 'queued', { qos: 1 });
  const back = broker.open();
  const connect: Packet = { type: PacketType.connect, protocolVersion: 5, keepAlive: 0, clientId: 'c', ...kept };
  back.send(connect);
  const types = back.take().map(({ type }) => type);
  assert.deepEqual(types, [PacketType.connack, PacketType.publish, PacketType.publish]);
});

test('a refusing CONNACK says Session Present 0 where there is a session, and closes [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-4.13.2-1]', () => {
  let welcome = true;
  const broker = new TestBroker({
    authenticator: {
      authenticate: () =>
        welcome
          ? { outcome: 'accept' }
          : { outcome: 'refuse', reasonCode: ReasonCode.banned, reasonString: 'not today' },
    },
  });
  for (const version of [4, 5] as const) {
    welcome = true;
    broker.connect(`c${version}`, { version, ...(version === 5 ? kept : { cleanStart: false }) }).cut();
    welcome = false;
    const client = broker.open(version);
    const connack = client.tryConnect(`c${version}`, { cleanStart: false });
    assert.equal(connack.sessionPresent, false);
    assert.equal(connack.reasonCode, version === 5 ? ReasonCode.banned : 5);
    assert.equal(client.closed, true);
    assert(broker.core.sessions.get(`c${version}`), 'the session is still there for who may have it');
  }
});

test('a 5.0 client is told only what the broker limits', () => {
  const { properties } = new TestBroker().open().connect('c');
  assert.deepEqual(properties, { maximumPacketSize: 16_777_216, topicAliasMaximum: 64 });
  const narrow = new TestBroker({
    limits: { receiveMaximum: 7, maxPacketSize: 2000 },
    mqtt: {
      maximumQoS: 1,
      retainAvailable: false,
      wildcardSubscriptions: false,
      sharedSubscriptions: false,
      subscriptionIdentifiers: false,
      topicAliasMaximum: 0,
      serverKeepAlive: 30,
      sessionExpiryMaximum: 0,
    },
  });
  assert.deepEqual(narrow.open().connect('c', { properties: { sessionExpiryInterval: 5 } }).properties, {
    receiveMaximum: 7,
    maximumPacketSize: 2000,
    maximumQoS: 1,
    retainAvailable: 0,
    wildcardSubscriptionAvailable: 0,
    sharedSubscriptionAvailable: 0,
    subscriptionIdentifiersAvailable: 0,
    serverKeepAlive: 30,
    sessionExpiryInterval: 0,
  });
  assert.equal(narrow.open(4).connect('d').properties, undefined);
});

test('a broker of limited QoS says so, and still takes every QoS in SUBSCRIBE [MQTT-3.2.2-9] [MQTT-3.2.2-10]', () => {
  for (const maximumQoS of [0, 1] as const) {
    const broker = new TestBroker({ mqtt: { maximumQoS } });
    const client = broker.open();
    assert.equal(client.connect('c').properties?.maximumQoS, maximumQoS);
    for (const qos of [0, 1, 2] as const) {
      assert.deepEqual(client.subscribe('t', { qos }).reasonCodes, [Math.min(qos, maximumQoS)]);
    }
  }
  assert.equal(new TestBroker().open().connect('c').properties?.maximumQoS, undefined);
});

test('a will above the maximum QoS is refused: 0x9B in 5.0, a plain close in 3.x [MQTT-3.2.2-12]', () => {
  const broker = new TestBroker({ mqtt: { maximumQoS: 1 } });
  const client = broker.open();
  const connack = client.tryConnect('c', withWill(2, false));
  assert.equal(connack.reasonCode, ReasonCode.qosNotSupported);
  assert.match(connack.properties?.reasonString ?? '', /maximumQoS/);
  assert.equal(client.closed, true);
  const old = broker.open(4);
  const will = { type: PacketType.connect, protocolVersion: 4, cleanStart: true, keepAlive: 0, clientId: 'o' } as const;
  old.send({ ...will, ...withWill(2, false) });
  assert.deepEqual([old.take(), old.closed], [[], true]);
  assert.equal(broker.open().tryConnect('c', withWill(1, false)).reasonCode, 0);
});

test('a retained will is refused with 0x9A where retained messages are off [MQTT-3.2.2-13]', () => {
  const broker = new TestBroker({ mqtt: { retainAvailable: false } });
  const client = broker.open();
  assert.equal(client.tryConnect('c', withWill(0, true)).reasonCode, ReasonCode.retainNotSupported);
  assert.equal(client.closed, true);
  assert.equal(broker.open().tryConnect('c', withWill(0, false)).reasonCode, 0);
});

test('response information goes only to a client that asks for it [MQTT-3.1.2-28]', () => {
  const broker = new TestBroker({ mqtt: { responseInformation: 'replies/%c' } });
  const asking = (requestResponseInformation: number | undefined) =>
    broker.open().connect('c7', {
      properties: { ...(requestResponseInformation !== undefined && { requestResponseInformation }) },
    }).properties?.responseInformation;
  assert.deepEqual([asking(1), asking(0), asking(undefined)], ['replies/c7', undefined, undefined]);
  const silent = new TestBroker().open().connect('c', { properties: { requestResponseInformation: 1 } });
  assert.equal(silent.properties?.responseInformation, undefined);
});

test('an authenticator may give a client response information of its own [MQTT-3.1.2-28]', () => {
  const broker = new TestBroker({
    authenticator: { authenticate: () => ({ outcome: 'accept', responseInformation: 'own' }) },
    mqtt: { responseInformation: 'all' },
  });
  const asked = broker.open().connect('c', { properties: { requestResponseInformation: 1 } });
  assert.equal(asked.properties?.responseInformation, 'own');
  assert.equal(broker.open().connect('d').properties?.responseInformation, undefined);
});

test('a refusing CONNACK goes without its reason string where the packet would get too large [MQTT-3.2.2-19] [MQTT-3.1.2-24]', () => {
  const reasonString = 'r'.repeat(50);
  const broker = new TestBroker({
    authenticator: { authenticate: () => ({ outcome: 'refuse', reasonCode: ReasonCode.notAuthorized, reasonString }) },
  });
  const full = encodePacket(
    { type: PacketType.connack, sessionPresent: false, reasonCode: 0x87, properties: { reasonString } },
    5,
  ).length;
  for (const [maximumPacketSize, said] of [
    [full, reasonString],
    [full - 1, undefined],
    [5, undefined],
  ] as const) {
    const client = broker.open();
    const connack = client.tryConnect('c', { properties: { maximumPacketSize } });
    assert.deepEqual([connack.reasonCode, connack.properties?.reasonString], [0x87, said]);
    assert.equal(client.closed, true);
  }
});

test('no CONNACK carries user properties, so none can make it too large [MQTT-3.2.2-20]', () => {
  const properties = { userProperties: [['a', 'b']] as [string, string][], requestProblemInformation: 1 };
  assert.equal(new TestBroker().open().connect('c', { properties }).properties?.userProperties, undefined);
});

test('a client whose maximum packet size is below its CONNACK is refused with 0x95 instead of left without [MQTT-3.2.0-1] [MQTT-3.1.2-24]', () => {
  const broker = new TestBroker();
  const size = (maximumPacketSize: number) => {
    const client = broker.open();
    const { reasonCode } = client.tryConnect('c', { properties: { maximumPacketSize } });
    assert.equal(client.closed, reasonCode !== 0);
    return reasonCode;
  };
  const properties = { maximumPacketSize: 16_777_216, topicAliasMaximum: 64 };
  const { length } = encodePacket({ type: PacketType.connack, sessionPresent: false, reasonCode: 0, properties }, 5);
  assert.deepEqual([size(length), size(length - 1), size(5)], [0, 0x95, 0x95]);
  const dumb = broker.open();
  dumb.send({
    type: PacketType.connect,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientId: 'd',
    properties: { maximumPacketSize: 4 },
  });
  assert.deepEqual([dumb.take(), dumb.closed], [[], true], 'not even the shortest CONNACK fits');
});

test('a client that declined problem information is refused and disconnected without words', () => {
  const properties = { requestProblemInformation: 0 };
  const broker = new TestBroker({ limits: { maxConnections: 1 } });
  const client = broker.connect('c', { properties });
  const refused = broker.open().tryConnect('d', { properties });
  assert.deepEqual([refused.reasonCode, refused.properties], [ReasonCode.quotaExceeded, undefined]);
  client.sendBytes(Uint8Array.of(0x36, 0x00));
  const last = client.takeOne();
  assert(last.type === PacketType.disconnect);
  assert.deepEqual([last.reasonCode, last.properties?.reasonString], [ReasonCode.malformedPacket, undefined]);
});

test('a client that declined problem information gets no reason string in SUBACK, PUBACK and PUBREC [MQTT-3.1.2-29]', () => {
  for (const requestProblemInformation of [0, 1]) {
    const no = { reasonCode: ReasonCode.notAuthorized, reason: 'no' };
    const broker = new TestBroker({ authorizer: { authorizePublish: () => no, authorizeSubscribe: () => no } });
    const client = broker.connect('c', { properties: { requestProblemInformation } });
    const said = [client.subscribe('t').properties?.reasonString];
    for (const qos of [1, 2] as const) {
      client.publish('t', 'x', { qos });
      const answer = client.takeOne();
      assert('reasonCode' in answer && 'properties' in answer);
      assert.equal(answer.reasonCode, ReasonCode.notAuthorized);
      said.push(answer.properties?.reasonString);
    }
    assert.deepEqual(said, Array(3).fill(requestProblemInformation === 1 ? 'no' : undefined));
  }
});
