import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketType, type PublishPacket, ReasonCode, type RetainHandling } from '@cauldron/protocol';
import { TestBroker, type TestClient, textOf } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

function texts(client: TestClient): string[] {
  return client.takeMessages().map(({ payload }) => textOf(payload));
}

function retain(client: TestClient, topic: string, text: string): void {
  client.publish(topic, text, { retain: true });
}

/** A new subscription to the filter and what it gets. */
function retainedAt(broker: TestBroker, filter: string): PublishPacket[] {
  const client = broker.connect('reader');
  client.subscribe(filter);
  const messages = client.takeMessages();
  client.disconnect();
  return messages;
}

test('a new subscription gets the last retained message of a topic, with RETAIN set, at the lower QoS [MQTT-3.3.1-5] [MQTT-3.3.1-9]', () => {
  for (const version of versions) {
    for (const published of [0, 1, 2] as const) {
      const broker = new TestBroker();
      const publisher = broker.connect('p', { version });
      publisher.publish('t', 'old', { qos: published, retain: true });
      publisher.publish('t', 'new', { qos: published, retain: true });
      assert.equal(broker.core.retained.count, 1);
      for (const qos of [0, 1, 2] as const) {
        const subscriber = broker.connect(`s${qos}`, { version });
        subscriber.subscribe('t', { qos });
        const [message, ...rest] = subscriber.takeMessages();
        assert.equal(rest.length, 0);
        assert.deepEqual(
          [textOf(message!.payload), message?.retain, message?.qos, message?.dup],
          ['new', true, Math.min(qos, published), false],
        );
      }
    }
  }
});

test('an empty retained payload is delivered, removes the retained message and is not kept itself [MQTT-3.3.1-6] [MQTT-3.3.1-7]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const live = broker.connect('live');
    live.subscribe('t');
    const publisher = broker.connect('p', { version });
    retain(publisher, 't', 'x');
    retain(publisher, 't', '');
    retain(publisher, 'never/set', '');
    assert.deepEqual(texts(live), ['x', '']);
    assert.equal(broker.core.retained.count, 0);
    assert.equal(broker.core.retained.bytes, 0);
    assert.deepEqual(retainedAt(broker, '#'), []);
  }
});

test('a publish without RETAIN neither becomes, removes nor replaces a retained message [MQTT-3.3.1-8]', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  retain(publisher, 't', 'kept');
  publisher.publish('t', 'passing');
  publisher.publish('t', '');
  publisher.publish('other', 'passing');
  assert.deepEqual(
    retainedAt(broker, '#').map(({ topic, payload }) => [topic, textOf(payload)]),
    [['t', 'kept']],
  );
});

test('retain handling 0 sends at every subscribe, 1 at the first only, 2 never [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT-3.8.4-4]', () => {
  const expected: Record<RetainHandling, number[]> = { 0: [1, 1], 1: [1, 0], 2: [0, 0] };
  for (const retainHandling of [0, 1, 2] as const) {
    const broker = new TestBroker();
    retain(broker.connect('p'), 't', 'x');
    const client = broker.connect('c');
    const counts = [1, 2].map(() => {
      client.subscribe('t', { retainHandling });
      return client.takeMessages().length;
    });
    assert.deepEqual(counts, expected[retainHandling]);
    client.send({ type: PacketType.unsubscribe, packetId: 9, filters: ['t'] });
    client.take();
    client.subscribe('t', { retainHandling });
    assert.equal(client.takeMessages().length, retainHandling === 2 ? 0 : 1);
  }
});

test('retain handling 1 counts a subscription of a resumed session as existing [MQTT-3.3.1-10]', () => {
  const broker = new TestBroker();
  retain(broker.connect('p'), 't', 'x');
  const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const client = broker.connect('c', options);
  client.subscribe('t', { retainHandling: 1 });
  assert.equal(client.takeMessages().length, 1);
  client.cut();
  const again = broker.connect('c', options);
  again.subscribe('t', { retainHandling: 1 });
  assert.deepEqual(again.takeMessages(), []);
});

test('a forwarded message has RETAIN 0, or as published where the subscription asks so [MQTT-3.3.1-12] [MQTT-3.3.1-13]', () => {
  const broker = new TestBroker();
  const plain = broker.connect('plain');
  plain.subscribe('t');
  const asPublished = broker.connect('rap');
  asPublished.subscribe('t', { retainAsPublished: true });
  const old = broker.connect('old', { version: 4 });
  old.subscribe('t');
  const publisher = broker.connect('p');
  for (const qos of [0, 1, 2] as const) {
    for (const flag of [true, false]) {
      publisher.publish('t', 'x', { qos, retain: flag });
      assert.equal(plain.takeMessages()[0]?.retain, false);
      assert.equal(old.takeMessages()[0]?.retain, false);
      assert.equal(asPublished.takeMessages()[0]?.retain, flag);
    }
  }
});

test('retain as published also holds for messages that waited for a client [MQTT-3.3.1-12] [MQTT-3.3.1-13]', () => {
  for (const retainAsPublished of [false, true]) {
    const broker = new TestBroker();
    const options = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const client = broker.connect('c', options);
    client.subscribe('t', { retainAsPublished });
    client.cut();
    broker.connect('p').publish('t', 'x', { qos: 1, retain: true });
    assert.equal(broker.connect('c', options).takeMessages()[0]?.retain, retainAsPublished);
  }
});

test('a filter with wildcards gets every retained message it matches, and none below $ with a leading wildcard [MQTT-3.3.1-9] [MQTT-4.7.2-1]', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  const topics = ['a', 'a/b', 'a/b/c', 'a//c', '/a', 'b', '$x/a', '$x'];
  for (const topic of topics) retain(publisher, topic, topic);
  const expected: Record<string, string[]> = {
    '#': ['a', 'a/b', 'a/b/c', 'a//c', '/a', 'b'],
    '+': ['a', 'b'],
    'a/#': ['a', 'a/b', 'a/b/c', 'a//c'],
    'a/+/c': ['a/b/c', 'a//c'],
    '+/+': ['a/b', '/a'],
    '+/#': ['a', 'a/b', 'a/b/c', 'a//c', '/a', 'b'],
    '$x/#': ['$x/a', '$x'],
    '$x/+': ['$x/a'],
    'a/b': ['a/b'],
    'A/#': [],
  };
  for (const [filter, matching] of Object.entries(expected)) {
    assert.deepEqual(
      retainedAt(broker, filter)
        .map(({ topic }) => topic)
        .sort(),
      matching.sort(),
      filter,
    );
  }
});

test('a retained message carries the identifier of the subscription that asked for it [MQTT-3.3.4-3]', () => {
  const broker = new TestBroker();
  retain(broker.connect('p'), 'a/b', 'x');
  const client = broker.connect('c');
  client.subscribe('a/+', { identifier: 5 });
  assert.deepEqual(client.takeMessages()[0]?.properties?.subscriptionIdentifiers, [5]);
  client.subscribe('a/#', { identifier: 268_435_455 });
  assert.deepEqual(client.takeMessages()[0]?.properties?.subscriptionIdentifiers, [268_435_455]);
});

test('a retained message expires: what is left of its interval is sent along, then nothing is, and a sweep frees it [MQTT-3.3.2-5] [MQTT-3.3.2-6]', () => {
  const broker = new TestBroker();
  const publisher = broker.connect('p');
  publisher.publish('t', 'x', { retain: true, properties: { messageExpiryInterval: 10 } });
  retain(publisher, 'forever', 'y');
  broker.advance(4000);
  assert.equal(retainedAt(broker, 't')[0]?.properties?.messageExpiryInterval, 6);
  broker.advance(6000);
  assert.deepEqual(retainedAt(broker, 't'), []);
  broker.advance(60_000);
  assert.equal(broker.core.retained.count, 1);
  assert.equal(retainedAt(broker, '#').length, 1);
});

test('one retained message too many is refused with 0x97, replacing and deleting still works, and it is counted', () => {
  const broker = new TestBroker({ limits: { maxRetainedMessages: 2 } });
  const publisher = broker.connect('p');
  retain(publisher, 'a', '1');
  retain(publisher, 'b', '1');
  for (const qos of [1, 2] as const) {
    publisher.publish('c', 'x', { qos, retain: true });
    assert.equal((publisher.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.quotaExceeded);
  }
  retain(publisher, 'a', '2');
  assert.deepEqual(
    retainedAt(broker, '#').map(({ payload }) => textOf(payload)),
    ['2', '1'],
  );
  retain(publisher, 'b', '');
  publisher.publish('c', 'x', { qos: 2, packetId: 50, retain: true });
  assert.equal((publisher.takeOne() as { reasonCode: number }).reasonCode, ReasonCode.noMatchingSubscribers);
  assert.equal(broker.core.retained.count, 2);
  assert.equal(broker.core.metrics.retainedOverLimit, 2);
});

test('a slow client gets retained messages before the live ones that came after them, also at QoS 0 [MQTT-4.6.0-5]', () => {
  for (const qos of [0, 1] as const) {
    const broker = new TestBroker({ limits: { maxOutboundBytes: 1 } });
    const publisher = broker.connect('p');
    for (let i = 0; i < 3; i++) publisher.publish(`t/${i}`, 'old', { qos, retain: true });
    const slow = broker.connect('slow');
    slow.subscribe('fill');
    slow.link.reading = false;
    publisher.publish('fill', 'fill', { qos: 1 });
    slow.send({
      type: PacketType.subscribe,
      packetId: 1,
      subscriptions: [{ filter: 't/+', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    });
    for (let i = 0; i < 3; i++) publisher.publish(`t/${i}`, 'new', { qos });
    slow.link.drain();
    broker.core.flush();
    slow.link.drain();
    const messages = slow.takeMessages().filter(({ topic }) => topic !== 'fill');
    assert.deepEqual(
      messages.map(({ topic, payload, retain: flag }) => [topic, textOf(payload), flag]),
      [
        ['t/0', 'old', true],
        ['t/1', 'old', true],
        ['t/2', 'old', true],
        ['t/0', 'new', false],
        ['t/1', 'new', false],
        ['t/2', 'new', false],
      ],
    );
  }
});

test('retained messages are not held back by the queue limits: the client asked for them', () => {
  const broker = new TestBroker({ limits: { maxQueuedMessages: 1, maxInflight: 1 } });
  const publisher = broker.connect('p');
  for (let i = 0; i < 5; i++) publisher.publish(`t/${i}`, 'x', { qos: 1, retain: true });
  const client = broker.connect('c');
  client.subscribe('t/+', { qos: 1 });
  const got: string[] = [];
  for (let batch = client.takeMessages(); batch.length > 0; batch = client.takeMessages()) {
    for (const message of batch) {
      got.push(message.topic);
      client.ack(PacketType.puback, message.packetId);
    }
  }
  assert.deepEqual(got, ['t/0', 't/1', 't/2', 't/3', 't/4']);
});

test('a No Local subscription gets no retained message of its own client [MQTT-3.8.3-3]', () => {
  const broker = new TestBroker();
  const own = broker.connect('own');
  own.publish('t/own', 'mine', { retain: true });
  broker.connect('other').publish('t/other', 'theirs', { retain: true });
  own.subscribe('t/#', { noLocal: true });
  assert.deepEqual(
    own.takeMessages().map(({ topic }) => topic),
    ['t/other'],
  );
});
