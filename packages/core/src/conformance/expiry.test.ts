import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType } from '@cauldron/protocol';
import { TestBroker, type TestClient, textBytes, textOf } from '@cauldron/testkit';

const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };
const expiring = (messageExpiryInterval: number) => ({ qos: 1 as const, properties: { messageExpiryInterval } });

function seen(client: TestClient): [string, number | undefined][] {
  return client.takeMessages().map(({ payload, properties }) => [textOf(payload), properties?.messageExpiryInterval]);
}

test('a message that is passed on at once keeps its interval [MQTT-3.3.2-6]', () => {
  for (const qos of [0, 1, 2] as const) {
    const broker = new TestBroker();
    const client = broker.connect('c');
    client.subscribe('t');
    const publisher = broker.connect('p');
    for (const seconds of [0, 1, 0xffffffff]) publisher.publish('t', 'x', { ...expiring(seconds), qos });
    assert.deepEqual(
      seen(client).map(([, seconds]) => seconds),
      [0, 1, 0xffffffff],
    );
  }
});

test('a message that waited says how many seconds are left of its interval, beside its other properties [MQTT-3.3.2-6]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', lasting);
  client.subscribe('t', { identifier: 3 });
  client.cut();
  const properties = { contentType: 'a', messageExpiryInterval: 100, topicAlias: 5, correlationData: Uint8Array.of(1) };
  broker.connect('p').publish('t', 'x', { qos: 1, properties });
  broker.advance(30_000);
  const { topicAlias: _alias, ...rest } = properties;
  assert.deepEqual(broker.connect('c', lasting).takeMessages()[0]?.properties, {
    ...rest,
    messageExpiryInterval: 70,
    subscriptionIdentifiers: [3],
  });
});

test('an expired message that waited is dropped and counted, the others are delivered [MQTT-3.3.2-5]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c', lasting);
  client.subscribe('t');
  client.cut();
  const publisher = broker.connect('p');
  publisher.publish('t', 'short', expiring(5));
  publisher.publish('t', 'long', expiring(50));
  publisher.publish('t', 'forever', { qos: 1 });
  broker.advance(5000);
  assert.deepEqual(seen(broker.connect('c', lasting)), [
    ['long', 45],
    ['forever', undefined],
  ]);
  assert.equal(broker.core.metrics.droppedExpired, 1);
});

test('expiry counts for what waits behind a full window or a slow connection, too [MQTT-3.3.2-5] [MQTT-3.3.2-6]', () => {
  const broker = new TestBroker({ limits: { maxInflight: 1 } });
  const client = broker.connect('c');
  client.subscribe('t', { qos: 1 });
  const publisher = broker.connect('p');
  publisher.publish('t', 'first', expiring(100));
  publisher.publish('t', 'short', expiring(5));
  publisher.publish('t', 'long', expiring(50));
  broker.advance(10_000);
  const [first] = client.takeMessages();
  client.ack(PacketType.puback, first!.packetId);
  assert.deepEqual(seen(client), [['long', 40]]);
  assert.equal(broker.core.metrics.droppedExpired, 1);
});

test('a 3.x client gets no expired message and no interval', () => {
  const broker = new TestBroker();
  const options = { version: 4 as const, cleanStart: false };
  const client = broker.connect('c', options);
  client.subscribe('t');
  client.cut();
  const publisher = broker.connect('p');
  publisher.publish('t', 'short', expiring(5));
  publisher.publish('t', 'long', expiring(50));
  broker.advance(10_000);
  assert.deepEqual(seen(broker.connect('c', options)), [['long', undefined]]);
});

test("a will's interval counts from when the will is published", () => {
  const broker = new TestBroker();
  const watcher = broker.connect('w', lasting);
  watcher.subscribe('gone', { qos: 1 });
  const client = broker.connect('c', {
    properties: { sessionExpiryInterval: 1000 },
    will: {
      topic: 'gone',
      payload: textBytes('x'),
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 60, messageExpiryInterval: 30 },
    },
  });
  broker.advance(100_000);
  client.cut();
  broker.advance(59_000);
  assert.deepEqual(seen(watcher), []);
  watcher.cut();
  broker.advance(11_500);
  const [[text, left] = []] = seen(broker.connect('w', lasting));
  assert.equal(text, 'x');
  assert.ok(left !== undefined && left >= 19 && left <= 21, `${left} s are left`);
});
