import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserChanges } from './user-changes.ts';

test('a user changed since a moment before its change, and not since one after it', () => {
  const changes = new UserChanges();
  const before = changes.mark;
  changes.note(['ali']);
  const after = changes.mark;
  assert.deepEqual(
    [changes.since(before, 'ali'), changes.since(before, 'baba'), changes.since(after, 'ali')],
    [true, false, false],
  );
});

test('when more changed than are remembered, everybody counts as changed since before', () => {
  const changes = new UserChanges();
  const before = changes.mark;
  changes.note(['ali']);
  changes.note(Array.from({ length: 20_000 }, (_, index) => `${index}`));
  assert.equal(changes.since(before, 'baba'), true);
  assert.equal(changes.since(changes.mark, 'baba'), false);
});
