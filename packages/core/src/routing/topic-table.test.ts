import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeUtf8 } from '@cauldron/protocol';
import fc from 'fast-check';
import { TopicTable } from './topic-table.ts';

test('a topic is found by its bytes wherever they lie, and by its name', () => {
  const table = new TopicTable(16, 12_345);
  const topic = table.add('straße/7');
  const bytes = encodeUtf8('xxstraße/7yy');
  assert.equal(table.find(bytes, 2, bytes.length - 2), topic);
  assert.equal(table.find(bytes, 1, bytes.length - 2), null);
  assert.equal(table.find(bytes, 2, bytes.length - 1), null);
  assert.equal(table.peek('straße/7'), topic);
  assert.equal(table.intern('straße/7'), topic);
  assert.equal(table.peek('strasse/7'), null);
  assert.equal(table.size, 1);
});

test('only $SYS and what lies below it is reserved', () => {
  const table = new TopicTable(16, 1);
  for (const name of ['$SYS', '$SYS/', '$SYS/broker']) assert.equal(table.add(name).reserved, true, name);
  for (const name of ['$SYSx', '$sys/a', 'a/$SYS', '$', '/$SYS']) assert.equal(table.add(name).reserved, false, name);
});

test('a full table evicts a topic that was not used since the hand last passed, and tells who kept it', () => {
  const table = new TopicTable(4, 1);
  const topics = ['a', 'b', 'c', 'd'].map((name) => table.add(name));
  const fifth = table.add('e');
  assert.equal(table.size, 4);
  assert.equal(topics.filter(({ evicted }) => evicted).length, 1);
  assert.equal(fifth.evicted, false);
  const [gone] = topics.filter(({ evicted }) => evicted);
  assert.equal(table.peek(gone!.name), null);
  // All marks are cleared now, except of what is used from here on.
  const kept = topics.filter(({ evicted }) => !evicted);
  table.peek(kept[0]!.name);
  table.add('f');
  assert.equal(kept[0]?.evicted, false);
});

test('a topic in use stays while many others come and go', () => {
  const table = new TopicTable(8, 7);
  const busy = table.add('busy');
  for (let i = 0; i < 1000; i++) {
    table.intern(`other/${i}`);
    assert.equal(table.peek('busy'), busy);
  }
  assert.equal(table.size, 8);
});

test('whatever is looked up in whatever order, every topic found is the right one and the table never outgrows its bound', () => {
  const name = fc.constantFrom(...Array.from({ length: 30 }, (_, i) => `t/${i}`));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 300 }), fc.integer(), (names, seed) => {
      const table = new TopicTable(8, seed);
      const alive = new Map<string, ReturnType<typeof table.intern>>();
      for (const wanted of names) {
        const known = alive.get(wanted);
        const topic = table.intern(wanted);
        assert.equal(topic.name, wanted);
        assert.equal(topic.evicted, false);
        if (known !== undefined && !known.evicted) assert.equal(topic, known);
        alive.set(wanted, topic);
        assert.ok(table.size <= 8);
      }
      const inTable = [...alive.values()].filter((topic) => !topic.evicted);
      assert.equal(inTable.length, table.size);
      for (const topic of inTable) assert.equal(table.peek(topic.name), topic);
    }),
    { numRuns: 100 },
  );
});
