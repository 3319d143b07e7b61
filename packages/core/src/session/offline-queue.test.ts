import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Message } from '../message.ts';
import { OfflineQueue } from './offline-queue.ts';
import { QueuedMessage } from './queued-message.ts';
import type { Session } from './session.ts';

const session = {} as Session; // the queue does not look at it

function item(payloadSize: number): QueuedMessage {
  const draft = {
    topic: 't',
    payload: new Uint8Array(payloadSize),
    qos: 1 as const,
    retain: false,
    properties: undefined,
  };
  return new QueuedMessage(session, Message.create(draft, 0), 1, false, null, 0);
}

test('an empty queue has nothing to peek at or to take', () => {
  const queue = new OfflineQueue();
  assert.equal(queue.peek(), undefined);
  assert.equal(queue.shift(), undefined);
  assert.deepEqual([queue.length, queue.bytes], [0, 0]);
});

test('what goes in comes out in the same order, counted in messages and bytes', () => {
  const queue = new OfflineQueue();
  const items = Array.from({ length: 1000 }, (_, i) => item(i % 50));
  for (const one of items) queue.push(one);
  assert.equal(queue.length, 1000);
  assert.equal(
    queue.bytes,
    items.reduce((sum, item) => sum + item.size, 0),
  );
  for (const one of items) {
    assert.equal(queue.peek(), one);
    assert.equal(queue.shift(), one);
  }
  assert.deepEqual([queue.length, queue.bytes, queue.shift()], [0, 0, undefined]);
});

test('any mix of pushes and shifts does what a plain list would do, past growing and wrapping', () => {
  const pool = Array.from({ length: 20 }, (_, i) => item(i));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 6 }), { maxLength: 200 }), (steps) => {
      const queue = new OfflineQueue();
      const model: QueuedMessage[] = [];
      for (const [n, step] of steps.entries()) {
        for (let i = 0; i < step; i++) {
          const one = pool[(n + i) % pool.length]!;
          queue.push(one);
          model.push(one);
        }
        for (let i = step; i < 0; i++) assert.equal(queue.shift(), model.shift());
        assert.equal(queue.length, model.length);
        assert.equal(queue.peek(), model[0]);
        assert.equal(
          queue.bytes,
          model.reduce((sum, item) => sum + item.size, 0),
        );
      }
    }),
    { numRuns: 100 },
  );
});
