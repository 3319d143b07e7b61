import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory, type History, type Published, type Received } from './history.ts';

const done = (qos: 1 | 2, number: number): Published => ({ qos, number, outcome: 'done' });
const got = (qos: 1 | 2, number: number): Received => ({ qos, number });
const broken = (history: Partial<History>): string[] =>
  checkHistory({ published: [], received: [], complaints: [], wire: null, ...history }).map(({ promise }) => promise);

const published = [done(1, 0), done(2, 0), done(1, 1), done(2, 1)];

test('everything received, QoS 1 repeated, the two QoS in any order: nothing is broken', () => {
  const received = [got(2, 0), got(2, 1), got(1, 0), got(1, 1), got(1, 0), got(1, 1)];
  assert.deepEqual(broken({ published, received }), []);
});

test('a message that was published and not received is lost, of either QoS', () => {
  assert.deepEqual(broken({ published, received: [got(2, 0), got(1, 0), got(2, 1)] }), ['lost']);
  assert.deepEqual(broken({ published, received: [got(2, 0), got(1, 0), got(1, 1)] }), ['lost']);
});

test('a QoS 2 message that comes twice is a duplicate, published or not', () => {
  const received = [got(2, 0), got(2, 1), got(1, 0), got(1, 1), got(2, 1)];
  assert.deepEqual(broken({ published, received }), ['duplicate']);
  const pending: Published[] = [{ qos: 2, number: 0, outcome: 'pending' }];
  assert.deepEqual(broken({ published: pending, received: [got(2, 0), got(2, 0)] }), ['unsettled', 'duplicate']);
});

test('first receptions out of their order are found, within one QoS', () => {
  const received = [got(2, 1), got(2, 0), got(1, 0), got(1, 1)];
  assert.deepEqual(broken({ published, received }), ['order']);
});

test('a publish that fails, one without an end, and what nobody published are found', () => {
  const failed: Published[] = [{ qos: 1, number: 0, outcome: new Error('no') }];
  assert.deepEqual(broken({ published: failed }), ['rejected']);
  assert.deepEqual(broken({ published: [{ qos: 1, number: 0, outcome: 'pending' }] }), ['unsettled']);
  assert.deepEqual(broken({ complaints: ['a message nobody knows'] }), ['unasked']);
});

test('with a broker that repeats and reorders, its own deliveries are the measure', () => {
  const two = [done(2, 0), done(2, 1)];
  const delivered = [got(2, 1), got(2, 0), got(2, 1)];
  const wire = { delivered, masked: [] };
  assert.deepEqual(broken({ published: two, received: delivered, wire }), []);
  assert.deepEqual(broken({ published: two, received: [...delivered, got(2, 0)], wire }), ['duplicate']);
  assert.deepEqual(broken({ published: two, received: [got(2, 0), got(2, 1)], wire }), ['order']);
  assert.deepEqual(broken({ published: two, received: [got(2, 1)], wire }), ['lost']);
  const masked = { delivered: [got(2, 1)], masked: [got(2, 0)] };
  assert.deepEqual(broken({ published: two, received: [got(2, 1)], wire: masked }), []);
});
