import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic } from '@cauldron/protocol';
import fc from 'fast-check';
import type { FeedSource } from '../services.ts';
import { Feeds } from './feeds.ts';
import type { TopicRecord } from './topic-node.ts';

const TOPICS = ['a', 'a/b', 'b', 'b/a'];
const filter = fc.constantFrom('#', 'a/#', '+', 'b/+', 'a');
const step = fc.oneof(
  fc.record({ open: fc.array(filter, { minLength: 1, maxLength: 3 }) }),
  fc.record({ end: fc.nat(20) }),
  fc.record({ ask: fc.nat(TOPICS.length - 1) }),
);

/** What {@link Feeds.of} reads and writes of a record. */
const recordOf = (key: string): TopicRecord => ({ key, feeds: [], feedGeneration: -1 }) as unknown as TopicRecord;

test('a topic belongs to the feeds whose filters match it, however many came and went since it was asked last', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const feeds = new Feeds();
      const open: { source: FeedSource; filters: readonly string[] }[] = [];
      const records = TOPICS.map(recordOf);
      for (const one of steps) {
        if ('open' in one) open.push({ source: feeds.open(one.open), filters: one.open });
        else if ('end' in one) open.splice(one.end, 1)[0]?.source.end();
        else {
          const found = feeds.of(records[one.ask]!) as unknown as { filters: readonly string[] }[];
          const wanted = open.filter(({ filters }) => filters.some((f) => matchTopic(f, TOPICS[one.ask]!)));
          const inOrder = (list: readonly { filters: readonly string[] }[]) => list.map((f) => f.filters.join()).sort();
          assert.deepEqual(inOrder(found), inOrder(wanted));
        }
      }
    }),
    { numRuns: 300 },
  );
});
