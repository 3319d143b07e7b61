import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CopyBudget } from './copy-budget.ts';
import { COPIES_PER_MS, COPIES_SAVED } from './limits.ts';

test('a burst of half of what was saved up is seen whole', () => {
  const budget = new CopyBudget();
  for (let i = 0; i < COPIES_SAVED / 2; i++) assert.ok(budget.take(false), `message ${i}`);
});

test('a flood that nothing refills is seen up to nearly its end, whatever its size', () => {
  for (const size of [10_000, 100_000, 1_000_000]) {
    const budget = new CopyBudget();
    let [last, seen] = [0, 0];
    for (let i = 0; i < size; i++) {
      if (!budget.take(false)) continue;
      last = i;
      seen += 1;
    }
    assert.ok(seen <= COPIES_SAVED);
    assert.ok(size - last < size / 20, `of ${size} the last that was seen is ${last}`);
  }
});

test('in the long run no more is looked at than time allows', () => {
  const budget = new CopyBudget();
  let seen = 0;
  for (let tick = 0; tick < 100; tick++) {
    budget.refill(100);
    for (let i = 0; i < 50_000; i++) if (budget.take(false)) seen += 1;
  }
  assert.ok(seen <= COPIES_SAVED + 100 * 100 * COPIES_PER_MS);
  assert.ok(seen > 0.9 * 100 * 100 * COPIES_PER_MS, `${seen} were seen`);
});

test('beside a flood, the first message of a quiet topic is seen', () => {
  const budget = new CopyBudget();
  for (let i = 0; i < 1_000_000; i++) budget.take(false);
  assert.ok(budget.take(true));
});

test('of topics that take turns in a flood, each is seen', () => {
  const budget = new CopyBudget();
  const seen = new Set<number>();
  for (let tick = 0; tick < 10; tick++) {
    budget.refill(100);
    for (let i = 0; i < 100_000; i++) if (budget.take(false)) seen.add(i % 16);
  }
  assert.equal(seen.size, 16);
});
