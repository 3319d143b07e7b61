import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MinuteCount } from './minute-count.ts';

test('what happened within the last sixty seconds counts, and what came before does not', () => {
  const count = new MinuteCount();
  count.add(1_000_000);
  count.add(1_000_100);
  count.add(1_030_000);
  assert.equal(count.total(1_059_999), 3);
  assert.equal(count.total(1_060_000), 1);
  assert.equal(count.total(1_090_000), 0);
});

test('a count that nobody touched for an hour begins at nothing', () => {
  const count = new MinuteCount();
  for (let i = 0; i < 100; i++) count.add(i * 100);
  count.add(3_600_000);
  assert.equal(count.total(3_600_000), 1);
});

test('whatever times things happen at, the count is that of a list of them', () => {
  const seed = 7;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
  const count = new MinuteCount();
  const all: number[] = [];
  let now = 5_000_000;
  for (let step = 0; step < 2000; step++) {
    now += random(10) === 0 ? random(100_000) : random(2000);
    if (random(3) > 0) {
      count.add(now);
      all.push(Math.floor(now / 1000));
    }
    const expected = all.filter((second) => second > Math.floor(now / 1000) - 60).length;
    assert.equal(count.total(now), expected, `seed ${seed}, step ${step}`);
  }
});
