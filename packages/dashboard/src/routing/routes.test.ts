import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRoute, routeTo } from './routes.ts';

test('a place read from its own address is the same, whatever its segments hold', () => {
  for (const segments of [[], ['clients'], ['clients', 'a/b?c#d%e'], ['topics', 'Küche/+/#'], ['x', '../..']]) {
    assert.deepEqual(parseRoute(routeTo(segments, { tab: 'a&b', none: undefined })), {
      segments,
      query: { tab: 'a&b' },
    });
  }
});

test('an address that nobody made leads somewhere all the same', () => {
  assert.deepEqual(parseRoute('').segments, []);
  assert.deepEqual(parseRoute('#/clients/%E0%A4%A').segments, ['clients', '%E0%A4%A']);
  assert.deepEqual(parseRoute('#clients//x').segments, ['clients', 'x']);
});
