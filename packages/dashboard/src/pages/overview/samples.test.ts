import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '@cauldron/broker/admin-api';
import { appended, columnsOf, grownInAMinute, joined, KEPT, meanOf } from './samples.ts';

const second = (seconds: number, more: Partial<Sample> = {}): Sample => ({
  at: seconds * 1000,
  clients: 0,
  publishIn: 0,
  publishOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  dropped: 0,
  retained: 0,
  subscriptions: 0,
  queued: 0,
  inflight: 0,
  loopDelayP99: 0,
  loopDelayMax: 0,
  residentMemory: 0,
  heapUsed: 0,
  cpu: 0,
  commitP50: null,
  commitP99: null,
  ...more,
});

const times = (samples: readonly Sample[]): number[] => samples.map(({ at }) => at / 1000);

test('a sample that comes twice, or late, is in the charts once and in order', () => {
  const two = appended(appended([], second(1)), second(2));
  assert.equal(appended(two, second(2)), two);
  assert.equal(appended(two, second(1)), two);
  assert.deepEqual(times(appended(two, second(3))), [1, 2, 3]);
});

test('what was fetched and what came meanwhile are one row, of no more than ten minutes', () => {
  assert.deepEqual(times(joined([second(1), second(2)], [second(2), second(3)])), [1, 2, 3]);
  assert.deepEqual(times(joined([second(5), second(6)], [second(1), second(2)])), [1, 2, 5, 6], 'after a restart');
  assert.deepEqual(times(joined([], [second(1)])), [1]);
  const many = Array.from({ length: KEPT }, (_, n) => second(n));
  const row = joined(many, [second(KEPT), second(KEPT + 1)]);
  assert.equal(row.length, KEPT);
  assert.deepEqual([times(row)[0], times(row).at(-1)], [2, KEPT + 1]);
});

test('charts have a gap where seconds are missing, and where the broker has no value', () => {
  const samples = [second(1, { commitP50: 2 }), second(2, { commitP50: null }), second(9, { commitP50: 4 })];
  assert.deepEqual(columnsOf(samples, ['commitP50']), [
    [1, 2, 3, 9],
    [2, null, null, 4],
  ]);
});

test('a rate is the mean of five seconds, and growth is that of a minute', () => {
  const samples = Array.from({ length: 100 }, (_, n) => second(n, { publishIn: n < 95 ? 900 : 10, clients: n }));
  assert.equal(meanOf(samples, 'publishIn'), 10);
  assert.equal(grownInAMinute(samples, 'clients'), 60);
  assert.deepEqual([meanOf([], 'publishIn'), grownInAMinute([], 'clients')], [0, 0]);
});
