import type { Graph, GraphEdge, GraphNode } from '@cauldron/broker/admin-api';

/** A graph for tests: sensors that publish, displays that get it. @param seed the same graph for the same number */
export function exampleGraph(topics: number, clients: number, seed = 1): Graph {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x1_0000_0000;
  };
  const node = (kind: GraphNode['kind'], name: string): GraphNode => ({
    id: `${kind}:${name}`,
    kind,
    label: name,
    size: 1,
    rate: random() * 20,
    online: true,
  });
  const all = Array.from({ length: topics }, (_, i) => node('topic', `plant/line-${i % 7}/sensor-${i}/temperature`));
  const people = Array.from({ length: clients }, (_, i) => node('client', `device-${i}`));
  const edges = new Map<string, GraphEdge>();
  const link = (from: GraphNode, to: GraphNode): void => {
    edges.set(`${from.id} ${to.id}`, { from: from.id, to: to.id, rate: random() * 8 });
  };
  for (const [i, client] of people.entries()) {
    for (let n = 0; n < 3 && topics > 0; n++) {
      const topic = all[Math.floor(random() * topics)]!;
      if (i % 5 < 3) link(client, topic);
      else link(topic, client);
    }
  }
  return { nodes: [...all, ...people], edges: [...edges.values()], clients, topics };
}
