import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, neighborsOf } from './neighbors.ts';

const node = (id: string, kind: 'client' | 'topic' | 'clients') => ({
  id,
  kind,
  label: id,
  size: 3,
  rate: 0,
  online: true,
});

test('whom a node gets messages from and whom it sends them to, the busiest first', () => {
  const graph = {
    nodes: [node('a', 'client'), node('b', 'client'), node('t', 'topic')],
    edges: [
      { from: 'a', to: 't', rate: 1 },
      { from: 'b', to: 't', rate: 5 },
      { from: 't', to: 'a', rate: 2 },
      { from: 't', to: 'gone', rate: 9 },
    ],
    clients: 2,
    topics: 1,
  };
  const { from, to } = neighborsOf(graph, 't');
  assert.deepEqual(
    from.map(({ node, rate }) => [node.id, rate]),
    [
      ['b', 5],
      ['a', 1],
    ],
  );
  assert.deepEqual(
    to.map(({ node }) => node.id),
    ['a'],
  );
});

test('a group says how many are in it', () => {
  assert.equal(describe({ ...node('g', 'clients'), size: 2000 }), '2,000 clients');
  assert.equal(describe({ ...node('c', 'client'), online: false }), 'Client, not connected');
});
