import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filterCovers, filtersOverlap } from './filter-relations.ts';
import { matchTopic } from './topic.ts';

const LITERALS = ['a', '', '$s'];
/** Levels of the topics that are tried: one more than filters name, so that '+' never looks like a literal. */
const LEVELS = [...LITERALS, 'z', '$z'];

function sequences(levels: readonly string[], longest: number): string[][] {
  const found: string[][] = [];
  for (let shorter: string[][] = [[]], length = 1; length <= longest; length++) {
    shorter = shorter.flatMap((start) => levels.map((level) => [...start, level]));
    found.push(...shorter);
  }
  return found;
}

/** One level deeper than the filters, so that '#' has something to match that nothing else does. */
const TOPICS = sequences(LEVELS, 4)
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '');
const FILTERS = [
  '#',
  ...sequences([...LITERALS, '+'], 3).flatMap((levels) => [
    levels.join('/'),
    ...(levels.length < 3 ? [`${levels.join('/')}/#`] : []),
  ]),
].filter((filter) => filter !== '');
const MATCHED = new Map(
  FILTERS.map((filter) => [filter, new Set(TOPICS.filter((topic) => matchTopic(filter, topic)))]),
);

test('two filters overlap exactly where some topic matches both, for every pair of small filters [MQTT-4.7.2-1]', () => {
  for (const a of FILTERS) {
    for (const b of FILTERS) {
      assert.equal(
        filtersOverlap(a, b),
        [...MATCHED.get(a)!].some((topic) => MATCHED.get(b)!.has(topic)),
        `${a} ${b}`,
      );
    }
  }
});

test('a filter covers another exactly where every topic of that one matches it, for every pair of small filters [MQTT-4.7.2-1]', () => {
  for (const a of FILTERS) {
    for (const b of FILTERS) {
      assert.equal(
        filterCovers(a, b),
        [...MATCHED.get(b)!].every((topic) => MATCHED.get(a)!.has(topic)),
        `${a} ${b}`,
      );
    }
  }
});

const level = fc.constantFrom('a', 'b', '', '$s', 'ab', '+');
const filters = fc
  .tuple(fc.array(level, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '');
const topics = fc
  .array(fc.constantFrom('a', 'b', '', '$s', 'ab'), { minLength: 1, maxLength: 6 })
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '');

test('no topic contradicts what is said of longer filters', () => {
  fc.assert(
    fc.property(filters, filters, topics, (a, b, topic) => {
      const inA = matchTopic(a, topic);
      const inB = matchTopic(b, topic);
      if (inA && inB) assert(filtersOverlap(a, b), `${a} and ${b} share ${topic}`);
      if (inB && !inA) assert(!filterCovers(a, b), `${topic} is in ${b} and not in ${a}`);
      assert.equal(filtersOverlap(a, b), filtersOverlap(b, a));
      if (filterCovers(a, b)) assert(filtersOverlap(a, b));
    }),
    { numRuns: 5000, seed: 7 },
  );
});

test("'#' stands for the parent level in both relations", () => {
  assert(filtersOverlap('a/#', 'a'));
  assert(filterCovers('a/#', 'a'));
  assert(!filterCovers('a/+/#', 'a/#'));
  assert(filterCovers('+/#', '#'));
});
