import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestBroker } from '@cauldron/testkit';

const versions = [3, 4, 5] as const;

/** Which of the topics a filter matches, as a subscriber sees it. */
function matching(filter: string, topics: readonly string[], version: 3 | 4 | 5 = 5): string[] {
  const broker = new TestBroker();
  const client = broker.connect('c', { version });
  client.subscribe(filter);
  const publisher = broker.connect('p');
  for (const topic of topics) publisher.publish(topic, 'x');
  return client.takeMessages().map(({ topic }) => topic);
}

test('# stands for its parent level and everything below, + for exactly one level, also an empty one [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-3.3.2-3]', () => {
  const topics = ['a', 'a/', 'a/b', 'a/b/c', '/a', '/', 'a//b', 'b', 'ab', 'b/a'];
  const expected: Record<string, string[]> = {
    '#': topics,
    '+': ['a', 'b', 'ab'],
    'a/#': ['a', 'a/', 'a/b', 'a/b/c', 'a//b'],
    'a/+': ['a/', 'a/b'],
    'a/+/#': ['a/', 'a/b', 'a/b/c', 'a//b'],
    '+/+': ['a/', 'a/b', '/a', '/', 'b/a'],
    '/+': ['/a', '/'],
    '+/': ['a/', '/'],
    'a/+/b': ['a//b'],
    '+/b/#': ['a/b', 'a/b/c'],
    a: ['a'],
    'a/': ['a/'],
    '/': ['/'],
  };
  for (const version of versions) {
    for (const [filter, matched] of Object.entries(expected)) {
      assert.deepEqual(matching(filter, topics, version), matched, `${filter} in version ${version}`);
    }
  }
});

test('a filter that starts with a wildcard matches no topic that starts with $ [MQTT-4.7.2-1]', () => {
  const topics = ['$x', '$x/a', '$x/a/b', 'a/$x', 'a'];
  assert.deepEqual(matching('#', topics), ['a/$x', 'a']);
  assert.deepEqual(matching('+', topics), ['a']);
  assert.deepEqual(matching('+/a', topics), []);
  assert.deepEqual(matching('+/#', topics), ['a/$x', 'a']);
  assert.deepEqual(matching('$x/#', topics), ['$x', '$x/a', '$x/a/b']);
  assert.deepEqual(matching('$x/+', topics), ['$x/a']);
  assert.deepEqual(matching('a/+', topics), ['a/$x']);
});

test('topics are compared as they are: case, spaces, composed and decomposed letters all count [MQTT-4.7.3-4]', () => {
  const topics = ['A', 'a', ' a', 'a ', 'caf\u00e9', 'cafe\u0301', '\ufeffa', '\u212b', '\u00c5'];
  for (const topic of topics) {
    assert.deepEqual(matching(topic, topics), [topic]);
    assert.deepEqual(
      matching(
        `${topic}/+`,
        topics.map((name) => `${name}/x`),
      ),
      [`${topic}/x`],
    );
  }
});

test('a topic with letters beyond ASCII is found again by its bytes, also by a client that uses it a second time', () => {
  const broker = new TestBroker();
  const client = broker.connect('c');
  client.subscribe('straße/+/🌡');
  const publisher = broker.connect('p');
  for (let i = 0; i < 3; i++) publisher.publish('straße/7/🌡', 'x');
  assert.deepEqual(
    client.takeMessages().map(({ topic }) => topic),
    ['straße/7/🌡', 'straße/7/🌡', 'straße/7/🌡'],
  );
});

test('a topic name that is not UTF-8 ends the connection [MQTT-3.3.2-1] [MQTT-1.5.4-1]', () => {
  for (const version of versions) {
    const broker = new TestBroker();
    const client = broker.connect('c', { version });
    client.sendBytes(Uint8Array.of(0x30, 5, 0, 2, 0xc3, 0x28, 0));
    assert.equal(client.closed, true);
  }
});

test('a filter that is not UTF-8 ends the connection, in SUBSCRIBE and UNSUBSCRIBE [MQTT-3.8.3-1] [MQTT-3.10.3-1]', () => {
  for (const bytes of [
    [0x82, 8, 0, 1, 0, 0, 2, 0xc3, 0x28, 0],
    [0xa2, 7, 0, 1, 0, 0, 2, 0xc3, 0x28],
  ]) {
    const client = new TestBroker().connect('c');
    client.sendBytes(Uint8Array.from(bytes));
    assert.equal(client.closed, true);
  }
});

test('topics up to the limits of length and levels work, one more ends the connection with a reason that names the limit [MQTT-4.7.3-3]', () => {
  const limits = { maxTopicLength: 65_535, maxTopicLevels: 10 };
  const longest = 'x'.repeat(65_535);
  assert.deepEqual(
    (() => {
      const broker = new TestBroker({ limits });
      const client = broker.connect('c');
      client.subscribe(longest);
      client.publish(longest, 'x');
      return client.takeMessages().map(({ topic }) => topic.length);
    })(),
    [65_535],
  );
  for (const [topic, limit, lower] of [
    ['é'.repeat(11), 'maxTopicLength', { maxTopicLength: 21 }],
    ['/'.repeat(10), 'maxTopicLevels', {}],
  ] as const) {
    const broker = new TestBroker({ limits: { ...limits, ...lower } });
    const client = broker.connect('c');
    client.publish(topic.slice(1), 'fits');
    assert.equal(client.closed, false);
    client.publish(topic, 'x');
    const goodbye = client.takeOne() as { properties?: { reasonString?: string } };
    assert.match(goodbye.properties?.reasonString ?? '', new RegExp(limit));
    assert.equal(broker.core.metrics.topicsOverLimit, 1);
  }
});
