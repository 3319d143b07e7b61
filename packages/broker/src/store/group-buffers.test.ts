import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupBuffers } from './group-buffers.ts';

const MEBIBYTE = 1024 * 1024;

test('a buffer given back is taken again where it is large enough', () => {
  const buffers = new GroupBuffers();
  const first = buffers.take(200_000);
  buffers.give(first.buffer);
  assert.notEqual(buffers.take(200_001).buffer, first.buffer);
  assert.equal(buffers.take(1).buffer, first.buffer);
  assert.notEqual(buffers.take(1).buffer, first.buffer, 'it has one owner');
});

test('the buffer of a burst is not kept', () => {
  const buffers = new GroupBuffers();
  const large = buffers.take(5 * MEBIBYTE);
  buffers.give(large.buffer);
  assert.notEqual(buffers.take(1).buffer, large.buffer);
});

test('a few buffers are kept, the largest of them', () => {
  const buffers = new GroupBuffers();
  const given = [1, 4, 2, 3].map((size) => buffers.take(size * MEBIBYTE));
  for (const { buffer } of given) buffers.give(buffer);
  const sizes = [1, 2, 3, 4].map(() => buffers.take(1).length / MEBIBYTE).sort();
  assert.deepEqual(sizes, [1 / 16, 2, 3, 4]);
});
