import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapScroll, visibleRange } from './virtual-range.ts';

const range = (count: number, top: number, height = 300) =>
  visibleRange(mapScroll(count, 30, height), top, height, count, 30);

test('the rows that can be seen are drawn, with a few before and behind', () => {
  assert.deepEqual(range(1000, 0), { first: 0, shown: 31 });
  assert.deepEqual(range(1000, 3000), { first: 88, shown: 31 });
  assert.deepEqual(range(3, 0), { first: 0, shown: 3 });
  assert.deepEqual(range(0, 0), { first: 0, shown: 0 });
});

test('scrolling a few rows draws nothing anew, and all that can be seen is always drawn', () => {
  assert.deepEqual(range(1000, 3000 + 30), range(1000, 3000));
  const drawn = new Set<number>();
  for (let top = 0; top <= 1000 * 30 - 300; top += 10) {
    const { first, shown } = range(1000, top);
    assert.ok(first <= Math.floor(top / 30) && first + shown >= Math.ceil((top + 300) / 30), `at ${top}`);
    drawn.add(first);
  }
  assert.ok(drawn.size <= 1000 / 8 + 1);
});

test('a list higher than browsers can lay out is reached to its last row', () => {
  const count = 10_000_000;
  const { space } = mapScroll(count, 30, 300);
  const { first, shown } = range(count, space - 300);
  assert.equal(first + shown, count);
  assert.ok(shown < 48);
});
