import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rated, rateAt, settleRate } from './rate.ts';

const rated = (): Rated => ({ rate: 0, ratedAt: 0, pending: 0 });

/** `each` messages come in every tick of so many milliseconds. */
function goOn(one: Rated, from: number, seconds: number, each: number, tick = 100): number {
  let now = from;
  for (; now < from + seconds * 1000; ) {
    now += tick;
    one.pending += each;
    settleRate(one, now, 0);
  }
  return now;
}

test('a steady flow has its rate a few seconds after counting began, however often it is worked out', () => {
  for (const tick of [50, 100, 250, 1000]) {
    const one = rated();
    const now = goOn(one, 0, 6, tick / 10, tick);
    assert.ok(Math.abs(rateAt(one, now) - 100) < 10, `${rateAt(one, now)} at ticks of ${tick} ms`);
  }
});

test('a rate falls by itself when nothing comes, down to nothing', () => {
  const one = rated();
  const now = goOn(one, 0, 20, 10);
  assert.ok(rateAt(one, now + 4000) < 45);
  assert.equal(rateAt(one, now + 60_000), 0);
});

test('one message after a long silence is no flood', () => {
  const one = rated();
  one.pending = 1;
  settleRate(one, 100_000, 0);
  assert.ok(rateAt(one, 100_000) < 0.5);
});

test('a flow that changes is followed within seconds', () => {
  const one = rated();
  const changed = goOn(one, 0, 20, 10);
  const now = goOn(one, changed, 12, 50);
  assert.ok(Math.abs(rateAt(one, now) - 500) < 30, String(rateAt(one, now)));
});
