import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from './recorder.ts';

test('rates count the measured time only, and what is missing the whole run', () => {
  const recorder = new Recorder();
  recorder.sent(1, 2);
  recorder.received(2, 1);
  recorder.begin(1000);
  recorder.sent(1500, 2);
  recorder.received(1501, 1499.5);
  recorder.finish(3000);
  recorder.sent(3001, 2);
  recorder.received(3005, 2999);
  const { duration, sent, received, missing, extra, latency } = recorder.result;
  assert.deepEqual([duration, sent, received, missing, extra], [2, 1, 1, 3, 0]);
  assert.deepEqual([latency.count, latency.max], [2, 6000], 'what was sent in time counts, also where it came later');
});

test('more deliveries than should have come are extra, not missing', () => {
  const recorder = new Recorder();
  recorder.sent(1, 1);
  recorder.received(2, 1);
  recorder.received(3, 1);
  assert.deepEqual([recorder.result.missing, recorder.result.extra], [0, 1]);
});

test('errors are counted by what they say', () => {
  const recorder = new Recorder();
  for (const what of ['a', 'b', 'a']) recorder.failed(what);
  assert.deepEqual(
    [...recorder.result.errors],
    [
      ['a', 2],
      ['b', 1],
    ],
  );
});
