import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupedStore } from './grouped-store.ts';
import { MemoryEngine, memoryPlace } from './testing/memory-engine.ts';
import { acceptedMessage, storeContract } from './testing/store-contract.ts';

const put = (key: number) => ({ kind: 'put', message: acceptedMessage(key) }) as const;

for (const { name, check } of storeContract) {
  test(`a store over an engine in memory: ${name}`, () => {
    const place = memoryPlace();
    return check(() => new GroupedStore(new MemoryEngine(place)));
  });
}

test('what is noted in one go is one group, and what comes while it is written is the next; nothing is called back before', async () => {
  const place = memoryPlace();
  const disk = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let groups = 0;
  const store = new GroupedStore(new MemoryEngine(place, () => disk[groups++]!.promise));
  await store.open('a', assert.fail);
  let kept = 0;
  for (let key = 1; key <= 100; key++) store.add(put(key), () => kept++);
  await new Promise(setImmediate);
  assert.deepEqual([groups, kept], [1, 0]);
  for (let key = 101; key <= 300; key++) store.add(put(key));
  disk[0]!.resolve();
  await new Promise(setImmediate);
  assert.deepEqual([groups, place.messages.size, kept], [2, 100, 100]);
  disk[1]!.resolve();
  await store.close();
  assert.deepEqual([place.groups, place.messages.size], [2, 300]);
});

test('changes noted before it is open are kept once it is', async () => {
  const place = memoryPlace();
  const store = new GroupedStore(new MemoryEngine(place));
  const kept = Promise.withResolvers<void>();
  store.add(put(1), kept.resolve);
  await new Promise(setImmediate);
  assert.equal(place.groups, 0);
  await store.open('a', assert.fail);
  await kept.promise;
  assert.deepEqual([...place.messages.keys()], [1]);
  await store.close();
});

test('when a write fails, that is told once, nothing is called back from then on, and it can still be closed', async () => {
  const place = memoryPlace();
  const store = new GroupedStore(new MemoryEngine(place, () => Promise.reject(new Error('the disk is gone'))));
  const failures: string[] = [];
  await store.open('a', (error) => failures.push(error.message));
  store.add(put(1), assert.fail);
  await new Promise(setImmediate);
  store.add(put(2), assert.fail);
  await store.close();
  assert.deepEqual(failures, ['the disk is gone']);
  assert.equal(place.inUse, false);
});
