import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QoS } from '@cauldron/protocol';
import fc from 'fast-check';
import { Message } from '../message.ts';
import { QueuedMessage } from './queued-message.ts';
import type { Session } from './session.ts';
import { SessionQueue, WINDOW_BYTES } from './session-queue.ts';

const nobody = { away: false } as Session;

function item(position: number, qos: QoS = 1, retain = false, size = 10): QueuedMessage {
  const payload = new Uint8Array(size);
  const message = Message.create({ topic: 't', payload, qos, retain, properties: undefined }, 0);
  const queued = new QueuedMessage(nobody, message, qos, retain, null, 0);
  queued.position = position;
  return queued;
}

test('length and bytes count what is in memory and what only the store has', () => {
  const queue = new SessionQueue(2);
  const all = [item(1), item(2), item(3)];
  for (const one of all) {
    if (queue.hasWindow) queue.push(one);
    else queue.pushStored(one);
  }
  assert.deepEqual([queue.length, queue.items.length, queue.stored], [3, 2, 1]);
  assert.equal(queue.bytes, all[0]!.size * 3);
  assert.equal(queue.shift(), all[0]);
  assert.deepEqual([queue.head, queue.readTo], [1, 2]);
  // While the store has some, nothing new may go before it.
  assert.equal(queue.hasWindow, false);
  queue.unstored(all[2]!.size);
  assert.equal(queue.hasWindow, true);
});

test('the window has a limit of bytes too', () => {
  const queue = new SessionQueue(1024);
  queue.push(item(1, 1, false, WINDOW_BYTES));
  assert.equal(queue.hasWindow, false);
});

test('when the client goes, what the store keeps leaves memory, and the rest stays', () => {
  const queue = new SessionQueue(10);
  const alone = item(0, 0);
  for (const one of [item(5), alone, item(6, 1, true), item(7)]) queue.push(one);
  queue.shift();
  const { length, bytes } = queue;
  queue.leave();
  assert.deepEqual([queue.length, queue.bytes], [length, bytes]);
  assert.equal(queue.items.peek(), alone);
  assert.deepEqual([queue.stored, queue.head, queue.readTo], [2, 5, 5]);
  assert.equal(queue.ordersQos0, true);
});

test('a message is taken out wherever it stands, once', () => {
  const queue = new SessionQueue(10);
  const all = [item(1), item(2, 1, true), item(3)];
  for (const one of all) queue.push(one);
  assert.equal(queue.remove(all[1]!), true);
  assert.equal(queue.remove(all[1]!), false);
  assert.equal(queue.ordersQos0, false);
  assert.deepEqual([queue.shift(), queue.shift()], [all[0], all[2]]);
  assert.deepEqual([queue.length, queue.bytes], [0, 0]);
});

test('live QoS 0 waits while retained or QoS 0 messages are before it, in memory or perhaps in the store', () => {
  const queue = new SessionQueue(1);
  queue.push(item(1));
  assert.equal(queue.ordersQos0, false);
  queue.pushStored(item(2, 1, true));
  assert.equal(queue.ordersQos0, true);
  queue.unstored(item(2, 1, true).size);
  assert.equal(queue.ordersQos0, false);
  queue.restore(4, 100);
  assert.equal(queue.ordersQos0, true);
  assert.deepEqual(queue.forgetStored(), { count: 4, bytes: 100 });
  assert.deepEqual([queue.length, queue.ordersQos0], [1, false]);
});

test('over any history the counters are those of the messages that are there', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'shift', 'remove', 'leave', 'read'),
    qos: fc.constantFrom<QoS>(0, 1, 2),
    retain: fc.boolean(),
    size: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const queue = new SessionQueue(4);
      let memory: QueuedMessage[] = [];
      let stored: QueuedMessage[] = [];
      for (const [n, { kind, qos, retain, size }] of steps.entries()) {
        if (kind === 'push') {
          const one = item(n + 1, qos, retain, size);
          const inMemory = queue.hasWindow;
          (inMemory ? memory : stored).push(one);
          if (inMemory) queue.push(one);
          else queue.pushStored(one);
        } else if (kind === 'shift' && memory.length > 0) {
          assert.equal(queue.shift(), memory.shift());
        } else if (kind === 'remove' && memory.length > 0) {
          const [one] = memory.splice(size % memory.length, 1);
          assert.equal(queue.remove(one!), true);
        } else if (kind === 'leave') {
          queue.leave();
          stored = [...memory, ...stored];
          memory = [];
        } else if (kind === 'read' && stored.length > 0) {
          const one = stored.shift()!;
          queue.unstored(one.size);
          queue.push(one);
          memory.push(one);
        }
        assert.equal(queue.length, memory.length + stored.length);
        assert.equal(queue.stored, stored.length);
        assert.equal(
          queue.bytes,
          [...memory, ...stored].reduce((sum, one) => sum + one.size, 0),
        );
        if (memory.some(({ ordered }) => ordered)) assert.equal(queue.ordersQos0, true);
        if (stored.length === 0)
          assert.equal(
            queue.ordersQos0,
            memory.some(({ ordered }) => ordered),
          );
      }
    }),
    { numRuns: 200 },
  );
});
