import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleGraph } from './example-graph.ts';
import { Layout } from './layout.ts';
import { Scene } from './scene.ts';

function settled(topics: number, clients: number, seed = 1): Scene {
  const scene = new Scene();
  const layout = new Layout();
  scene.update(exampleGraph(topics, clients, seed));
  layout.arrange(scene.bodies, 1.6);
  layout.settle();
  return scene;
}

const places = (scene: Scene): (readonly [string, number, number])[] => scene.bodies.map(({ id, x, y }) => [id, x, y]);

test('the same graph always gets the same picture', () => {
  assert.deepEqual(places(settled(40, 30)), places(settled(40, 30)));
});

test('it comes to rest soon, and stays there', () => {
  const scene = new Scene();
  const layout = new Layout();
  scene.update(exampleGraph(100, 100));
  layout.arrange(scene.bodies, 1.6);
  let steps = 0;
  while (layout.step()) steps += 1;
  assert.ok(steps > 10 && steps < 200, `${steps} steps`);
  const before = places(scene);
  layout.step();
  assert.deepEqual(places(scene), before);
});

test('nodes stand apart, whatever the graph', () => {
  for (const [topics, clients] of [
    [3, 2],
    [10, 5],
    [30, 30],
    [100, 100],
    [5, 195],
    [195, 5],
  ] as const) {
    for (const seed of [1, 2, 3]) {
      const { bodies } = settled(topics, clients, seed);
      for (const [i, a] of bodies.entries()) {
        assert.ok(Number.isFinite(a.x) && Number.isFinite(a.y));
        for (const b of bodies.slice(i + 1)) {
          const apart = Math.hypot(a.x - b.x, a.y - b.y);
          assert.ok(
            apart > 14,
            `${a.id} and ${b.id} are ${apart} apart; ${topics} topics, ${clients} clients, seed ${seed}`,
          );
        }
      }
    }
  }
});

test('publishers stand left of topics, and subscribers right of them', () => {
  for (const size of [4, 20, 100]) {
    const { links } = settled(size, size);
    for (const { from, to } of links) assert.ok(from.x < to.x - 60, `${from.id} at ${from.x}, ${to.id} at ${to.x}`);
  }
});

test('the picture has the shape of its window, however many nodes there are', () => {
  for (const size of [20, 60, 100]) {
    const { bodies } = settled(size, size);
    const width = Math.max(...bodies.map(({ x }) => x)) - Math.min(...bodies.map(({ x }) => x));
    const height = Math.max(...bodies.map(({ y }) => y)) - Math.min(...bodies.map(({ y }) => y));
    assert.ok(width / height > 0.8 && width / height < 3.2, `${size}: ${width} by ${height}`);
  }
});

test('a node more leaves the others about where they are', () => {
  const scene = new Scene();
  const layout = new Layout();
  const graph = exampleGraph(20, 15);
  scene.update(graph);
  layout.arrange(scene.bodies, 1.6);
  layout.settle();
  const before = new Map(scene.bodies.map(({ id, x, y }) => [id, { x, y }]));
  const node = { id: 'client:new', kind: 'client', label: 'new', size: 1, rate: 0, online: true } as const;
  const edge = { from: 'client:new', to: graph.nodes[0]!.id, rate: 1 };
  assert.ok(scene.update({ ...graph, nodes: [...graph.nodes, node], edges: [...graph.edges, edge] }));
  layout.arrange(scene.bodies, 1.6);
  layout.settle();
  const moves = scene.bodies.flatMap(({ id, x, y }) => {
    const old = before.get(id);
    return old === undefined ? [] : [Math.hypot(x - old.x, y - old.y)];
  });
  const mean = moves.reduce((sum, one) => sum + one, 0) / moves.length;
  assert.ok(mean < 40, `${mean} units on average`);
});
