import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingOf } from './session-ending.ts';

test('the end of a session is said for clients that are here and for those that are away', () => {
  const connected = (sessionExpiry: number | null): string =>
    endingOf({ state: 'connected', sessionExpiry, endsAt: null }, 0);
  assert.equal(connected(0), 'with its connection');
  assert.equal(connected(3600), '1 h after its connection');
  assert.equal(connected(null), 'never, unless it is discarded');
  const away = endingOf({ state: 'away', sessionExpiry: 3600, endsAt: 1_800_000 }, 0);
  assert.match(away, /^in 30 min, unless its client comes back \(.*1970/);
  assert.match(endingOf({ state: 'away', sessionExpiry: null, endsAt: null }, 0), /^never: it waits/);
});
