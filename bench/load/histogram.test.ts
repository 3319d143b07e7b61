import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, percentileOf } from './histogram.ts';

test('small values are counted exactly', () => {
  const histogram = new Histogram();
  for (let i = 1; i <= 100; i++) histogram.add(i);
  assert.deepEqual(
    [0.01, 0.5, 0.99, 1].map((f) => histogram.percentile(f)),
    [1, 50, 99, 100],
  );
});

test('large percentiles are at most 1.6 % too high and never too low', () => {
  for (const value of [128, 255, 256, 1000, 54_321, 1_234_567, 60_000_000]) {
    const histogram = new Histogram();
    histogram.add(value);
    histogram.add(value * 100);
    const shown = histogram.percentile(0.5)!;
    assert.ok(shown >= value && shown <= value * 1.016, `${value} is shown as ${shown}`);
    assert.equal(histogram.percentile(1), value * 100);
  }
});

test('a single outlier shows in the highest percentile only', () => {
  const histogram = new Histogram();
  for (let i = 0; i < 999; i++) histogram.add(10);
  histogram.add(5000);
  assert.equal(histogram.percentile(0.999), 10);
  assert.equal(histogram.percentile(0.9999), 5000);
  assert.equal(histogram.max, 5000);
});

test('nothing measured is no percentile, and a clock that went back counts as zero', () => {
  const histogram = new Histogram();
  assert.equal(histogram.percentile(0.5), null);
  histogram.add(-3);
  assert.equal(histogram.percentile(0.5), 0);
  assert.equal(histogram.count, 1);
});

test('a cleared histogram counts as a new one does', () => {
  const histogram = new Histogram();
  histogram.add(1_000_000);
  histogram.clear();
  assert.deepEqual([histogram.count, histogram.max, histogram.percentile(0.5)], [0, 0, null]);
  histogram.add(3);
  assert.equal(histogram.percentile(0.5), 3);
});

test('a percentile of plain values is one of them, whatever their order', () => {
  const values = [50, 10, 40, 20, 30];
  assert.deepEqual(
    [0, 0.2, 0.5, 0.99, 1].map((fraction) => percentileOf(values, fraction)),
    [10, 10, 30, 50, 50],
  );
  assert.deepEqual(values, [50, 10, 40, 20, 30]);
  assert.equal(percentileOf([], 0.5), null);
});
