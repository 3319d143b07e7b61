import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Packet, PacketType, type ProtocolVersion } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

function resume(broker: TestBroker, version: ProtocolVersion, receiveMaximum = 65_535): TestClient {
  const properties = version === 5 ? { properties: { sessionExpiryInterval: 1000, receiveMaximum } } : {};
  return broker.connect('c', { version, cleanStart: false, ...properties });
}

/** What was received, one line a packet. */
function lines(packets: readonly Packet[]): string[] {
  return packets.map((packet) => {
    if (packet.type === PacketType.publish) {
      return `PUBLISH ${packet.packetId} ${textOf(packet.payload)} QoS ${packet.qos}${packet.dup ? ' DUP' : ''}`;
    }
    return packet.type === PacketType.pubrel ? `PUBREL ${packet.packetId}` : `type ${packet.type}`;
  });
}

test('when a client comes back, PUBLISH packets are sent again in their order with DUP and their identifiers, PUBRELs with theirs [MQTT-3.3.1-1] [MQTT-4.4.0-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = resume(broker, version);
    client.subscribe('t');
    const publisher = broker.connect('p');
    for (const [text, qos] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 1],
      ['e', 2],
    ] as const) {
      publisher.publish('t', text, { qos });
    }
    assert.equal(client.takeMessages().length, 5);
    client.ack(PacketType.puback, 4);
    client.ack(PacketType.pubrec, 2);
    client.ack(PacketType.pubrec, 5);
    client.ack(PacketType.pubcomp, 5);
    client.cut();
    publisher.publish('t', 'f', { qos: 1 });
    const again = resume(broker, version);
    const got = lines(again.take());
    assert.deepEqual(
      got.filter((line) => line.startsWith('PUBLISH')),
      ['PUBLISH 1 a QoS 1 DUP', 'PUBLISH 3 c QoS 2 DUP', 'PUBLISH 6 f QoS 1'],
    );
    assert.deepEqual(
      got.filter((line) => !line.startsWith('PUBLISH')),
      ['PUBREL 2'],
    );
    again.ack(PacketType.pubcomp, 2);
    again.ack(PacketType.pubrec, 3);
    again.ack(PacketType.pubcomp, 3);
    again.ack(PacketType.puback, 1);
    again.ack(PacketType.puback, 6);
    again.cut();
    assert.deepEqual(resume(broker, version).take(), []);
  }
});

test('nothing is sent again while the connection lasts, however long an acknowledgement takes [MQTT-4.4.0-1]', () => {
  const broker = new TestBroker();
  const client = resume(broker, 5);
  client.subscribe('t');
  const publisher = broker.connect('p');
  publisher.publish('t', 'a', { qos: 1 });
  publisher.publish('t', 'b', { qos: 2 });
  client.take();
  client.ack(PacketType.pubrec, 2);
  client.take();
  broker.advance(600_000);
  client.send({ type: PacketType.pingreq });
  assert.deepEqual(
    client.take().map(({ type }) => type),
    [PacketType.pingresp],
  );
});

test('a smaller receive maximum after a reconnect holds for what is sent again, too [MQTT-3.3.4-9] [MQTT-4.9.0-1]', () => {
  const broker = new TestBroker();
  const client = resume(broker, 5);
  client.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['a', 'b', 'c', 'd']) publisher.publish('t', text, { qos: 1 });
  client.take();
  client.cut();
  const again = resume(broker, 5, 2);
  assert.deepEqual(lines(again.take()), ['PUBLISH 1 a QoS 1 DUP', 'PUBLISH 2 b QoS 1 DUP']);
  publisher.publish('t', 'e', { qos: 1 });
  publisher.publish('t', 'zero', { qos: 0 });
  assert.deepEqual(lines(again.take()), ['PUBLISH 0 zero QoS 0']);
  // It answers for one it got on the first connection and has not been sent again yet.
  again.ack(PacketType.puback, 3);
  assert.deepEqual(again.take(), []);
  again.ack(PacketType.puback, 2);
  assert.deepEqual(lines(again.take()), ['PUBLISH 4 d QoS 1 DUP']);
  again.ack(PacketType.puback, 4);
  assert.deepEqual(lines(again.take()), ['PUBLISH 5 e QoS 1']);
  again.ack(PacketType.puback, 1);
  again.ack(PacketType.puback, 5);
  again.cut();
  assert.deepEqual(resume(broker, 5).take(), []);
});

test('a PUBREC for a QoS 2 message that waits to be sent again is answered with PUBREL, and the PUBLISH never comes [MQTT-4.3.3-6]', () => {
  const broker = new TestBroker();
  const client = resume(broker, 5);
  client.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['a', 'b', 'c']) publisher.publish('t', text, { qos: 2 });
  client.take();
  client.cut();
  const again = resume(broker, 5, 1);
  assert.deepEqual(lines(again.take()), ['PUBLISH 1 a QoS 2 DUP']);
  again.ack(PacketType.pubrec, 2);
  assert.deepEqual(lines(again.take()), ['PUBREL 2']);
  again.ack(PacketType.pubcomp, 2);
  again.ack(PacketType.pubrec, 1);
  again.ack(PacketType.pubcomp, 1);
  assert.deepEqual(lines(again.take()), ['PUBREL 1', 'PUBLISH 3 c QoS 2 DUP']);
});

test('an interrupted resend starts again from the beginning with the next connection', () => {
  const broker = new TestBroker();
  const client = resume(broker, 5);
  client.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['a', 'b', 'c']) publisher.publish('t', text, { qos: 1 });
  client.cut();
  resume(broker, 5, 1).cut();
  assert.deepEqual(lines(resume(broker, 5).take()), [
    'PUBLISH 1 a QoS 1 DUP',
    'PUBLISH 2 b QoS 1 DUP',
    'PUBLISH 3 c QoS 1 DUP',
  ]);
});

test('a message once sent no longer expires: it is sent again with 0 seconds left [MQTT-4.3.3-7] [MQTT-4.3.3-13]', () => {
  for (const qos of [1, 2] as const) {
    const broker = new TestBroker();
    const client = resume(broker, 5);
    client.subscribe('t');
    broker.connect('p').publish('t', 'x', { qos, properties: { messageExpiryInterval: 5 } });
    client.take();
    client.cut();
    broker.advance(10_000);
    const again = resume(broker, 5);
    const [message] = again.takeMessages();
    assert.deepEqual([message?.dup, message?.properties?.messageExpiryInterval], [true, 0]);
    if (qos === 2) {
      again.ack(PacketType.pubrec, message!.packetId);
      broker.advance(10_000);
      again.cut();
      const third = resume(broker, 5);
      assert.deepEqual(lines(third.take()), [`PUBREL ${message!.packetId}`]);
      third.ack(PacketType.pubcomp, message!.packetId);
    }
  }
});

test('what waited comes after what is sent again, in the order it was published [MQTT-4.6.0-5]', () => {
  const broker = new TestBroker({ limits: { maxInflight: 2 } });
  const client = resume(broker, 4);
  client.subscribe('t');
  const publisher = broker.connect('p');
  for (let i = 1; i <= 6; i++) publisher.publish('t', `${i}`, { qos: 1 });
  client.cut();
  const again = resume(broker, 4);
  const got: string[] = [];
  for (let batch = again.takeMessages(); batch.length > 0; batch = again.takeMessages()) {
    for (const message of batch) {
      got.push(textOf(message.payload));
      again.ack(PacketType.puback, message.packetId);
    }
  }
  assert.deepEqual(got, ['1', '2', '3', '4', '5', '6']);
});

test('a session that was resumed by another version goes on in that version', () => {
  const broker = new TestBroker();
  const old = resume(broker, 4);
  old.subscribe('t');
  const properties = { contentType: 'a' };
  broker.connect('p').publish('t', 'x', { qos: 1, properties });
  old.cut();
  const current = resume(broker, 5);
  const [message] = current.takeMessages();
  assert.deepEqual([message?.dup, message?.properties], [true, properties]);
});

test('a clean start forgets what was in flight', () => {
  const broker = new TestBroker();
  const client = resume(broker, 5);
  client.subscribe('t');
  broker.connect('p').publish('t', 'x', { qos: 1 });
  client.cut();
  assert.deepEqual(broker.connect('c').take(), []);
  assert.deepEqual(resume(broker, 5).take(), []);
});
