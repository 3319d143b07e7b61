import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Removal, Removals } from './removals.ts';

const removal = (undo: string, until: number): Removal => ({ undo, topic: 'a', subtree: true, count: 3, until });

function storage(text: string | null = null) {
  const kept = new Map(text === null ? [] : [[Removals.KEY, text]]);
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, to: string) => void kept.set(key, to),
  };
}

test('what was deleted is listed, the newest first, until it cannot be undone any more', () => {
  const kept = storage();
  const removals = new Removals(kept);
  removals.add(removal('1', 1000));
  removals.add(removal('2', 2000));
  const undos = (now: number) => removals.list(now).map(({ undo }) => undo);
  assert.deepEqual(undos(0), ['2', '1']);
  assert.deepEqual(undos(1000), ['2']);
  assert.deepEqual(new Removals(kept).list(0).length, 2, 'a page that is loaded again knows it');
  removals.drop('2');
  assert.deepEqual(undos(0), ['1']);
});

test('who shows the list is told of changes', () => {
  const removals = new Removals(storage());
  let told = 0;
  const stop = removals.watch(() => void (told += 1));
  removals.add(removal('1', 1000));
  removals.drop('1');
  stop();
  removals.add(removal('2', 1000));
  assert.equal(told, 2);
});

test('a list that cannot be read is empty, and a long one is cut', () => {
  assert.deepEqual(new Removals(storage('{')).list(0), []);
  assert.deepEqual(new Removals(storage('{}')).list(0), []);
  const removals = new Removals(storage());
  for (let at = 0; at < 50; at++) removals.add(removal(String(at), 1000));
  assert.equal(removals.list(0).length, 20);
});
