import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentTimes } from './recent-times.ts';

test('without times the summary is zeros', () => {
  assert.deepEqual(new RecentTimes().summary, { p50: 0, p99: 0, max: 0 });
});

test('the summary is of the times noted, in whatever order they came', () => {
  const times = new RecentTimes();
  for (let i = 0; i < 1000; i++) times.note((i * 7919) % 1000);
  assert.deepEqual(times.summary, { p50: 500, p99: 990, max: 999 });
});

test('old times are forgotten', () => {
  const times = new RecentTimes();
  times.note(1_000_000);
  for (let i = 0; i < 5000; i++) times.note(3);
  assert.deepEqual(times.summary, { p50: 3, p99: 3, max: 3 });
});
