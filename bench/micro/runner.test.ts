import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureGroup, microTable } from './runner.ts';

test('cases take turns, and a case that costs twice as much says so', () => {
  let now = 0n;
  const order: string[] = [];
  const costing = (name: string, nanoseconds: number) => ({
    name,
    run: (times: number): number => {
      now += BigInt(times * nanoseconds);
      order.push(name);
      return times;
    },
  });
  const group = { name: 'g', cases: [costing('a', 10), costing('b', 20)] };
  const results = measureGroup(group, { rounds: 3, sliceMs: 1, clock: () => now });
  assert.deepEqual(results, [
    { name: 'a', nanoseconds: 10, ratio: 1 },
    { name: 'b', nanoseconds: 20, ratio: 2 },
  ]);
  assert.deepEqual(order.slice(-6), ['a', 'b', 'a', 'b', 'a', 'b']);
  assert.equal(
    microTable([{ group: 'g', results }])
      .split('\n')
      .at(-1),
    '|  | b | 20.0 | 2.00x |',
  );
});
