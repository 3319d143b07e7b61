import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic } from '@cauldron/protocol';
import fc from 'fast-check';
import { Message } from '../message.ts';
import { RetainedTree } from './retained-tree.ts';

const level = fc.constantFrom('a', 'b', '', '$x', 'é');
const topic = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((t) => t !== '');
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, multi]) => [...levels, ...(multi ? ['#'] : [])].join('/'))
  .filter((f) => f !== '');

function message(name: string, text: string, expiry?: number): Message {
  return Message.create(
    {
      topic: name,
      payload: new TextEncoder().encode(text),
      qos: 0,
      retain: true,
      properties: expiry === undefined ? undefined : { messageExpiryInterval: expiry },
    },
    0,
  );
}

function found(tree: RetainedTree, wanted: string, now = 0): Message[] {
  const messages: Message[] = [];
  tree.match(wanted, now, (one) => messages.push(one));
  return messages;
}

test('after any sets and deletes, every filter finds what comparing it with every topic would find [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-4.7.2-1]', () => {
  const change = fc.record({ name: topic, keep: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.array(filter, { maxLength: 10 }), (changes, filters) => {
      const tree = new RetainedTree();
      const model = new Map<string, Message>();
      for (const [n, { name, keep }] of changes.entries()) {
        if (keep) {
          const one = message(name, `${n}`);
          tree.set(one);
          model.set(name, one);
        } else {
          assert.equal(tree.delete(name) !== null, model.delete(name));
        }
        assert.equal(tree.count, model.size);
        assert.equal(
          tree.bytes,
          [...model.values()].reduce((sum, one) => sum + one.size, 0),
        );
        assert.equal(tree.get(name), model.get(name) ?? null);
      }
      for (const wanted of filters) {
        const expected = [...model].filter(([name]) => matchTopic(wanted, name)).map(([, one]) => one);
        assert.deepEqual(new Set(found(tree, wanted)), new Set(expected), wanted);
        assert.equal(found(tree, wanted).length, expected.length);
      }
    }),
    { numRuns: 200 },
  );
});

test('counts by publisher and of the users’ bytes are what a recount says, after any sets, replacements, deletes and expiries', () => {
  const publisher = fc.constantFrom('p', 'q', 'r', undefined);
  const name = fc.oneof(topic, fc.constantFrom('$SYS/x', '$SYS/y'));
  const change = fc.record({
    name,
    publisher,
    keep: fc.boolean(),
    expiry: fc.option(fc.constant(5)),
    sweep: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const tree = new RetainedTree();
      const model = new Map<string, { one: Message; from: string | undefined }>();
      for (const [n, { name, publisher: from, keep, expiry, sweep }] of changes.entries()) {
        if (keep) {
          const one = message(name, 'x'.repeat(n), expiry ?? undefined);
          tree.set(one, from);
          model.set(name, { one, from });
        } else {
          tree.delete(name);
          model.delete(name);
        }
        if (sweep) {
          for (const gone of tree.expired(5000)) tree.delete(gone);
          for (const [topicName, { one }] of model) if (one.expired(5000)) model.delete(topicName);
        }
        const users = [...model.values()].filter(({ one }) => !one.topic.startsWith('$SYS/'));
        assert.equal(tree.countOfUsers, users.length);
        assert.equal(
          tree.bytesOfUsers,
          users.reduce((sum, { one }) => sum + one.size, 0),
        );
        const recount = new Map<string, number>();
        for (const { from: who } of model.values())
          if (who !== undefined) recount.set(who, (recount.get(who) ?? 0) + 1);
        assert.deepEqual(new Map(tree.publishers), recount);
      }
    }),
    { numRuns: 200 },
  );
});

test('a topic between two others is not retained because they are', () => {
  const tree = new RetainedTree();
  tree.set(message('a/b/c', 'x'));
  assert.equal(tree.get('a/b'), null);
  assert.equal(tree.delete('a/b'), null);
  assert.equal(tree.delete('a/b/c/d'), null);
  assert.deepEqual(found(tree, 'a/b'), []);
  assert.equal(found(tree, 'a/#').length, 1);
});

test('expired messages are not found, and are named to be removed, but only they', () => {
  const tree = new RetainedTree();
  tree.set(message('a', 'short', 5));
  tree.set(message('a/b', 'long', 50));
  tree.set(message('$x/c', 'hidden and short', 5));
  tree.set(message('d', 'forever'));
  assert.equal(found(tree, '#', 4999).length, 3);
  assert.equal(found(tree, '#', 5000).length, 2);
  assert.equal(found(tree, 'a', 5000).length, 0);
  assert.equal(tree.count, 4);
  assert.deepEqual(tree.expired(4999), []);
  assert.deepEqual(tree.expired(5000), ['a', '$x/c']);
  tree.set(message('a', 'forever now'));
  tree.delete('$x/c');
  assert.deepEqual(tree.expired(50_000), ['a/b']);
  assert.equal(tree.count, 3);
});

test('it is known when a retained message came, but not of one from before the broker started', () => {
  const tree = new RetainedTree();
  tree.set(message('a', 'restored'));
  assert.equal(tree.setAt('a'), 0);
  tree.set(message('a', 'new'), 'p', 0, 5000);
  assert.equal(tree.setAt('a'), 5000);
  tree.delete('a');
  assert.equal(tree.setAt('a'), 0);
  assert.equal(tree.setAt('never'), 0);
});
