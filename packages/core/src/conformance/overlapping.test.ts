import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishPacket } from '@cauldron/protocol';
import { TestBroker } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

function identifiers(message: PublishPacket | undefined): number[] {
  return [...(message?.properties?.subscriptionIdentifiers ?? [])].sort((a, b) => a - b);
}

test('overlapping subscriptions deliver one copy at the highest QoS among them [MQTT-3.3.4-2]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    client.subscribe('a/b', { qos: 0 });
    client.subscribe('a/+', { qos: 2 });
    client.subscribe('#', { qos: 1 });
    const publisher = broker.connect('p');
    for (const qos of [0, 1, 2] as const) {
      publisher.publish('a/b', 'x', { qos });
      assert.deepEqual(
        client.takeMessages().map((message) => message.qos),
        [qos],
      );
    }
    publisher.publish('b', 'x', { qos: 2 });
    assert.deepEqual(
      client.takeMessages().map((message) => message.qos),
      [1],
    );
  }
});

test('the one copy carries the identifiers of all subscriptions that match and have one, and of no other [MQTT-3.3.4-3] [MQTT-3.3.4-4]', () => {
  for (const qos of [0, 1, 2] as const) {
    const broker = new TestBroker();
    const client = broker.connect('c');
    client.subscribe('a/b', { identifier: 1 });
    client.subscribe('a/+');
    client.subscribe('a/#', { identifier: 200 });
    client.subscribe('#', { identifier: 268_435_455 });
    client.subscribe('b', { identifier: 7 });
    client.subscribe('+/b', { identifier: 1 });
    const publisher = broker.connect('p');
    publisher.publish('a/b', 'x', { qos });
    const [message, ...rest] = client.takeMessages();
    assert.deepEqual([rest.length, identifiers(message)], [0, [1, 1, 200, 268_435_455]]);
    publisher.publish('c', 'x', { qos });
    assert.deepEqual(identifiers(client.takeMessages()[0]), [268_435_455]);
  }
});

test('a message that waited carries the identifiers it was queued with [MQTT-3.3.4-3]', () => {
  const broker = new TestBroker();
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('a', { identifier: 5 });
  client.subscribe('+', { identifier: 6 });
  client.cut();
  broker.connect('p').publish('a', 'x', { qos: 1 });
  const again = broker.connect('c', options);
  assert.deepEqual(identifiers(again.takeMessages()[0]), [5, 6]);
  again.cut();
  assert.deepEqual(identifiers(broker.connect('c', options).takeMessages()[0]), [5, 6]);
});

test('clients with identifiers, without any and of 3.1.1 each get their own form of one message', () => {
  const broker = new TestBroker();
  const one = broker.connect('one');
  one.subscribe('t', { identifier: 1 });
  const two = broker.connect('two');
  two.subscribe('t', { identifier: 2 });
  const plain = broker.connect('plain');
  plain.subscribe('t');
  const old = broker.connect('old', { version: 4 });
  old.subscribe('t');
  const publisher = broker.connect('p');
  for (const qos of [0, 1] as const) {
    publisher.publish('t', 'x', { qos, properties: { contentType: 'a' } });
    assert.deepEqual(one.takeMessages()[0]?.properties, { contentType: 'a', subscriptionIdentifiers: [1] });
    assert.deepEqual(two.takeMessages()[0]?.properties, { contentType: 'a', subscriptionIdentifiers: [2] });
    assert.deepEqual(plain.takeMessages()[0]?.properties, { contentType: 'a' });
    assert.equal(old.takeMessages()[0]?.properties, undefined);
  }
});

test('of overlapping subscriptions those without No Local still get the own messages, at their own QoS and identifiers [MQTT-3.8.3-3]', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('a/b', { noLocal: true, qos: 2, identifier: 1 });
  client.subscribe('a/+', { qos: 1, identifier: 2 });
  client.publish('a/b', 'own', { qos: 2 });
  const [own, ...rest] = client.takeMessages();
  assert.deepEqual([rest.length, own?.qos, identifiers(own)], [0, 1, [2]]);
  broker.connect('p').publish('a/b', 'foreign', { qos: 2 });
  const [foreign] = client.takeMessages();
  assert.deepEqual([foreign?.qos, identifiers(foreign)], [2, [1, 2]]);
  client.subscribe('a/+', { noLocal: true });
  client.publish('a/b', 'own', { qos: 2 });
  assert.deepEqual(client.takeMessages(), []);
  client.subscribe('#', { qos: 0 });
  client.subscribe('a/#', { qos: 1 });
  client.publish('a/b', 'own', { qos: 2 });
  assert.deepEqual(
    client.takeMessages().map(({ qos }) => qos),
    [1],
  );
});

test('RETAIN is kept where any of the overlapping subscriptions wants it as published', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('a');
  client.subscribe('+', { retainAsPublished: true });
  broker.connect('p').publish('a', 'x', { retain: true });
  assert.equal(client.takeMessages()[0]?.retain, true);
});
