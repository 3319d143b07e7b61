import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hasWildcard,
  isShared,
  matchTopic,
  parseSharedFilter,
  topicFilterProblem,
  topicLevels,
  topicNameProblem,
} from './topic.ts';

/** The rules of section 4.7, level by level, as plainly as they can be written. */
function naiveMatch(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length) return false;
    if (level !== '+' && level !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

/** As above with the parent level that '#' also stands for. */
function reference(filter: string, topic: string): boolean {
  return naiveMatch(filter, topic) || (filter.endsWith('/#') && naiveMatch(filter.slice(0, -2), topic));
}

const level = fc.constantFrom('a', 'b', '', '$s', 'ab');
const topics = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '');
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '');

test('matching agrees with a naive matcher that goes level by level [MQTT-4.7.2-1]', () => {
  fc.assert(
    fc.property(filters, topics, (filter, topic) => {
      assert.equal(topicFilterProblem(filter), undefined);
      assert.equal(matchTopic(filter, topic), reference(filter, topic), `${filter} ${topic}`);
    }),
    { numRuns: 5000, seed: 5 },
  );
});

test('the examples of section 4.7 match as the specification says', () => {
  const yes = [
    ['sport/tennis/player1/#', 'sport/tennis/player1'],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking'],
    ['sport/#', 'sport'],
    ['#', 'a/b/c'],
    ['sport/tennis/+', 'sport/tennis/player1'],
    ['sport/+', 'sport/'],
    ['+/+', '/finance'],
    ['/+', '/finance'],
    ['+/#', 'a'],
    ['$SYS/#', '$SYS/broker'],
    ['$SYS/monitor/+', '$SYS/monitor/Clients'],
  ] as const;
  const no = [
    ['sport/tennis/+', 'sport/tennis/player1/ranking'],
    ['sport/+', 'sport'],
    ['+', '/finance'],
    ['ACCOUNTS', 'Accounts'],
    ['/a', 'a'],
    ['a/#', 'ab'],
    ['a', 'a/'],
  ] as const;
  for (const [filter, topic] of yes) assert(matchTopic(filter, topic), `${filter} ${topic}`);
  for (const [filter, topic] of no) assert(!matchTopic(filter, topic), `${filter} ${topic}`);
});

test('a filter that starts with a wildcard matches no topic that starts with $ [MQTT-4.7.2-1]', () => {
  for (const filter of ['#', '+/#', '+', '+/broker', '+/+']) assert(!matchTopic(filter, '$SYS/broker'), filter);
  assert(matchTopic('a/+', 'a/$b'));
});

test('topics are compared unit by unit, without normalisation [MQTT-4.7.3-4]', () => {
  assert(!matchTopic('caf\u00e9', 'cafe\u0301'));
  assert(!matchTopic('a', 'A'));
  assert(matchTopic('caf\u00e9/+', 'caf\u00e9/x'));
});

test('topic names with a wildcard are refused [MQTT-4.7.0-1]', () => {
  for (const topic of ['+', '#', 'a/+', 'a/#', 'a+b', 'a#']) assert.match(topicNameProblem(topic)!, /wildcard/);
  for (const topic of ['a', '/', 'a//b', '$SYS/x', ' ', 'ü/🍲', '\ufeff'])
    assert.equal(topicNameProblem(topic), undefined);
});

test('empty topic names and filters are refused [MQTT-4.7.3-1]', () => {
  assert.match(topicNameProblem('')!, /empty/);
  assert.match(topicFilterProblem('')!, /empty/);
});

test('topic names and filters with a null character are refused [MQTT-4.7.3-2]', () => {
  assert.match(topicNameProblem('a\0b')!, /null character/);
  assert.match(topicFilterProblem('\0')!, /null character/);
});

test('topic names and filters take at most 65,535 bytes of UTF-8 [MQTT-4.7.3-3]', () => {
  for (const problem of [topicNameProblem, topicFilterProblem]) {
    assert.equal(problem('x'.repeat(65_535)), undefined);
    assert.match(problem('x'.repeat(65_536))!, /65536 bytes/);
    assert.equal(problem('€'.repeat(21_845)), undefined);
    assert.match(problem(`${'€'.repeat(21_845)}x`)!, /65536 bytes/);
  }
});

test('text that is no valid Unicode is neither a topic name nor a filter', () => {
  assert.match(topicNameProblem('a/\ud800')!, /surrogate/);
  assert.match(topicFilterProblem('\udc00/#')!, /surrogate/);
});

test('# stands alone in the last level only [MQTT-4.7.1-1]', () => {
  for (const filter of ['#', 'a/#', '/#', '+/#', 'a//#']) assert.equal(topicFilterProblem(filter), undefined, filter);
  for (const filter of ['a#', 'a/#b', '#/', '#/a', 'a/#/b', '##', '/a#']) assert(topicFilterProblem(filter), filter);
});

test('+ takes a whole level anywhere [MQTT-4.7.1-2]', () => {
  for (const filter of ['+', '+/a', 'a/+', 'a/+/b', '/+', '+/', '+/+']) {
    assert.equal(topicFilterProblem(filter), undefined, filter);
  }
  for (const filter of ['a+', '+a', 'a/b+/c', '++', 'a/+b', '+#']) assert(topicFilterProblem(filter), filter);
});

test('a shared subscription starts with $share/ and a group of at least one character [MQTT-4.8.2-1]', () => {
  assert.deepEqual(parseSharedFilter('$share/g/a/#'), { group: 'g', filter: 'a/#' });
  assert.deepEqual(parseSharedFilter('$share/g//a'), { group: 'g', filter: '/a' });
  for (const filter of ['$share//a', '$share/']) {
    assert.match(topicFilterProblem(filter)!, /group/, filter);
    assert.equal(parseSharedFilter(filter), undefined);
  }
  for (const filter of ['a', '$share', '$shared/g/a', 'share/g/a', '$SHARE/g/a']) {
    assert.equal(topicFilterProblem(filter), undefined, filter);
    assert.equal(isShared(filter), false);
    assert.equal(parseSharedFilter(filter), undefined);
  }
});

test("a shared subscription's group has no wildcard and is followed by a topic filter [MQTT-4.8.2-2]", () => {
  for (const filter of ['$share/g+/a', '$share/#/a', '$share/+/a', '$share/g', '$share/g/', '$share/#']) {
    assert(topicFilterProblem(filter), filter);
    assert.equal(parseSharedFilter(filter), undefined, filter);
  }
  assert.match(topicFilterProblem('$share/g/a/#/b')!, /last level/);
});

test('wildcards are found wherever they stand', () => {
  for (const filter of ['#', '+', 'a/+/b', 'a/#']) assert(hasWildcard(filter));
  for (const filter of ['a', '/', '$SYS/x']) assert(!hasWildcard(filter));
});

test('a topic has one level more than slashes', () => {
  for (const [topic, levels] of [
    ['a', 1],
    ['/', 2],
    ['a/b', 2],
    ['//', 3],
    ['a/b/', 3],
  ] as const) {
    assert.equal(topicLevels(topic), levels, topic);
  }
});
