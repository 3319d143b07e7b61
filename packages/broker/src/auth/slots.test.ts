import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slots } from './slots.ts';

const forever = new AbortController().signal;

test('no more run at the same time than there are slots, and the others follow in their order', async () => {
  const slots = new Slots(2);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const runs = gates.map((gate, index) =>
    slots.run(forever, () => {
      begun.push(index);
      return gate.promise;
    }),
  );
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1]);
  gates[1]!.resolve();
  await runs[1];
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await Promise.all(runs);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});

test('who gives up waiting takes no slot, and work that fails gives its own back', async () => {
  const slots = new Slots(1);
  const gate = Promise.withResolvers<void>();
  const first = slots.run(forever, () => gate.promise);
  const abort = new AbortController();
  const second = slots.run(abort.signal, () => assert.fail('nobody waits for it'));
  abort.abort(new Error('too late'));
  await assert.rejects(second, /too late/);
  gate.reject(new Error('it failed'));
  await assert.rejects(first, /it failed/);
  assert.equal(await slots.run(forever, async () => 'free again'), 'free again');
  await assert.rejects(
    slots.run(abort.signal, async () => 'never'),
    /too late/,
  );
});
