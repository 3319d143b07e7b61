import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;
const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

function publishMany(client: TestClient, count: number, qos: 0 | 1 | 2 = 0): void {
  for (let i = 0; i < count; i++) client.publish('t', `${i}`, { qos, packetId: i + 1 });
}

test('each message goes to one member of the group, in turn, whatever version they speak [MQTT-4.8.2-1]', () => {
  const broker = new TestBroker();
  const members = versions.map((version) => broker.connect(`m${version}`, { version }));
  for (const member of members) member.subscribe('$share/g/t');
  publishMany(broker.connect('p'), 6);
  assert.deepEqual(members.map(texts), [
    ['0', '3'],
    ['1', '4'],
    ['2', '5'],
  ]);
});

test('a member that is away is skipped while another is connected; when all are away, messages wait', () => {
  const broker = new TestBroker();
  const [a, b] = [broker.connect('a', lasting), broker.connect('b', lasting)];
  for (const member of [a, b]) member.subscribe('$share/g/t');
  a.cut();
  const publisher = broker.connect('p');
  publishMany(publisher, 3, 1);
  assert.deepEqual(texts(b), ['0', '1', '2']);
  b.cut();
  publishMany(publisher, 2, 1);
  const waited = [broker.connect('a', lasting), broker.connect('b', lasting)].map((member) =>
    member
      .takeMessages()
      .filter(({ dup }) => !dup)
      .map(({ payload }) => textOf(payload)),
  );
  assert.deepEqual(waited.flat().sort(), ['0', '1']);
});

test('a member that does not keep up is passed over while another does', () => {
  const broker = new TestBroker({ limits: { maxOutboundBytes: 1 } });
  const [slow, quick] = [broker.connect('slow'), broker.connect('quick')];
  for (const member of [slow, quick]) member.subscribe('$share/g/t');
  slow.link.reading = false;
  publishMany(broker.connect('p'), 10, 1);
  assert.ok(texts(quick).length >= 9);
});

test('two groups each get every message; a group is its name and its filter together', () => {
  const broker = new TestBroker();
  const one = broker.connect('one');
  one.subscribe('$share/g/t');
  const two = broker.connect('two');
  two.subscribe('$share/h/t');
  const three = broker.connect('three');
  three.subscribe('$share/g/+');
  const four = broker.connect('four');
  four.subscribe('$share/g/t');
  publishMany(broker.connect('p'), 4);
  assert.equal(texts(two).length, 4);
  assert.equal(texts(three).length, 4);
  assert.deepEqual([texts(one).length, texts(four).length], [2, 2]);
});

test('a client in a group and with a subscription of its own gets a copy for each, with its own identifier [MQTT-3.3.4-5]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('t', { qos: 1, identifier: 1 });
  client.subscribe('$share/g/t', { qos: 0, identifier: 2 });
  broker.connect('p').publish('t', 'x', { qos: 2 });
  assert.deepEqual(
    client
      .takeMessages()
      .map(({ qos, properties }) => [qos, properties?.subscriptionIdentifiers])
      .sort(),
    [
      [0, [2]],
      [1, [1]],
    ],
  );
});

test('each member gets messages at the QoS granted to it [MQTT-4.8.2-3]', () => {
  const broker = new TestBroker();
  const members = ([0, 1, 2] as const).map((qos) => {
    const member = broker.connect(`m${qos}`);
    member.subscribe('$share/g/t', { qos });
    return member;
  });
  publishMany(broker.connect('p'), 3, 2);
  assert.deepEqual(
    members.map((member) => member.takeMessages().map(({ qos }) => qos)),
    [[0], [1], [2]],
  );
});

test('a shared subscription brings no retained messages, and subscribing again replaces the member', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  publisher.publish('t', 'kept', { retain: true });
  const client = broker.connect('c');
  client.subscribe('$share/g/t', { qos: 0 });
  client.subscribe('$share/g/t', { qos: 1, identifier: 3 });
  assert.deepEqual(client.take(), []);
  publisher.publish('t', 'live', { qos: 2 });
  assert.deepEqual(
    client.takeMessages().map(({ qos, retain, properties }) => [qos, retain, properties?.subscriptionIdentifiers]),
    [[1, false, [3]]],
  );
  assert.equal(broker.core.router.sharedSubscriptions, 1);
});

test('after leaving, a member gets nothing more and the others everything; an empty group is gone', () => {
  for (const filter of ['$share/g/t', '$share/g/+']) {
    const broker = new TestBroker();
    const [a, b, c] = [broker.connect('a'), broker.connect('b'), broker.connect('c')];
    for (const member of [a, b, c]) member.subscribe(filter);
    const publisher = broker.connect('p');
    publishMany(publisher, 2);
    b.send({ type: PacketType.unsubscribe, packetId: 5, filters: [filter] });
    c.disconnect();
    publishMany(publisher, 3);
    assert.deepEqual(texts(a), ['0', '0', '1', '2']);
    assert.deepEqual(texts(b), ['1']);
    a.disconnect();
    publisher.publish('t', 'nobody', { qos: 1 });
    const puback = publisher.takeOne() as { reasonCode: number };
    assert.equal(puback.reasonCode, ReasonCode.noMatchingSubscribers);
    assert.equal(broker.core.router.subscriptions, 0);
  }
});

test('No Local on a shared subscription is a protocol error [MQTT-3.8.3-4]', () => {
  const client = new TestBroker().connect('c');
  const filter = textBytes('$share/g/t');
  // By hand, for no encoder writes it.
  client.sendBytes(Uint8Array.of(0x82, 6 + filter.length, 0, 1, 0, 0, filter.length, ...filter, 0x04));
  assert.equal((client.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.protocolError);
  assert.equal(client.closed, true);
});

test('a group name without a character, with a wildcard, or without a filter behind it is refused [MQTT-4.8.2-1] [MQTT-4.8.2-2]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  for (const filter of ['$share//t', '$share/', '$share/g', '$share/g/', '$share/a+/t', '$share/#/t', '$share/g/a#']) {
    assert.deepEqual(client.subscribe(filter).reasonCodes, [ReasonCode.topicFilterInvalid], filter);
  }
  for (const filter of ['$share/g//', '$share/ /t', '$share/g/#', '$share/$x/$SYS/+']) {
    assert.deepEqual(client.subscribe(filter).reasonCodes, [2], filter);
  }
});

test('a shared filter matches as its last part would: no leading wildcard reaches below $', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('$share/g/#');
  const publisher = broker.connect('p');
  publisher.publish('$x/a', 'hidden');
  publisher.publish('a/b', 'seen');
  assert.deepEqual(texts(client), ['seen']);
});

test('a QoS 2 delivery under way belongs to its member: it is completed when that client returns, and nobody else gets it [MQTT-4.8.2-4]', () => {
  const broker = new TestBroker();
  const a = broker.connect('a', lasting);
  a.subscribe('$share/g/t');
  broker.connect('p').publish('t', 'x', { qos: 2 });
  const [message] = a.takeMessages();
  const b = broker.connect('b', lasting);
  b.subscribe('$share/g/t');
  a.cut();
  assert.deepEqual(b.take(), []);
  const again = broker.connect('a', lasting);
  assert.deepEqual(
    again.takeMessages().map(({ packetId, dup }) => [packetId, dup]),
    [[message?.packetId, true]],
  );
  again.ack(PacketType.pubrec, message!.packetId);
  assert.equal(again.takeOne().type, PacketType.pubrel);
});

test('when the session of that member ends first, the message ends with it [MQTT-4.8.2-5]', () => {
  const broker = new TestBroker();
  const a = broker.connect('a', { cleanStart: false, properties: { sessionExpiryInterval: 10 } });
  a.subscribe('$share/g/t');
  broker.connect('p').publish('t', 'x', { qos: 2 });
  const b = broker.connect('b');
  b.subscribe('$share/g/t');
  a.cut();
  broker.advance(20_000);
  assert.equal(broker.core.sessions.get('a'), undefined);
  assert.deepEqual(b.take(), []);
});

test('a message its member refused goes to nobody else [MQTT-4.8.2-6]', () => {
  for (const qos of [1, 2] as const) {
    const broker = new TestBroker();
    const [a, b] = [broker.connect('a', lasting), broker.connect('b', lasting)];
    for (const member of [a, b]) member.subscribe('$share/g/t');
    broker.connect('p').publish('t', 'x', { qos });
    const [message] = a.takeMessages();
    a.ack(qos === 1 ? PacketType.puback : PacketType.pubrec, message!.packetId, ReasonCode.unspecifiedError);
    a.cut();
    assert.deepEqual(b.take(), []);
    assert.deepEqual(broker.connect('a', lasting).take(), []);
  }
});
