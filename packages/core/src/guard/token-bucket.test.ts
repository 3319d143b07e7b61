import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from './token-bucket.ts';

test('a second’s worth may come at once, and then what time brings', () => {
  const bucket = new TokenBucket(10, 1000);
  bucket.take(10);
  assert.equal(bucket.tokens, 0);
  assert.equal(bucket.refill(1250), false);
  assert.equal(bucket.tokens, 2.5);
  assert.equal(bucket.refill(60_000), true);
  assert.equal(bucket.tokens, 10, 'no more than a second’s worth is saved up');
});

test('what is taken too much is owed first, and the wait for it is known', () => {
  const bucket = new TokenBucket(100, 0);
  bucket.take(350);
  assert.equal(bucket.tokens, -250);
  assert.equal(bucket.millisecondsUntil(0), 2500);
  assert.equal(bucket.millisecondsUntil(50), 3000);
  bucket.refill(2500);
  assert.equal(bucket.tokens, 0);
  assert.equal(bucket.millisecondsUntil(0), 0);
});

test('a rate below one a second still lets one come', () => {
  const bucket = new TokenBucket(0.5, 0);
  bucket.take(1);
  assert.equal(bucket.tokens, 0);
  assert.equal(bucket.millisecondsUntil(1), 2000);
});

test('a clock that stands or goes back brings nothing', () => {
  const bucket = new TokenBucket(10, 1000);
  bucket.take(5);
  bucket.refill(1000);
  bucket.refill(500);
  assert.equal(bucket.tokens, 5);
});

test('whoever waits until there is something takes no more than the rate and one second’s worth, over any time', () => {
  const step = fc.record({ after: fc.nat(700), wants: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 80 }), (rate, steps) => {
      const bucket = new TokenBucket(rate, 0);
      let now = 0;
      let taken = 0;
      for (const { after, wants } of steps) {
        now += after;
        bucket.refill(now);
        for (let i = 0; i < wants && bucket.tokens >= 1; i++) {
          bucket.take(1);
          taken += 1;
        }
        assert.ok(taken <= rate + (rate * now) / 1000 + 1e-6, `${taken} in ${now} ms at ${rate}`);
      }
    }),
    { numRuns: 200 },
  );
});
