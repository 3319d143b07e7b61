import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;
const { pubrec, pubrel, pubcomp } = PacketType;

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

/** The one answer as its parts. */
function answer(client: TestClient): [type: number, packetId: number, reasonCode: number] {
  const packet = client.takeOne() as { type: number; packetId: number; reasonCode: number };
  return [packet.type, packet.packetId, packet.reasonCode];
}

test('inbound: PUBREC, then PUBCOMP, each with the identifier of the PUBLISH; delivered once [MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT-2.2.1-5]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const subscriber = broker.connect('s', { version });
    subscriber.subscribe('t');
    const publisher = broker.connect('p', { version });
    for (const packetId of [1, 65_535]) {
      publisher.publish('t', 'x', { qos: 2, packetId });
      assert.deepEqual(answer(publisher), [pubrec, packetId, 0]);
      publisher.ack(pubrel, packetId);
      assert.deepEqual(answer(publisher), [pubcomp, packetId, 0]);
    }
    assert.deepEqual(texts(subscriber), ['x', 'x']);
  }
});

test('until PUBREL the same identifier is answered and not delivered again, with DUP or without, also after a reconnect [MQTT-4.3.3-10]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const subscriber = broker.connect('s');
    subscriber.subscribe('t');
    const options = {
      version,
      cleanStart: false,
      ...(version === 5 && { properties: { sessionExpiryInterval: 100 } }),
    };
    const first = broker.connect('p', options);
    first.publish('t', 'once', { qos: 2, packetId: 5 });
    first.publish('t', 'once', { qos: 2, packetId: 5, dup: true });
    first.publish('t', 'once', { qos: 2, packetId: 5 });
    first.cut();
    const second = broker.connect('p', options);
    second.publish('t', 'once', { qos: 2, packetId: 5, dup: true });
    assert.deepEqual(answer(second), [pubrec, 5, 0]);
    second.ack(pubrel, 5);
    assert.deepEqual(answer(second), [pubcomp, 5, 0]);
    assert.deepEqual(texts(subscriber), ['once']);
  }
});

test('after PUBCOMP the same identifier is a new message [MQTT-4.3.3-12]', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['a', 'b', 'c']) {
    publisher.publish('t', text, { qos: 2, packetId: 5, dup: text === 'c' });
    publisher.ack(pubrel, 5);
  }
  assert.deepEqual(texts(subscriber), ['a', 'b', 'c']);
});

test('after a PUBREC that refused, the same identifier is a new message [MQTT-4.3.3-9]', () => {
  const broker = new TestBroker({ limits: { maxRetainedMessages: 0 } });
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const publisher = broker.connect('p');
  publisher.publish('t', 'refused', { qos: 2, packetId: 5, retain: true });
  assert.deepEqual(answer(publisher), [pubrec, 5, ReasonCode.quotaExceeded]);
  publisher.publish('t', 'new', { qos: 2, packetId: 5, dup: true });
  assert.deepEqual(answer(publisher), [pubrec, 5, 0]);
  assert.deepEqual(texts(subscriber), ['new']);
});

test('a PUBREL for an identifier that is not open is answered with PUBCOMP 0x92, and 3.x with a plain PUBCOMP [MQTT-4.3.3-11] [MQTT-3.7.2-1]', () => {
  for (const version of versions) {
    const client = new TestBroker().connect('c', { version });
    client.ack(pubrel, 9);
    assert.deepEqual(answer(client), [pubcomp, 9, version === 5 ? ReasonCode.packetIdentifierNotFound : 0]);
  }
});

test('a QoS 2 message goes to a client as PUBLISH, PUBREL after its PUBREC, and nothing after PUBCOMP [MQTT-4.3.3-4] [MQTT-4.3.3-5]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    client.subscribe('t');
    broker.connect('p').publish('t', 'x', { qos: 2 });
    const [message] = client.takeMessages();
    const id = message!.packetId;
    client.ack(pubrec, id);
    assert.deepEqual(answer(client), [pubrel, id, 0]);
    client.ack(pubrec, id);
    assert.deepEqual(answer(client), [pubrel, id, 0]);
    client.ack(pubcomp, id);
    client.ack(pubcomp, id);
    assert.deepEqual(client.take(), []);
  }
});

test('a PUBREC for an unknown identifier is answered with PUBREL 0x92, and 3.x with a plain PUBREL; one that refuses with nothing [MQTT-3.6.2-1]', () => {
  for (const version of versions) {
    const client = new TestBroker().connect('c', { version });
    client.ack(pubrec, 9);
    assert.deepEqual(answer(client), [pubrel, 9, version === 5 ? ReasonCode.packetIdentifierNotFound : 0]);
  }
  const client = new TestBroker().connect('c');
  client.ack(pubrec, 9, ReasonCode.quotaExceeded);
  assert.deepEqual(client.take(), []);
});

test('a PUBREC that refuses ends the exchange: no PUBREL, no second try [MQTT-4.4.0-2]', () => {
  const broker = new TestBroker();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('t');
  broker.connect('p').publish('t', 'x', { qos: 2 });
  client.ack(pubrec, client.takeMessages()[0]!.packetId, ReasonCode.unspecifiedError);
  assert.deepEqual(client.take(), []);
  client.cut();
  assert.deepEqual(broker.connect('c', options).take(), []);
});

test('a PUBCOMP before the PUBREC changes nothing', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('t');
  broker.connect('p').publish('t', 'x', { qos: 2 });
  const id = client.takeMessages()[0]!.packetId;
  client.ack(pubcomp, id);
  client.ack(pubrec, id);
  assert.deepEqual(answer(client), [pubrel, id, 0]);
});

test('a PUBREL with other flags than 0010 is malformed [MQTT-3.6.1-1]', () => {
  for (const flags of [0, 1, 3, 6, 10]) {
    const client = new TestBroker().connect('c');
    client.sendBytes(Uint8Array.of(0x60 | flags, 2, 0, 1));
    assert.equal((client.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.malformedPacket);
    assert.equal(client.closed, true);
  }
});

test('PUBREL and PUBCOMP go out without reason string and user properties, so that none is ever too large [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3]', () => {
  const client = new TestBroker().connect('c');
  client.ack(pubrel, 9);
  client.ack(pubrec, 9);
  for (const packet of client.take()) assert.equal('properties' in packet ? packet.properties : undefined, undefined);
});

test('a message lost with its connection while its authorization was pending is delivered when it is sent again', async () => {
  const answers: ((allowed: true) => void)[] = [];
  const broker = new TestBroker({
    authorizer: {
      authorizePublish: () => new Promise((resolve) => answers.push(resolve)),
      authorizeSubscribe: () => true,
    },
  });
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const first = broker.connect('p', options);
  first.publish('t', 'x', { qos: 2, packetId: 3 });
  first.cut();
  answers[0]!(true);
  await Promise.resolve();
  const second = broker.connect('p', options);
  second.publish('t', 'x', { qos: 2, packetId: 3, dup: true });
  assert.equal(answers.length, 2);
  answers[1]!(true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(answer(second), [pubrec, 3, 0]);
  assert.deepEqual(texts(subscriber), ['x']);
});
