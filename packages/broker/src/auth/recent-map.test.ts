import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from './recent-map.ts';

test('what is used stays while others come and go, and there are never more than the size', () => {
  const map = new RecentMap<number>(10);
  map.set('kept', 1);
  for (let index = 0; index < 1000; index += 1) {
    map.set(`other ${index}`, index);
    assert.equal(map.get('kept'), 1);
    assert.ok(map.size <= 10, `${map.size} entries`);
  }
  assert.equal(map.get('other 0'), undefined);
  assert.equal(map.get('other 999'), 999);
});

test('at least half the size is kept exactly', () => {
  const map = new RecentMap<number>(10);
  for (let index = 0; index < 57; index += 1) map.set(`${index}`, index);
  for (let index = 52; index < 57; index += 1) assert.equal(map.get(`${index}`), index);
});

test('an entry that was set again and deleted is gone, in whichever half it was', () => {
  const map = new RecentMap<number>(4);
  for (const key of ['a', 'b', 'c', 'a']) map.set(key, 1);
  map.set('a', 2);
  assert.equal(map.get('a'), 2);
  map.delete('a');
  assert.equal(map.get('a'), undefined);
  map.deleteWhere((value) => value === 1);
  assert.equal(map.size, 0);
});

test('a map of size 0 stays empty', () => {
  const map = new RecentMap<number>(0);
  map.set('a', 1);
  assert.deepEqual([map.get('a'), map.size], [undefined, 0]);
});
