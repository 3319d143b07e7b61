import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';

test('values below 128 are told exactly', () => {
  const histogram = new Histogram();
  for (let i = 0; i < 128; i++) histogram.record(i);
  assert.equal(histogram.count, 128);
  assert.equal(histogram.percentile(100), 127);
  assert.equal(histogram.percentile(50), 63);
  assert.equal(histogram.mean, 63.5);
});

test('every percentile of any values is at least the true one, and at most 1/64 more', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const histogram = new Histogram();
    let state = seed;
    const values = Array.from({ length: 500 }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor(2 ** ((state / 2_147_483_648) * 31.9));
    });
    for (const value of values) histogram.record(value);
    values.sort((a, b) => a - b);
    for (const percent of [0.1, 1, 25, 50, 75, 90, 99, 99.9, 100]) {
      const truth = values[Math.ceil((percent / 100) * values.length) - 1]!;
      const told = histogram.percentile(percent);
      assert.ok(told >= truth && told <= truth * (1 + 1 / 64), `seed ${seed}, p${percent}: ${told} for ${truth}`);
    }
    assert.equal(histogram.max, values.at(-1));
  }
});

test('an empty one tells 0, and one of enormous values does not lose them', () => {
  const histogram = new Histogram();
  assert.deepEqual([histogram.percentile(99), histogram.max, histogram.mean], [0, 0, 0]);
  histogram.record(1e15);
  assert.deepEqual([histogram.count, histogram.max], [1, 1e15]);
  assert.equal(histogram.percentile(50), 0xffff_ffff);
});
