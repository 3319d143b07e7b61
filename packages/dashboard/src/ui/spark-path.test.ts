import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkPath } from './spark-path.ts';

test('values are drawn from left to right, zero at the bottom and the largest at the top', () => {
  assert.deepEqual(sparkPath([0, 10, 5], 100, 22), {
    line: 'M0 21L50 1L100 11',
    area: 'M0 21L50 1L100 11L100 22L0 22Z',
  });
});

test('where nothing is known the line has a gap', () => {
  const path = sparkPath([4, 4, null, 2, 4], 40, 12);
  assert.equal(path?.line, 'M0 1L10 1M30 6L40 1');
  assert.equal(path?.area, 'M0 1L10 1L10 12L0 12ZM30 6L40 1L40 12L30 12Z');
});

test('values that never change are a line at the bottom where they are zero, and one value is no line', () => {
  assert.equal(sparkPath([0, 0], 10, 10)?.line, 'M0 9L10 9');
  assert.equal(sparkPath([3], 10, 10), null);
});
