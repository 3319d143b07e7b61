import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, ReasonCode } from '@cauldron/protocol';
import { TestBroker, textBytes, textOf } from '@cauldron/testkit';

const will = (payload: string, willDelayInterval = 0) => ({
  topic: 'w',
  payload: textBytes(payload),
  qos: 0 as const,
  retain: false,
  properties: { willDelayInterval },
});
const plainWill = (payload: string) => ({ topic: 'w', payload: textBytes(payload), qos: 0 as const, retain: false });
const kept = { sessionExpiryInterval: 60 };

function witnessed() {
  const broker = new TestBroker();
  const witness = broker.connect('witness');
  witness.subscribe('w');
  return { broker, wills: () => witness.takeMessages().map(({ payload }) => textOf(payload)) };
}

test('a second connection takes the identifier over: the first gets 0x8E and is closed [MQTT-3.1.4-3]', () => {
  const broker = new TestBroker();
  const first = broker.connect('c');
  const second = broker.connect('c');
  const last = first.takeOne();
  assert(last.type === PacketType.disconnect);
  assert.equal(last.reasonCode, ReasonCode.sessionTakenOver);
  assert.match(last.properties?.reasonString ?? '', /'c'/);
  assert.deepEqual([first.closed, second.closed], [true, false]);
  assert.equal(broker.core.metrics.clientsConnected, 1);
  first.publish('t', 'too late');
  assert.equal(broker.core.metrics.publishReceived, 0);
});

test('a 3.x connection that is taken over sees a plain close [MQTT-3.1.4-3]', () => {
  for (const version of [3, 4] as const) {
    const broker = new TestBroker();
    const first = broker.connect('c', { version });
    broker.connect('c', { version: 5 });
    assert.deepEqual([first.take(), first.closed], [[], true]);
  }
});

test('the new connection goes on with the session, unless it wants a clean start [MQTT-3.1.2-5] [MQTT-3.1.2-4]', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  const first = broker.connect('c', { properties: kept });
  first.subscribe('t', { qos: 1 });
  publisher.publish('t', 'unacknowledged', { qos: 1 });
  const second = broker.open();
  assert.equal(second.connect('c', { cleanStart: false, properties: kept }).sessionPresent, true);
  assert.deepEqual(
    second.takeMessages().map(({ payload, dup }) => [textOf(payload), dup]),
    [['unacknowledged', true]],
  );
  const third = broker.open();
  assert.equal(third.connect('c', { cleanStart: true }).sessionPresent, false);
  publisher.publish('t', 'nobody', { qos: 1 });
  assert.deepEqual(third.take(), []);
});

test('the end of the old connection does no harm to the new one', () => {
  const broker = new TestBroker();
  const first = broker.connect('c', { properties: kept });
  first.link.reading = false;
  const second = broker.connect('c', { cleanStart: false, properties: kept });
  first.cut();
  broker.advance(70_000);
  assert.equal(second.closed, false);
  second.subscribe('t');
  second.publish('t', 'mine');
  assert.equal(second.takeMessages().length, 1);
});

test('a will without delay is published when its connection is taken over [MQTT-3.1.2-8]', () => {
  for (const cleanStart of [true, false]) {
    const { broker, wills } = witnessed();
    broker.connect('c', { properties: kept, will: will('first') });
    broker.connect('c', { cleanStart, properties: kept, will: will('second') });
    assert.deepEqual(wills(), ['first']);
  }
});

test('the will of a 3.1.1 client is published when its connection is taken over [MQTT-3.1.2-8]', () => {
  for (const cleanStart of [true, false]) {
    const { broker, wills } = witnessed();
    broker.connect('c', { version: 4, cleanStart, will: plainWill('first') });
    broker.connect('c', { version: 4, cleanStart, will: plainWill('second') });
    assert.deepEqual(wills(), ['first']);
  }
});

test('a delayed will is not published when the session is taken over and resumed [MQTT-3.1.3-9]', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { properties: kept, will: will('first', 5) });
  const second = broker.connect('c', { cleanStart: false, properties: kept });
  broker.advance(120_000);
  assert.deepEqual(wills(), []);
  second.cut();
  broker.advance(120_000);
  assert.deepEqual(wills(), [], 'the second connection named no will');
});

test('a delayed will is published at once when a clean start ends its session [MQTT-3.1.2-8]', () => {
  const { broker, wills } = witnessed();
  broker.connect('c', { properties: kept, will: will('first', 5) });
  broker.connect('c', { cleanStart: true });
  assert.deepEqual(wills(), ['first']);
  broker.advance(120_000);
  assert.deepEqual(wills(), []);
});

test('ten connections with one identifier leave exactly one [MQTT-3.1.4-3]', () => {
  const broker = new TestBroker();
  const clients = Array.from({ length: 10 }, (_, i) => broker.connect('c', { version: i % 2 === 0 ? 5 : 4 }));
  assert.deepEqual(
    clients.map(({ closed }) => closed),
    [...Array(9).fill(true), false],
  );
  assert.equal(broker.core.sessions.size, 1);
  assert.equal(broker.core.metrics.clientsMaximum, 1);
});

test('a refused CONNECT takes nothing over', () => {
  const broker = new TestBroker({
    authenticator: {
      authenticate: ({ username }) =>
        username === 'ann' ? { outcome: 'accept' } : { outcome: 'refuse', reasonCode: ReasonCode.notAuthorized },
    },
  });
  const first = broker.connect('c', { username: 'ann' });
  const thief = broker.open();
  assert.equal(thief.tryConnect('c').reasonCode, ReasonCode.notAuthorized);
  assert.deepEqual([first.closed, thief.closed], [false, true]);
});
