import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortAge } from './short-age.ts';

test('an age is said in one unit, and clocks that differ make nothing older than now', () => {
  const said = [0, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 9e8].map((age) =>
    shortAge(0, age),
  );
  assert.deepEqual(said, ['now', 'now', '1 s', '59 s', '1 min', '59 min', '1 h', '23 h', '1 d', '10 d']);
  assert.equal(shortAge(5000, 0), 'now');
});
