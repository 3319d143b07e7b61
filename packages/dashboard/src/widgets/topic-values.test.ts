import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveInterest, TopicValue } from '@cauldron/broker/admin-api';
import { MOST_TOPICS, TopicValues, type TopicValuesPorts } from './topic-values.ts';

const value = (topic: string, data: string, at: number, count = 1): TopicValue => ({
  topic,
  payload: { encoding: 'utf8', data, size: data.length, truncated: false },
  kind: 'text',
  mediaType: null,
  qos: 0,
  retain: false,
  publisher: null,
  at,
  count,
  rate: 0,
  sampled: false,
  properties: null,
});

/** Values over a stream that the test speaks for. */
function setUp() {
  const asked: { topics: readonly string[]; handle: Parameters<TopicValuesPorts['want']>[1]; ended: boolean }[] = [];
  const soon: (() => void)[] = [];
  const late: (() => void)[] = [];
  const clock = { now: 1000 };
  const values = new TopicValues({
    want: ({ values: topics = [] }: LiveInterest, handle) => {
      const wish = { topics, handle, ended: false };
      asked.push(wish);
      return () => void (wish.ended = true);
    },
    now: () => clock.now,
    later: (then) => void soon.push(then),
    muchLater: (then) => void late.push(then),
  });
  const run = (waiting: (() => void)[]): void => {
    for (const then of waiting.splice(0)) then();
  };
  const say = (...said: TopicValue[]): void => asked.at(-1)!.handle('values', { values: said });
  return { values, asked, clock, say, settle: () => run(soon), wait: () => run(late) };
}

test('all topics of a page are asked for at once, each once, and who watches is told of its own', () => {
  const { values, asked, say, settle } = setUp();
  const told: string[] = [];
  values.watch('a', () => told.push('first a'));
  values.watch('a', () => told.push('second a'));
  values.watch('b', () => told.push('b'));
  settle();
  assert.deepEqual(
    asked.map(({ topics }) => topics),
    [['a', 'b']],
  );
  say(value('a', '1', 1));
  assert.deepEqual(told, ['first a', 'second a']);
  assert.equal(values.get('a')?.value.payload.data, '1');
  assert.equal(values.get('b'), undefined);
});

test('more topics are asked for before the old request ends, so that nothing is missed between', () => {
  const { values, asked, settle } = setUp();
  values.watch('a', () => {});
  settle();
  values.watch('b', () => {});
  settle();
  assert.deepEqual(asked.at(-1)!.topics, ['a', 'b']);
  assert.deepEqual(
    asked.map(({ ended }) => ended),
    [true, false],
  );
});

test('a topic that nobody watches any more is let go a moment later, and one watched again meanwhile is kept', () => {
  const { values, asked, say, settle, wait } = setUp();
  const endA = values.watch('a', () => {});
  const endB = values.watch('b', () => {});
  settle();
  say(value('a', '1', 1), value('b', '1', 1));
  endA();
  endB();
  values.watch('b', () => {});
  settle();
  assert.equal(asked.length, 1, 'nothing is asked for anew meanwhile');
  wait();
  assert.deepEqual(asked.at(-1)!.topics, ['b']);
  assert.equal(values.get('a'), undefined);
  assert.equal(values.get('b')?.value.payload.data, '1');
});

test('what lay there has the time it was published, what arrives has the time it came, and how often it comes is known', () => {
  const { values, clock, say, settle } = setUp();
  values.watch('a', () => {});
  settle();
  say(value('a', '1', 42));
  assert.deepEqual([values.get('a')?.at, values.get('a')?.arrived], [42, false]);
  for (const at of [2000, 3000, 4000]) {
    clock.now = at;
    say(value('a', '2', at, at));
  }
  assert.deepEqual([values.get('a')?.at, values.get('a')?.interval], [4000, 1000]);
});

test('what is said again behind a new connection is no news', () => {
  const { values, clock, say, settle } = setUp();
  let told = 0;
  values.watch('a', () => void told++);
  settle();
  say(value('a', '1', 42));
  clock.now = 9000;
  say(value('a', '1', 42));
  assert.deepEqual([told, values.get('a')?.at], [1, 42]);
});

test('no more topics are asked for than the stream carries', () => {
  const { values, asked, settle } = setUp();
  for (let n = 0; n < MOST_TOPICS + 10; n++) values.watch(`t${n}`, () => {});
  settle();
  assert.equal(asked.at(-1)!.topics.length, MOST_TOPICS);
});
