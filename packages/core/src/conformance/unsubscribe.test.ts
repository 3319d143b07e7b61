import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode, type UnsubackPacket } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

function unsubscribe(client: TestClient, packetId: number, ...filters: string[]): UnsubackPacket {
  client.send({ type: PacketType.unsubscribe, packetId, filters });
  const unsuback = client.takeOne();
  assert.equal(unsuback.type, PacketType.unsuback);
  return unsuback as UnsubackPacket;
}

test('an UNSUBSCRIBE is answered with one UNSUBACK: its identifier and a code for each filter in their order, also when nothing was deleted [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] [MQTT-2.2.1-6]', () => {
  for (const version of versions) {
    const client = new TestBroker().connect('c', { version });
    for (const filter of ['a', 'b/#', '$share/g/d']) client.subscribe(filter);
    const first = unsubscribe(client, 65_535, 'b/#', 'never', 'a', 'a', '$share/g/d');
    assert.equal(first.packetId, 65_535);
    const none = ReasonCode.noSubscriptionExisted;
    assert.deepEqual(first.reasonCodes, version === 5 ? [0, none, 0, none, 0] : []);
    const second = unsubscribe(client, 7, 'a');
    assert.equal(second.packetId, 7);
    assert.deepEqual(second.reasonCodes, version === 5 ? [none] : []);
  }
});

test('filters are compared character by character, as they are written [MQTT-3.10.4-1]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('a/+');
  for (const other of ['a/b', 'A/+', 'a/#', 'a/+/', '/a/+', '#', '$share/g/a/+']) {
    assert.deepEqual(unsubscribe(client, 1, other).reasonCodes, [ReasonCode.noSubscriptionExisted], other);
  }
  const publisher = broker.connect('p');
  publisher.publish('a/b', 'x');
  assert.equal(client.takeMessages().length, 1);
  assert.deepEqual(unsubscribe(client, 1, 'a/+').reasonCodes, [0]);
  assert.equal(broker.core.router.subscriptions, 0);
});

test('after an UNSUBSCRIBE no new message comes for the filter; other subscriptions go on [MQTT-3.10.4-2]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    client.subscribe('a/+');
    client.subscribe('a/b');
    const publisher = broker.connect('p');
    publisher.publish('a/b', '1');
    unsubscribeQuietly(client, 'a/+');
    publisher.publish('a/b', '2');
    publisher.publish('a/c', '3');
    unsubscribeQuietly(client, 'a/b');
    publisher.publish('a/b', '4', { qos: 1 });
    assert.deepEqual(
      client.takeMessages().map(({ payload }) => textOf(payload)),
      ['1', '2'],
    );
  }
});

function unsubscribeQuietly(client: TestClient, filter: string): void {
  client.send({ type: PacketType.unsubscribe, packetId: 99, filters: [filter] });
}

test('what is in flight or waits when the UNSUBSCRIBE comes is delivered to its end [MQTT-3.10.4-3]', () => {
  const broker = new TestBroker({ limits: { maxInflight: 1 } });
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('t');
  const publisher = broker.connect('p');
  for (const text of ['a', 'b']) publisher.publish('t', text, { qos: 2 });
  const [first] = client.takeMessages();
  unsubscribe(client, 9, 't');
  client.cut();
  const again = broker.connect('c', options);
  const [resent] = again.takeMessages();
  assert.deepEqual([resent?.packetId, resent?.dup], [first?.packetId, true]);
  again.ack(PacketType.pubrec, resent!.packetId);
  assert.equal(again.takeOne().type, PacketType.pubrel);
  again.ack(PacketType.pubcomp, resent!.packetId);
  assert.equal(textOf(again.takeMessages()[0]!.payload), 'b');
});

test('an UNSUBSCRIBE without filters or with other flags than 0010 ends the connection [MQTT-3.10.3-2] [MQTT-3.10.1-1]', () => {
  for (const bytes of [
    [0xa2, 3, 0, 1, 0],
    [0xa0, 6, 0, 1, 0, 0, 1, 0x61],
    [0xa3, 6, 0, 1, 0, 0, 1, 0x61],
  ]) {
    const client = new TestBroker().connect('c');
    client.sendBytes(Uint8Array.from(bytes));
    assert.equal(client.takeOne().type, PacketType.disconnect);
    assert.equal(client.closed, true);
  }
});

test('an UNSUBACK carries neither reason string nor user properties, so none is too large for them [MQTT-3.11.2-1] [MQTT-3.11.2-2]', () => {
  const client = new TestBroker().connect('c');
  assert.equal(unsubscribe(client, 1, 'a').properties, undefined);
});
