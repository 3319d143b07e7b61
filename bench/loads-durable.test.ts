import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durableLoads, quickDurable } from './loads-durable.ts';

const load = (name: string) => durableLoads.find((candidate) => candidate.name === name)!;

test('every durable load runs brokers that keep what they acknowledge, and has a goal', () => {
  for (const { name, setting, measures } of durableLoads) {
    assert.equal(setting, 'durable', name);
    assert.ok(
      measures.some(({ goal }) => goal !== undefined),
      name,
    );
    assert.equal(new Set(measures.map(({ figure }) => figure)).size, measures.length, `${name} shows a figure twice`);
  }
});

test('sessions are checked for as many messages as were queued for each, in the whole and the quick form', () => {
  for (const whole of [load('durable-restart'), load('durable-drain')]) {
    for (const { shape, next } of [whole, quickDurable(whole)]) {
      assert.ok(shape.kind === 'fill');
      for (const step of next ?? []) {
        if (!('drive' in step)) continue;
        assert.ok(step.drive.kind === 'drain');
        assert.equal(step.drive.messagesEach, shape.messages / shape.sessions);
        assert.ok(step.drive.sessions <= shape.sessions);
      }
    }
  }
});

test('the quick form says that it is smaller, and fetches as many topics as it retained', () => {
  const quick = quickDurable(load('durable-retained'));
  assert.match(quick.what, /a tenth/);
  assert.ok(quick.shape.kind === 'fill');
  const fetched = (quick.next ?? []).flatMap((step) =>
    'drive' in step && step.drive.kind === 'fetch' ? [step.drive.topics] : [],
  );
  assert.deepEqual(fetched, [quick.shape.messages, quick.shape.messages]);
});
