import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, type TestBrokerOptions, textOf } from '@cauldron/testkit';

const FOREVER = 0xffffffff;
const DAY = 86_400;

/** A broker where `c` subscribed to `t` at QoS 1 with a session expiry of so many seconds. */
function subscribed(sessionExpiryInterval: number, options: TestBrokerOptions = {}) {
  const broker = new TestBroker(options);
  const client = broker.connect('c', { cleanStart: false, properties: { sessionExpiryInterval } });
  client.subscribe('t', { qos: 1 });
  return { broker, client };
}

/** Whether the session is still there: a reconnect says so. */
function present(broker: TestBroker, clientId = 'c'): boolean {
  return broker.open().connect(clientId, { cleanStart: false }).sessionPresent;
}

test('Clean Start throws the old session away: neither subscriptions nor messages are left [MQTT-3.1.2-4] [MQTT-3.1.4-4]', () => {
  for (const version of [3, 4, 5] as const) {
    const broker = new TestBroker();
    const properties = version === 5 ? { sessionExpiryInterval: 60 } : undefined;
    const first = broker.connect('c', { version, cleanStart: false, properties });
    first.subscribe('t', { qos: 1 });
    first.cut();
    const publisher = broker.connect('p');
    publisher.publish('t', 'missed', { qos: 1 });
    const second = broker.connect('c', { version, cleanStart: true, properties });
    publisher.publish('t', 'also missed', { qos: 1 });
    assert.deepEqual(second.take(), [], `version ${version}`);
    assert.equal(broker.core.metrics.queuedMessages, 0);
  }
});

test('without Clean Start the session goes on: subscriptions, what waited and what was in flight [MQTT-3.1.2-5]', () => {
  for (const version of [3, 4, 5] as const) {
    const broker = new TestBroker();
    const properties = version === 5 ? { sessionExpiryInterval: 60 } : undefined;
    const first = broker.connect('c', { version, cleanStart: false, properties });
    first.subscribe('t', { qos: 2 });
    const publisher = broker.connect('p');
    publisher.publish('t', 'in flight', { qos: 1 });
    const [inFlight] = first.takeMessages();
    first.cut();
    publisher.publish('t', 'waited', { qos: 2 });
    const second = broker.connect('c', { version, cleanStart: false, properties });
    publisher.publish('t', 'live', { qos: 0 });
    const messages = second.takeMessages();
    assert.deepEqual(
      messages.map(({ payload, qos, dup }) => [textOf(payload), qos, dup]),
      [
        ['in flight', 1, true],
        ['waited', 2, false],
        ['live', 0, false],
      ],
      `version ${version}`,
    );
    assert.equal(messages[0]?.packetId, inFlight?.packetId);
  }
});

test('without a session to resume, a new one is created and kept [MQTT-3.1.2-6]', () => {
  const { broker, client } = subscribed(60);
  client.cut();
  assert.equal(present(broker), true);
});

test('a session is kept for its expiry interval after the connection, and then discarded [MQTT-3.1.2-23] [MQTT-4.1.0-2]', () => {
  for (const end of ['cut', 'disconnect'] as const) {
    const early = subscribed(10);
    early.client[end]();
    early.broker.advance(9_500);
    assert.equal(present(early.broker), true);

    const late = subscribed(10);
    late.client[end]();
    late.broker.connect('p').publish('t', 'waits', { qos: 1 });
    assert.equal(late.broker.core.metrics.queuedMessages, 1);
    late.broker.advance(10_250);
    assert.equal(late.broker.core.metrics.sessionsExpired, 1);
    assert.equal(late.broker.core.metrics.queuedMessages, 0);
    assert.equal(late.broker.core.sessions.get('c'), undefined);
    assert.equal(present(late.broker), false);
  }
});

test('the expiry interval starts anew with the end of each connection', () => {
  const { broker, client } = subscribed(10);
  client.cut();
  broker.advance(8_000);
  const again = broker.connect('c', { cleanStart: false, properties: { sessionExpiryInterval: 10 } });
  broker.advance(8_000);
  again.cut();
  broker.advance(8_000);
  assert.equal(present(broker), true);
});

test('a session is never discarded while its client is connected, however short its expiry [MQTT-4.1.0-1]', () => {
  const { broker, client } = subscribed(1);
  broker.advance(DAY * 1000);
  broker.connect('p').publish('t', 'still here', { qos: 1 });
  assert.equal(client.takeMessages().length, 1);
  const clean = broker.connect('d', { version: 4 });
  clean.subscribe('t');
  broker.advance(DAY * 1000);
  assert.equal(clean.closed, false);
  assert.equal(broker.core.sessions.size, 3);
});

test('without a session expiry interval the session ends with its connection [MQTT-4.1.0-2]', () => {
  const broker = new TestBroker();
  broker.connect('c', { cleanStart: false }).cut();
  assert.equal(broker.core.sessions.get('c'), undefined);
  assert.equal(present(broker), false);
});

test('a session expiry of 0xFFFFFFFF never ends where the broker sets no maximum', () => {
  const { broker, client } = subscribed(FOREVER, { mqtt: { sessionExpiryMaximum: FOREVER } });
  client.cut();
  broker.core.tick(broker.core.now + 200 * 365 * DAY * 1000);
  assert.equal(present(broker), true);
});

test('a session expiry of 0xFFFFFFFE ends after its 136 years', () => {
  const { broker, client } = subscribed(FOREVER - 1, { mqtt: { sessionExpiryMaximum: FOREVER } });
  client.cut();
  broker.core.tick(broker.core.now + FOREVER * 1000);
  broker.core.tick(broker.core.now + 1000);
  assert.equal(present(broker), false);
});

test('the session expiry is capped by the maximum, and CONNACK says so only then', () => {
  const broker = new TestBroker({ mqtt: { sessionExpiryMaximum: 100 } });
  const told = (sessionExpiryInterval: number) =>
    broker.open().connect('c', { cleanStart: false, properties: { sessionExpiryInterval } }).properties
      ?.sessionExpiryInterval;
  assert.deepEqual(
    [told(0), told(99), told(100), told(101), told(FOREVER)],
    [undefined, undefined, undefined, 100, 100],
  );
  broker.core.disconnect('c', ReasonCode.administrativeAction, 'test');
  broker.advance(99_500);
  assert(broker.core.sessions.get('c'));
  broker.advance(1_000);
  assert.equal(broker.core.sessions.get('c'), undefined);
});

test('a DISCONNECT changes the session expiry: shorter, longer, gone [MQTT-4.1.0-2]', () => {
  const shorter = subscribed(60);
  shorter.client.disconnect(0, { sessionExpiryInterval: 5 });
  shorter.broker.advance(5_250);
  assert.equal(present(shorter.broker), false);

  const longer = subscribed(5);
  longer.client.disconnect(0, { sessionExpiryInterval: 60 });
  longer.broker.advance(59_000);
  assert.equal(present(longer.broker), true);

  const gone = subscribed(60);
  gone.client.disconnect(0, { sessionExpiryInterval: 0 });
  assert.equal(gone.broker.core.sessions.get('c'), undefined);

  const capped = subscribed(5, { mqtt: { sessionExpiryMaximum: 10 } });
  capped.client.disconnect(0, { sessionExpiryInterval: FOREVER });
  capped.broker.advance(10_250);
  assert.equal(present(capped.broker), false);
});

test('a DISCONNECT that wants a session expiry where CONNECT had none is a protocol error [MQTT-4.13.1-1]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', { cleanStart: false });
  client.disconnect(0, { sessionExpiryInterval: 1 });
  const answer = client.takeOne();
  assert.equal(answer.type === PacketType.disconnect && answer.reasonCode, ReasonCode.protocolError);
  assert.equal(client.closed, true);
  assert.equal(present(broker), false);
  const same = broker.connect('d');
  same.disconnect(0, { sessionExpiryInterval: 0 });
  assert.deepEqual([same.take(), same.closed], [[], true]);
});

test('a session without clean session of 3.x is kept for the maximum, a clean one ends with its connection', () => {
  for (const version of [3, 4] as const) {
    const broker = new TestBroker({ mqtt: { sessionExpiryMaximum: 100 } });
    broker.connect('kept', { version, cleanStart: false }).cut();
    broker.connect('clean', { version, cleanStart: true }).disconnect();
    assert.equal(broker.core.sessions.get('clean'), undefined);
    broker.advance(99_500);
    assert(broker.core.sessions.get('kept'));
    broker.advance(750);
    assert.equal(broker.core.sessions.get('kept'), undefined);
  }
});

test('a client may come back with another version and finds its session', () => {
  const broker = new TestBroker();
  const old = broker.connect('c', { version: 4, cleanStart: false });
  old.subscribe('t', { qos: 1 });
  old.disconnect();
  broker.connect('p').publish('t', 'across', { qos: 1, properties: { contentType: 'text/plain' } });
  const modern = broker.connect('c', { cleanStart: false, properties: { sessionExpiryInterval: 60 } });
  const [message] = modern.takeMessages();
  assert.equal(message?.properties?.contentType, 'text/plain');
  modern.cut();
  const back = broker.connect('c', { version: 4, cleanStart: false });
  const [again] = back.takeMessages();
  assert.deepEqual([again?.dup, again?.packetId, again?.properties], [true, message.packetId, undefined]);
});

test('the incoming side of QoS 2 is part of the session: a publish sent again after a break is delivered once', () => {
  const { broker, client } = subscribed(60);
  const witness = broker.connect('witness');
  witness.subscribe('q', { qos: 0 });
  client.publish('q', 'once', { qos: 2, packetId: 9 });
  client.cut();
  const again = broker.connect('c', { cleanStart: false, properties: { sessionExpiryInterval: 60 } });
  again.publish('q', 'once', { qos: 2, packetId: 9, dup: true });
  again.ack(PacketType.pubrel, 9);
  assert.equal(witness.takeMessages().length, 1);
});

test('an administrator can discard a session, connected or not', () => {
  const { broker, client } = subscribed(60);
  assert.equal(broker.core.discardSession('c'), true);
  const answer = client.takeOne();
  assert.equal(answer.type === PacketType.disconnect && answer.reasonCode, ReasonCode.administrativeAction);
  assert.equal(present(broker), false);
  broker.connect('d', { properties: { sessionExpiryInterval: 60 } }).cut();
  assert.equal(broker.core.discardSession('d'), true);
  assert.equal(broker.core.discardSession('d'), false);
});
