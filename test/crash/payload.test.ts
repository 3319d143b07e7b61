import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexOf, isIntact, LARGEST_PAYLOAD, payloadOf, SMALLEST_PAYLOAD } from './payload.ts';

test('a payload tells its message, and any byte that changes, is missing or too many is noticed', () => {
  for (const size of [SMALLEST_PAYLOAD, 5, 300, LARGEST_PAYLOAD]) {
    const payload = payloadOf(70_000, size);
    assert.equal(indexOf(payload), 70_000);
    assert.ok(isIntact(payload, size));
    assert.ok(!isIntact(payload.subarray(0, size - 1), size));
    assert.ok(!isIntact(payload, size + 1));
    if (size === SMALLEST_PAYLOAD) continue;
    payload[size - 1]! ^= 1;
    assert.ok(!isIntact(payload));
  }
  assert.equal(indexOf(new Uint8Array(3)), -1);
});
