import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subscriber } from '../ports.ts';
import { ShareGroup } from './share-group.ts';
import { Subscription } from './subscription.ts';

function member(ready = true): Subscriber & { ready: boolean } {
  return { ready, deliver: () => {}, deliverRun: () => false };
}

function group(...members: Subscriber[]): ShareGroup {
  const made = new ShareGroup('g');
  for (const one of members) assert.equal(made.set(new Subscription(one, { qos: 0 })), true);
  return made;
}

test('members take turns, and one that leaves changes the turn of nobody else', () => {
  const [a, b, c, d] = [member(), member(), member(), member()];
  const made = group(a, b, c, d);
  const next = () => [a, b, c, d].indexOf(made.next()!.subscriber as typeof a);
  assert.deepEqual([next(), next()], [0, 1]);
  assert.equal(made.delete(a), true);
  assert.equal(made.delete(a), false);
  assert.deepEqual([next(), next(), next(), next()], [2, 3, 1, 2]);
  made.delete(d);
  assert.deepEqual([next(), next(), next()], [1, 2, 1]);
  assert.equal(made.size, 2);
});

test('a member that subscribes again keeps its place with its new options', () => {
  const [a, b] = [member(), member()];
  const made = group(a, b);
  assert.equal(made.set(new Subscription(a, { qos: 2 })), false);
  assert.equal(made.size, 2);
  const first = made.next()!;
  assert.deepEqual([first.subscriber === a, first.qos], [true, 2]);
});

test('members that are not ready are passed over, and when nobody is ready they take turns all the same', () => {
  const [a, b, c] = [member(), member(false), member()];
  const made = group(a, b, c);
  const next = () => [a, b, c].indexOf(made.next()!.subscriber as typeof a);
  assert.deepEqual([next(), next(), next()], [0, 2, 0]);
  a.ready = false;
  c.ready = false;
  assert.deepEqual([next(), next(), next(), next()], [1, 2, 0, 1]);
});
