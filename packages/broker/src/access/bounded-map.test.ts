import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from './bounded-map.ts';

test('what was asked for the longest ago is forgotten first, and made again when it is asked for', () => {
  const made: string[] = [];
  const map = new BoundedMap<string>(2);
  const ask = (key: string): string =>
    map.get(key, () => {
      made.push(key);
      return key.toUpperCase();
    });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) assert.equal(ask(key), key.toUpperCase());
  assert.deepEqual(made, ['a', 'b', 'c', 'b']);
});
