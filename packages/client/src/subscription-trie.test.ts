import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic } from '@cauldron/protocol';
import fc from 'fast-check';
import { SubscriptionTrie } from './subscription-trie.ts';

const level = fc.constantFrom('a', 'b', '', '$s', '$SYS');
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 0, maxLength: 4 }), fc.boolean())
  .filter(([levels, rest]) => levels.length > 0 || rest)
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'));

test('it finds whoever matchTopic says, each once, after any adding and removing', () => {
  const step = fc.record({ filter: filters, value: fc.integer({ min: 0, max: 5 }), adds: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(topics, { minLength: 1 }), (steps, asked) => {
      const trie = new SubscriptionTrie<number>();
      const held = new Map<string, Set<number>>();
      for (const { filter, value, adds } of steps) {
        const values = held.get(filter) ?? new Set();
        held.set(filter, values);
        if (adds) {
          if (!values.has(value)) trie.add(filter, value);
          values.add(value);
        } else {
          trie.remove(filter, value);
          values.delete(value);
        }
      }
      for (const topic of asked) {
        const wanted = new Set([...held].flatMap(([filter, values]) => (matchTopic(filter, topic) ? [...values] : [])));
        const found = trie.match(topic);
        assert.equal(new Set(found).size, found.length);
        assert.deepEqual([...found].sort(), [...wanted].sort());
      }
    }),
  );
});

test('wildcards in the first level match no topic that begins with $', () => {
  const trie = new SubscriptionTrie<string>();
  for (const filter of ['#', '+/clients', '+/#', '$SYS/#', '$SYS/+']) trie.add(filter, filter);
  assert.deepEqual(trie.match('$SYS/clients'), ['$SYS/#', '$SYS/+']);
  assert.deepEqual(trie.match('$SYS'), ['$SYS/#']);
});
