import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph, GraphNode } from '@cauldron/broker/admin-api';
import { exampleGraph } from './example-graph.ts';
import { Scene } from './scene.ts';

const node = (id: string): GraphNode => {
  const [kind = '', label = ''] = id.split(':', 2);
  return { id, kind: kind as GraphNode['kind'], label, size: 1, rate: 0, online: true };
};

const graph = (nodes: readonly string[], edges: readonly (readonly [string, string, number])[]): Graph => ({
  nodes: nodes.map(node),
  edges: edges.map(([from, to, rate]) => ({ from, to, rate })),
  clients: 0,
  topics: 0,
});

test('only other nodes and edges are a change, other rates are not', () => {
  const scene = new Scene();
  const first = exampleGraph(5, 5);
  assert.equal(scene.update(first), true);
  const links = scene.links;
  const body = scene.bodies[0];
  const faster = first.edges.map((edge) => ({ ...edge, rate: edge.rate * 1.2 }));
  assert.equal(scene.update({ ...first, edges: faster }), false);
  assert.equal(scene.bodies[0], body);
  assert.deepEqual(
    scene.links.map(({ rate }) => rate),
    faster.map(({ rate }) => rate),
  );
  assert.deepEqual(scene.links, links);
  assert.equal(scene.update({ ...first, edges: first.edges.slice(1) }), true);
  assert.equal(scene.update({ ...first, nodes: first.nodes.slice(1) }), true);
  assert.ok(scene.links.every(({ from, to }) => scene.body(from.id) === from && scene.body(to.id) === to));
});

test('a client stands where most of its messages go, and does not jump when both are about as many', () => {
  const scene = new Scene();
  const nodes = ['client:a', 'topic:t'];
  const at = (out: number, back: number) => {
    scene.update(
      graph(nodes, [
        ['client:a', 'topic:t', out],
        ['topic:t', 'client:a', back],
      ]),
    );
    return scene.body('client:a')!.column;
  };
  assert.equal(at(1, 10), 1);
  assert.equal(at(10, 9), 1);
  assert.equal(at(10, 1), -1);
  assert.equal(at(10, 11), -1);
  assert.equal(scene.body('topic:t')!.column, 0);
});

test('two edges of the same two nodes are bent apart', () => {
  const scene = new Scene();
  scene.update(
    graph(
      ['client:a', 'topic:t', 'topic:u'],
      [
        ['client:a', 'topic:t', 1],
        ['topic:t', 'client:a', 1],
        ['client:a', 'topic:u', 1],
      ],
    ),
  );
  assert.deepEqual(
    scene.links.map(({ bend }) => bend > 0),
    [true, true, false],
  );
});

test('an edge to a node that is not there is left out', () => {
  const scene = new Scene();
  scene.update(graph(['client:a'], [['client:a', 'topic:gone', 1]]));
  assert.deepEqual(scene.links, []);
});
