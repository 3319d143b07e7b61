import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Flattening, type VisibleRow } from './flatten.ts';
import { topicsFrom } from './topic-list.ts';
import type { TopicNode } from './topic-node.ts';
import { TopicTree } from './topic-tree.ts';

const SEED = 7002;

const level = fc.constantFrom('', 'a', 'b', 'c', 'ab', 'z9');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));

function treeOf(topics: Iterable<string>): TopicTree {
  const tree = new TopicTree(1, 0);
  for (const name of topics) if (tree.get(name) === undefined) tree.add(name, 1, 0);
  return tree;
}

/** All rows that the open levels lead to, found the long way. */
function everyRow(root: TopicNode, open: ReadonlySet<string>, depth = 0): VisibleRow[] {
  const children = [...root.children].sort((a, b) => (a.key < b.key ? -1 : 1));
  return children.flatMap((node) => {
    const expanded = node.size > 0 && open.has(node.path);
    return [{ node, depth, expanded }, ...(expanded ? everyRow(node, open, depth + 1) : [])];
  });
}

test(`any part of the rows is what going through all of them gives (seed ${SEED})`, () => {
  const topics = fc.array(topic, { maxLength: 60 });
  fc.assert(
    fc.property(topics, topics, fc.nat(40), fc.integer({ min: 1, max: 40 }), (names, expanded, offset, limit) => {
      const tree = treeOf(names);
      const open = new Set(expanded.map((path) => tree.find(path)).filter((node) => node !== undefined));
      const flat = new Flattening(open);
      const all = everyRow(tree.users, new Set(expanded));
      assert.equal(flat.size(tree.users), all.length);
      assert.deepEqual(flat.rows([tree.users], offset, limit), all.slice(offset, offset + limit));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test(`topics that come and go leave a tree as if only those that stayed had come (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(topic, fc.boolean()), { maxLength: 100 }), (changes) => {
      const tree = new TopicTree(1, 0);
      const left = new Set<string>();
      for (const [name, comes] of changes) {
        const known = tree.get(name);
        if (comes && known === undefined) tree.add(name, 1, 0);
        else if (!comes && known !== undefined) tree.remove(known);
        if (comes) left.add(name);
        else left.delete(name);
      }
      const fresh = treeOf(left);
      const shape = (node: TopicNode): unknown => [node.key, node.topics, node.record?.key, node.children.map(shape)];
      assert.deepEqual(shape(tree.users), shape(fresh.users));
      assert.deepEqual(
        tree.records.map(({ index }) => index),
        tree.records.map((_, index) => index),
      );
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test(`pages of a list, one behind the other, are all topics that begin with a prefix, each once (seed ${SEED})`, () => {
  const prefix = fc.constantFrom('', 'a', 'a/', 'ab', 'a/b', '/', 'z9/a/');
  fc.assert(
    fc.property(fc.array(topic, { maxLength: 60 }), prefix, fc.integer({ min: 1, max: 7 }), (names, begins, size) => {
      const tree = treeOf(names);
      const listed: string[] = [];
      for (let after: string | null = null; ; ) {
        const page: string[] = [];
        for (const { key } of topicsFrom(tree, begins, after)) {
          page.push(key);
          if (page.length === size) break;
        }
        if (page.length === 0) break;
        listed.push(...page);
        after = page.at(-1)!;
      }
      const expected = new Set(names.filter((name) => name.startsWith(begins)));
      assert.equal(listed.length, expected.size);
      assert.deepEqual(new Set(listed), expected);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('a list goes on behind a topic that is gone', () => {
  const tree = treeOf(['a/1', 'a/2', 'a/3', 'b']);
  tree.remove(tree.get('a/2')!);
  assert.deepEqual(
    [...topicsFrom(tree, '', 'a/2')].map(({ key }) => key),
    ['a/3', 'b'],
  );
});

test('topics that begin with $ hang from a root of their own', () => {
  const tree = treeOf(['$SYS/broker/uptime', 'house']);
  assert.equal(tree.users.topics, 1);
  assert.equal(tree.system.topics, 1);
  assert.deepEqual(
    [...topicsFrom(tree, '$SYS', null)].map(({ key }) => key),
    ['$SYS/broker/uptime'],
  );
});
