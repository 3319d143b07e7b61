import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

test('a QoS 1 publish is answered with one PUBACK that repeats its identifier, after it was routed [MQTT-4.3.2-4] [MQTT-2.2.1-5] [MQTT-3.3.4-1]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const subscriber = broker.connect('s', { version });
    subscriber.subscribe('t');
    const publisher = broker.connect('p', { version });
    for (const packetId of [1, 2, 65_535, 1]) {
      publisher.publish('t', `${packetId}`, { qos: 1, packetId });
      assert.deepEqual(
        { ...publisher.takeOne(), properties: undefined },
        {
          type: PacketType.puback,
          packetId,
          reasonCode: 0,
          properties: undefined,
        },
      );
      assert.deepEqual(texts(subscriber), [`${packetId}`]);
    }
  }
});

test('after its PUBACK the same identifier is a new message, whatever DUP says [MQTT-4.3.2-5]', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const publisher = broker.connect('p');
  for (const dup of [false, true, true]) publisher.publish('t', 'x', { qos: 1, packetId: 7, dup });
  assert.equal(publisher.take().length, 3);
  assert.equal(subscriber.takeMessages().length, 3);
});

test('messages to a client have different identifiers while they are in flight, and none is 0 [MQTT-4.3.2-1] [MQTT-2.2.1-4]', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const publisher = broker.connect('p');
  for (let i = 0; i < 100; i++) publisher.publish('t', 'x', { qos: i % 2 === 0 ? 1 : 2 });
  const ids = subscriber.takeMessages().map(({ packetId }) => packetId);
  assert.equal(new Set(ids).size, 100);
  assert.equal(ids.includes(0), false);
});

test('identifiers go round: after 65,535 messages they are used again, but not one that is still in flight [MQTT-4.3.2-1] [MQTT-2.2.1-4]', () => {
  const broker = new TestBroker();
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const publisher = broker.connect('p');
  publisher.publish('t', 'stuck', { qos: 1, packetId: 1 });
  const stuck = subscriber.takeMessages()[0]!.packetId;
  const seen = new Set<number>();
  let again = 0;
  for (let i = 0; i < 66_000; i++) {
    publisher.publish('t', 'x', { qos: 1, packetId: 1 });
    const { packetId } = subscriber.takeMessages()[0]!;
    assert.notEqual(packetId, stuck);
    if (seen.has(packetId)) again += 1;
    seen.add(packetId);
    subscriber.ack(PacketType.puback, packetId);
  }
  assert.ok(again > 0);
});

test('a PUBACK frees the identifier and its place in the window; one that nobody waits for changes nothing [MQTT-4.3.2-3]', () => {
  const broker = new TestBroker({ limits: { maxInflight: 1 } });
  const subscriber = broker.connect('s');
  subscriber.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['a', 'b', 'c']) publisher.publish('t', text, { qos: 1 });
  const [first] = subscriber.takeMessages();
  subscriber.ack(PacketType.puback, first!.packetId + 1);
  subscriber.ack(PacketType.puback, 65_535);
  assert.deepEqual(subscriber.take(), []);
  subscriber.ack(PacketType.puback, first!.packetId);
  assert.deepEqual(texts(subscriber), ['b']);
  subscriber.ack(PacketType.puback, first!.packetId);
  assert.deepEqual(subscriber.take(), []);
});

test('an acknowledgement of the other QoS ends nothing: the message stays in flight', () => {
  const broker = new TestBroker();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('t');
  const publisher = broker.connect('p');
  publisher.publish('t', 'one', { qos: 1 });
  publisher.publish('t', 'two', { qos: 2 });
  const [one, two] = client.takeMessages();
  client.ack(PacketType.puback, two!.packetId);
  client.ack(PacketType.pubrec, one!.packetId);
  assert.equal((client.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.packetIdentifierNotFound);
  client.ack(PacketType.pubrec, one!.packetId, ReasonCode.unspecifiedError);
  assert.deepEqual(client.take(), []);
  client.cut();
  assert.deepEqual(texts(broker.connect('c', options)), ['one', 'two']);
});

test('a PUBACK that refuses counts as an acknowledgement: the message is not sent again [MQTT-4.4.0-2]', () => {
  const broker = new TestBroker();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['refused', 'open']) publisher.publish('t', text, { qos: 1 });
  const [first] = client.takeMessages();
  client.ack(PacketType.puback, first!.packetId, ReasonCode.quotaExceeded);
  client.cut();
  assert.deepEqual(texts(broker.connect('c', options)), ['open']);
});

test('an acknowledgement with a reason code its packet does not have is a protocol error [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1]', () => {
  for (const first of [0x40, 0x50, 0x62, 0x70]) {
    const client = new TestBroker().connect('c');
    client.sendBytes(Uint8Array.of(first, 3, 0, 1, 0x9f));
    const packet = client.takeOne();
    assert.equal(packet.type, PacketType.disconnect);
    assert.ok((packet as { reasonCode: number }).reasonCode >= 0x80);
    assert.equal(client.closed, true);
  }
});
