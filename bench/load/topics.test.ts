import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterFor, filtersOf, MATCHES, messagesTo, sessionTopic, spread, topicName, topicsOf } from './topics.ts';

/** A plain matcher of its own, so that the load's promise does not rest on the code it measures. */
function matches(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  const all = wanted.at(-1) === '#';
  if (all) wanted.pop();
  if (all ? levels.length < wanted.length : levels.length !== wanted.length) return false;
  return wanted.every((level, i) => level === '+' || level === levels[i]);
}

test('every topic matches exactly ten subscriptions, half of them with wildcards, of ten different clients', () => {
  const [clients, subscriptions] = [50, 3000];
  const owned = Array.from({ length: clients }, (_, client) => [...filtersOf(client, clients, subscriptions)]);
  assert.equal(owned.flat().length, subscriptions);
  assert.equal(owned.flat().filter((filter) => /[+#]/.test(filter)).length, subscriptions / 2);
  for (const n of [0, 1, 99, 100, 101, 299]) {
    const hits = owned.map((filters) => filters.filter((filter) => matches(filter, topicName(n))).length);
    assert.equal(hits.filter((count) => count === 1).length, MATCHES);
    assert.equal(
      hits.reduce((a, b) => a + b),
      MATCHES,
    );
  }
});

test('topics far apart share no filter', () => {
  const filters = (n: number): string[] => Array.from({ length: MATCHES }, (_, i) => filterFor(n, i));
  assert.ok(filters(7).every((filter) => matches(filter, topicName(7)) && !matches(filter, topicName(10_007))));
});

test('the same seed gives the same numbers, all below the limit and spread over it', () => {
  const [a, b] = [spread(1), spread(1)];
  const drawn = Array.from({ length: 2000 }, () => a(100));
  assert.deepEqual(
    drawn,
    Array.from({ length: 2000 }, () => b(100)),
  );
  assert.ok(drawn.every((n) => n >= 0 && n < 100));
  assert.equal(new Set(drawn).size, 100);
});

test('every durable topic has one publisher, or every publisher one topic where topics are fewer', () => {
  const all = Array.from({ length: 7 }, (_, which) => topicsOf(which, 7, 100)).flat();
  assert.deepEqual(
    all.sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, n) => n),
  );
  assert.deepEqual(
    [0, 1, 2].map((which) => topicsOf(which, 3, 2)),
    [[0], [1], [0]],
  );
});

test('durable topics have names of one length', () => {
  assert.equal(sessionTopic(0).length, sessionTopic(999_999).length);
  assert.notEqual(sessionTopic(1), sessionTopic(10));
});

test('messages to one topic are counted from what its publishers sent in turn', () => {
  // Publisher 0 has the topics 0, 2 and 4, publisher 1 the topics 1 and 3.
  const counts = [0, 1, 2, 3, 4].map((n) => messagesTo(n, [7, 3], 5));
  assert.deepEqual(counts, [3, 2, 2, 1, 2]);
  assert.equal(messagesTo(0, [5, 6, 7], 1), 18);
});
