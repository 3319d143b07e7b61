import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EdgeTable } from './edge-table.ts';

const level = fc.constantFrom('+', 'a', 'b', 'c', '', 'd', 'e');
const filter = fc
  .tuple(fc.array(level, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([levels, multi]) => [...levels, ...(multi ? ['#'] : [])].join('/'));

/** The nodes a set of filters needs: one for each of their beginnings. */
function beginnings(filters: Iterable<string>): Set<string> {
  const all = new Set<string>();
  for (const one of filters) {
    const levels = one.split('/');
    for (let n = 1; n <= levels.length; n++) all.add(levels.slice(0, n).join('/'));
  }
  return all;
}

test('after any insertions and prunings, every filter that is wanted has a node of its own and nothing else has one', () => {
  const change = fc.record({ wanted: filter, keep: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
      const edges = new EdgeTable();
      const wantedAt = new Map<string, number>();
      for (const { wanted, keep } of changes) {
        if (keep) {
          const node = edges.insert(wanted);
          assert.equal(wantedAt.get(wanted) ?? node, node);
          wantedAt.set(wanted, node);
        } else {
          wantedAt.delete(wanted);
          const kept = new Set(wantedAt.values());
          edges.prune(wanted, (node) => kept.has(node));
        }
      }
      assert.equal(new Set(wantedAt.values()).size, wantedAt.size);
      for (const [wanted, node] of wantedAt) assert.equal(edges.find(wanted), node);
      const needed = beginnings(wantedAt.keys());
      assert.equal(edges.size, needed.size);
      for (const { wanted } of changes) assert.equal(edges.find(wanted) !== 0, needed.has(wanted), wanted);
    }),
    { numRuns: 100 },
  );
});

test('nodes and levels of removed filters are used again, so churn does not make the table grow', () => {
  const edges = new EdgeTable();
  const nodes = new Set<number>();
  edges.insert('stays/+');
  for (let i = 0; i < 5000; i++) {
    nodes.add(edges.insert(`churn/${i}/+/x${i}`));
    assert.equal(edges.size, 6);
    edges.prune(`churn/${i}/+/x${i}`, () => false);
    assert.equal(edges.find(`churn/${i}/+`), 0);
    assert.equal(edges.size, 2);
  }
  assert.ok(nodes.size <= 8, `${nodes.size} node numbers were used`);
  assert.notEqual(edges.find('stays/+'), 0);
});

test('literal levels and wildcards lead to nodes of their own, and a level that no filter has leads nowhere', () => {
  const edges = new EdgeTable();
  const nodes = ['+', '#', 'a', 'a/b'].map((one) => edges.insert(one));
  assert.equal(new Set(nodes).size, 4);
  assert.equal(edges.single(0), nodes[0]);
  assert.equal(edges.multi(0), nodes[1]);
  assert.equal(edges.child(0, edges.levelId('a')), nodes[2]);
  assert.equal(edges.child(nodes[2]!, edges.levelId('b')), nodes[3]);
  assert.equal(edges.child(nodes[2]!, edges.levelId('a')), 0);
  assert.equal(edges.levelId('never'), 0);
  assert.equal(edges.child(0, edges.levelId('never')), 0);
});

test('many filters are all found again, and pruning every second one leaves the others', () => {
  const edges = new EdgeTable();
  const all = Array.from({ length: 20_000 }, (_, i) => `site/${i % 100}/device/${i}/+`);
  const nodes = all.map((one) => edges.insert(one));
  for (const [i, one] of all.entries()) if (i % 2 === 0) edges.prune(one, () => false);
  for (const [i, one] of all.entries()) assert.equal(edges.find(one), i % 2 === 0 ? 0 : nodes[i], one);
});
