import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TopicRow, TopicRows } from '@cauldron/broker/admin-api';
import { changedTopics, levelsToOpen, RowMemory, windowFor } from './row-window.ts';

const row = (path: string, about: Partial<TopicRow> = {}): TopicRow => ({
  path,
  level: path,
  depth: 0,
  children: 0,
  topics: 0,
  expanded: false,
  rate: 0,
  value: null,
  ...about,
});

const value = (count: number): TopicRow['value'] => ({
  preview: '1',
  kind: 'number',
  size: 1,
  qos: 0,
  retain: false,
  publisher: null,
  at: 1,
  count,
  sampled: false,
});

const answer = (offset: number, rows: TopicRow[], total: number): TopicRows => ({
  rows,
  total,
  offset,
  topics: total,
  truncated: false,
  searching: false,
  rate: 0,
});

test('scrolling a short way asks for nothing new, and a long way for rows around those that can be seen', () => {
  const start = windowFor({ offset: 0, limit: 100 }, 0, 30, 100_000);
  assert.deepEqual(start, { offset: 0, limit: 100 });
  assert.equal(windowFor(start, 50, 30, 100_000), start);
  assert.deepEqual(windowFor(start, 70, 30, 100_000), { offset: 30, limit: 110 });
  assert.deepEqual(windowFor(start, 90_000, 30, 100_000), { offset: 89_960, limit: 110 });
  const end = windowFor(start, 99_970, 30, 100_000);
  assert.equal(windowFor(end, 99_965, 30, 100_000), end);
});

test('whatever is scrolled to is asked for, and never more than a few hundred rows', () => {
  let window = { offset: 0, limit: 100 };
  for (let step = 0, first = 0; step < 500; step++) {
    first = (first * 7919 + step * 104_729) % 99_000;
    const shown = 1 + (step % 200);
    window = windowFor(window, first, shown, 100_000);
    assert.ok(window.offset <= first && first + shown <= window.offset + window.limit, `row ${first}`);
    assert.ok(window.limit <= 300);
  }
});

test('rows that came are remembered while the same levels are open', () => {
  const memory = new RowMemory();
  memory.put('open', answer(0, [row('a'), row('b')], 4));
  memory.put('open', answer(2, [row('c')], 4));
  assert.equal(memory.at(0)?.path, 'a');
  assert.equal(memory.at(2)?.path, 'c');
  assert.equal(memory.at(3), undefined);
  assert.equal(memory.indexOf('b'), 1);
  assert.ok(memory.has({ offset: 0, limit: 3 }));
  assert.ok(!memory.has({ offset: 1, limit: 100 }));
  memory.put('open', answer(0, [row('a')], 1));
  assert.equal(memory.at(2), undefined, 'there are fewer now');
  memory.put('other', answer(0, [row('x')], 4));
  assert.equal(memory.at(1), undefined);
  assert.equal(memory.indexOf('a'), -1);
});

test('a row has changed where its count has, not where it is seen for the first time', () => {
  const before = [row('a', { value: value(1) }), row('b', { value: value(1) }), row('level')];
  const now = [
    row('a', { value: value(2) }),
    row('b', { value: value(1) }),
    row('c', { value: value(9) }),
    row('level'),
  ];
  assert.deepEqual(changedTopics(before, now), ['a']);
});

test('one more level is opened at a time, as far as there is room for it', () => {
  const rows = [
    row('a', { children: 3, expanded: true }),
    row('a/b', { depth: 1, children: 10 }),
    row('a/c', { depth: 1 }),
    row('d', { children: 5 }),
    row('e', { children: 100 }),
    row('f', { children: 2 }),
  ];
  assert.deepEqual(levelsToOpen(rows, 1000), ['d', 'e', 'f']);
  assert.deepEqual(levelsToOpen(rows, 8), ['d', 'f']);
  assert.deepEqual(levelsToOpen([row('x')], 1000), []);
});
