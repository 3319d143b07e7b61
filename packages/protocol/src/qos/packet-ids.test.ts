import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketIds } from './packet-ids.ts';

test('identifiers are never 0, never one in use here or elsewhere, and go on at 1 after 65,535 [MQTT-2.2.1-3]', () => {
  const ids = new PacketIds();
  assert.equal(ids.take(), 1);
  assert.equal(
    ids.take((id) => id < 10),
    10,
  );
  assert.equal(ids.has(10), true);
  assert.equal(ids.has(2), false);
  let last = 0;
  while (last !== 65_535) {
    last = ids.take();
    ids.free(last);
  }
  assert.equal(ids.take(), 2);
});

test('a freed identifier may be taken again, and freeing one that is not taken says so', () => {
  const ids = new PacketIds();
  for (let i = 0; i < 65_535; i++) ids.take();
  assert.throws(() => ids.take(), RangeError);
  assert.equal(ids.free(5), true);
  assert.equal(ids.free(5), false);
  assert.equal(ids.take(), 5);
});

test('identifiers that are all in use elsewhere leave none', () => {
  assert.throws(() => new PacketIds().take(() => true), RangeError);
});
