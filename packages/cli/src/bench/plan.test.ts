import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audiences, Pace, SMALLEST, stamp, stampOf, topicsOf } from './plan.ts';

test('as many topics as clients: each has its own', () => {
  assert.deepEqual(
    [0, 1, 2].map((i) => topicsOf(i, 3, 3)),
    [[0], [1], [2]],
  );
});

test('fewer topics than clients are shared, more are divided, and each belongs to somebody', () => {
  assert.deepEqual(
    [0, 1, 2].map((i) => topicsOf(i, 3, 2)),
    [[0], [1], [0]],
  );
  for (const [members, topics] of [
    [3, 8],
    [1, 5],
    [4, 4],
    [7, 50],
  ] as const) {
    const all = Array.from({ length: members }, (_, i) => topicsOf(i, members, topics)).flat();
    assert.deepEqual(
      all.sort((a, b) => a - b),
      Array.from({ length: topics }, (_, i) => i),
    );
  }
});

test('audiences counts who gets a message on each topic', () => {
  assert.deepEqual(audiences({ publishers: 1, subscribers: 5, topics: 2 }), [3, 2]);
  assert.deepEqual(audiences({ publishers: 1, subscribers: 1, topics: 3 }), [1, 1, 1]);
  assert.deepEqual(audiences({ publishers: 1, subscribers: 0, topics: 2 }), [0, 0]);
});

test('messages at a rate are due at even times; one that is late counts from when it was due', () => {
  const pace = new Pace(100, 10);
  assert.equal(pace.wait(95), 5);
  assert.equal(pace.wait(101), 0);
  assert.equal(pace.take(101), 101);
  assert.equal(pace.wait(101), 9);
  assert.equal(pace.take(135), 110);
  assert.equal(pace.take(135), 120);
  assert.equal(pace.take(135), 130);
  assert.equal(pace.wait(135), 5);
});

test('a payload carries when it was sent; a shorter one was sent by somebody else', () => {
  const whole = new Uint8Array(40);
  const payload = whole.subarray(3, 3 + SMALLEST);
  stamp(payload, 12_345.678);
  assert.equal(stampOf(payload), 12_345.678);
  assert.equal(stampOf(new Uint8Array(SMALLEST - 1)), undefined);
});
