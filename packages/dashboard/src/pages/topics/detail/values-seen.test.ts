import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TopicValue } from '@cauldron/broker/admin-api';
import { NOTHING_SEEN, withMessage } from './values-seen.ts';

const value = (data: string, about: Partial<TopicValue> = {}): TopicValue => ({
  topic: 't',
  payload: { encoding: 'utf8', data, size: data.length, truncated: false },
  kind: 'text',
  mediaType: null,
  qos: 0,
  retain: false,
  publisher: null,
  at: 1,
  count: 1,
  rate: 0,
  sampled: false,
  properties: null,
  ...about,
});

const put = (values: readonly TopicValue[]) => values.reduce((seen, one) => withMessage(seen, one, 5000), NOTHING_SEEN);

test('messages are remembered, the newest first, each once', () => {
  const seen = put([value('a'), value('a'), value('a', { count: 2, at: 2 }), value('b', { count: 3, at: 3 })]);
  assert.deepEqual(
    seen.messages.map(({ id, at, value: { payload } }) => [id, at, payload.data]),
    [
      [3, 3, 'b'],
      [2, 2, 'a'],
      [1, 1, 'a'],
    ],
  );
});

test('what is known about a message may change without it being another one', () => {
  const seen = put([value('a', { rate: 1 }), value('a', { rate: 2 })]);
  assert.equal(seen.messages.length, 1);
  assert.equal(seen.messages[0]?.value.rate, 2);
});

test('numbers are kept for a drawing, with the time they were seen where none is known', () => {
  const seen = put([value('20.5', { at: null }), value('on', { count: 2 }), value('21', { count: 3, at: 7000 })]);
  assert.deepEqual(seen.samples, [
    { at: 5000, value: 20.5 },
    { at: 7000, value: 21 },
  ]);
});

test('neither many nor large messages are remembered without end', () => {
  const many = put(Array.from({ length: 1000 }, (_, at) => value(String(at), { count: at, at })));
  assert.equal(many.messages.length, 100);
  assert.equal(many.samples.length, 600);
  assert.equal(many.messages[0]?.id, 1000);
  const large = 'x'.repeat(3_000_000);
  const few = put([1, 2, 3, 4].map((count) => value(large, { count })));
  assert.equal(few.messages.length, 2, 'two, so that there is something to compare');
});
