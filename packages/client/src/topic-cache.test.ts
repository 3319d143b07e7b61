import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopicCache } from './topic-cache.ts';

const consumers = { consumersOf: (topic: string) => `of ${topic}` };

/** Looks up topics that come one after the other in the same buffer, as they do from a socket. */
function lookUp(cache: TopicCache<string>, buffer: Buffer, topic: string): readonly [string, string] {
  const end = buffer.write(topic, 0);
  const view = { topicName: () => buffer.toString('utf8', 0, end) };
  const { topic: found, value } = cache.find(buffer, 0, end, view, consumers);
  return [found, value];
}

test('topics that share a slot are told apart, though every one of them comes in the same buffer of Node', () => {
  const cache = new TopicCache<string>();
  const buffer = Buffer.alloc(64);
  const topics = Array.from({ length: 200 }, (_, at) => `t/${Math.floor(at / 10)}/${at % 10}`);
  for (const topic of [...topics, ...topics.toReversed()]) {
    assert.deepEqual(lookUp(cache, buffer, topic), [topic, `of ${topic}`]);
  }
});

test('after invalidate() it is asked again who wants a topic', () => {
  const cache = new TopicCache<string>();
  const bytes = Buffer.from('a');
  const view = { topicName: () => 'a' };
  let asked = 0;
  const maker = { consumersOf: () => `${++asked}` };
  for (const expected of ['1', '1']) assert.equal(cache.find(bytes, 0, 1, view, maker).value, expected);
  cache.invalidate();
  assert.equal(cache.find(bytes, 0, 1, view, maker).value, '2');
});
