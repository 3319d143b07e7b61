import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlicedWork } from './sliced.ts';

test('everything is looked at once, in order', async () => {
  const seen: number[] = [];
  await new SlicedWork(3).each([1, 2, 3, 4, 5, 6, 7], (one) => seen.push(one));
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
});

test('others have their turn between two slices', async () => {
  const slices: number[] = [0];
  const work = new SlicedWork(10).each(Array.from({ length: 95 }).keys(), () => {
    slices[slices.length - 1]! += 1;
  });
  let done = false;
  void work.then(() => (done = true));
  while (!done) {
    await new Promise(setImmediate);
    slices.push(0);
  }
  assert.ok(Math.max(...slices) <= 10, `${slices}`);
  assert.equal(
    slices.reduce((sum, one) => sum + one, 0),
    95,
  );
});

test('several who ask share the slices: there is one a turn', async () => {
  let looked = 0;
  const work = new SlicedWork(10);
  const all = Promise.all(
    Array.from({ length: 5 }, () => work.each(Array.from({ length: 40 }).keys(), () => (looked += 1))),
  );
  let most = 0;
  let done = false;
  void all.then(() => (done = true));
  while (!done) {
    const before = looked;
    await new Promise(setImmediate);
    most = Math.max(most, looked - before);
  }
  assert.equal(looked, 200);
  assert.ok(most <= 20, `${most} in one turn: the end of one and the beginning of the next`);
});

test('what goes wrong is told to who asked, and others go on', async () => {
  const work = new SlicedWork(10);
  const wrong = work.each([1], () => {
    throw new Error('wrong');
  });
  const right = work.each([1], () => {});
  await assert.rejects(wrong, /wrong/);
  await right;
});
