import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '@cauldron/core';
import { RecentCounters } from './recent-counters.ts';

test('growth is what came in the last minute', () => {
  const metrics = new Metrics();
  const counters = new RecentCounters();
  for (let second = 0; second <= 120; second++) {
    metrics.droppedExpired = second * 10;
    counters.note(metrics, second * 1000);
  }
  assert.equal(counters.growth('droppedExpired', metrics, 120_000), 600);
});

test('growth of a broker that has run for less than a minute is all there was', () => {
  const metrics = new Metrics();
  const counters = new RecentCounters();
  counters.note(metrics, 0);
  metrics.droppedLost = 3;
  assert.equal(counters.growth('droppedLost', metrics, 400), 3);
});

test('growth after the process stood still is that of what is known, not of a minute long gone', () => {
  const metrics = new Metrics();
  const counters = new RecentCounters();
  counters.note(metrics, 0);
  metrics.droppedLost = 3;
  counters.note(metrics, 300_000);
  metrics.droppedLost = 4;
  assert.equal(counters.growth('droppedLost', metrics, 300_500), 4, 'since the last time before the minute');
  counters.note(metrics, 361_000);
  assert.equal(counters.growth('droppedLost', metrics, 361_000), 1);
});

test('what is a size and no counter may shrink', () => {
  const metrics = new Metrics();
  const counters = new RecentCounters();
  metrics.queuedMessages = 50;
  counters.note(metrics, 0);
  metrics.queuedMessages = 20;
  assert.equal(counters.growth('queuedMessages', metrics, 1000), -30);
});
