import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleGraph } from './example-graph.ts';
import { Layout } from './layout.ts';
import { Scene } from './scene.ts';
import { nodeToward } from './toward.ts';

test('arrow keys lead to nodes in their direction, and to every node in the end', () => {
  const scene = new Scene();
  scene.update(exampleGraph(12, 10));
  const layout = new Layout();
  layout.arrange(scene.bodies, 1.6);
  layout.settle();
  const first = nodeToward(scene.bodies, null, 'left')!;
  const reached = new Set([first]);
  for (const body of reached) {
    for (const direction of ['left', 'right', 'up', 'down'] as const) {
      const next = nodeToward(scene.bodies, body, direction);
      if (next === undefined) continue;
      if (direction === 'left') assert.ok(next.x < body.x);
      if (direction === 'down') assert.ok(next.y > body.y);
      reached.add(next);
    }
  }
  assert.equal(reached.size, scene.bodies.length);
});

test('where there is nothing, no key leads anywhere', () => {
  assert.equal(nodeToward([], null, 'up'), undefined);
});
