import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianOfKnown, medianRatio, readable } from './stats.ts';

test('the median is the middle value, or the mean of the middle two, and leaves its input alone', () => {
  const values = [9, 1, 5];
  assert.equal(median(values), 5);
  assert.deepEqual(values, [9, 1, 5]);
  assert.equal(median([4, 1, 3, 100]), 3.5);
  assert.equal(median([]), null);
});

test('what could not be measured does not count as zero', () => {
  assert.equal(medianOfKnown([null, 8, undefined, 4, Number.NaN]), 6);
  assert.equal(medianOfKnown([null]), null);
});

test('a ratio is taken round by round, so that drift between rounds cancels out', () => {
  assert.equal(medianRatio([10, 100, 1000], [5, 50, 500]), 2);
  assert.equal(medianRatio([10, null, 30], [5, 1, 0]), 2);
  assert.equal(medianRatio([10], []), null);
});

test('numbers are printed with about three digits', () => {
  const shown = [null, 0, 0.1234, 1.234, 12.34, 123.4, 12_340, 123_400, 1_234_000, -16.9].map(readable);
  assert.deepEqual(shown, ['n/a', '0', '0.123', '1.23', '12.3', '123', '12.3 k', '123 k', '1.23 M', '-16.9']);
});
