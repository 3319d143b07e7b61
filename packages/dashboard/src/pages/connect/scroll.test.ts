import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followScroll } from './scroll.ts';

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i }));
const base = { old: ids(1, 100), entries: ids(1, 103), rowHeight: 10, top: 500, end: 900, follow: false };

test('a list that follows shows the newest message, on top or at the end', () => {
  assert.equal(followScroll({ ...base, newestFirst: true, follow: true }), 0);
  assert.equal(followScroll({ ...base, newestFirst: false, follow: true }), 900);
});

test('a list that does not follow keeps in sight what was read, whatever comes above and goes below', () => {
  assert.equal(followScroll({ ...base, newestFirst: true }), 530);
  assert.equal(followScroll({ ...base, newestFirst: false }), 500);
  assert.equal(followScroll({ ...base, newestFirst: false, entries: ids(4, 103) }), 470);
  assert.equal(followScroll({ ...base, newestFirst: true, entries: ids(4, 103) }), 530);
});

test('at the top of the newest first one sees what comes', () => {
  assert.equal(followScroll({ ...base, newestFirst: true, top: 0 }), 0);
});

test('a list of others altogether stays where it is', () => {
  assert.equal(followScroll({ ...base, newestFirst: true, entries: ids(200, 300) }), 500);
  assert.equal(followScroll({ ...base, newestFirst: true, old: [], entries: ids(1, 5) }), 500);
});
