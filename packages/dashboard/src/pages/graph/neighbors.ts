import type { Graph, GraphNode } from '@cauldron/broker/admin-api';

/** A node at the other end of an edge. */
export interface Neighbor {
  readonly node: GraphNode;
  /** Messages a second. */
  readonly rate: number;
}

export interface Neighbors {
  /** From where messages come to the node. */
  readonly from: readonly Neighbor[];
  /** Where they go from it. */
  readonly to: readonly Neighbor[];
}

/** Whom a node is linked with, the busiest first. */
export function neighborsOf({ nodes, edges }: Graph, id: string): Neighbors {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const list = (end: 'from' | 'to', other: 'from' | 'to'): Neighbor[] =>
    edges
      .filter((edge) => edge[end] === id)
      .flatMap((edge) => {
        const node = byId.get(edge[other]);
        return node === undefined ? [] : [{ node, rate: edge.rate }];
      })
      .sort((a, b) => b.rate - a.rate || (a.node.label < b.node.label ? -1 : 1));
  return { from: list('to', 'from'), to: list('from', 'to') };
}

/** What a group stands for, as a person says it. */
export function describe({ kind, size, online }: GraphNode): string {
  if (kind === 'topic') return 'Topic';
  if (kind === 'client') return online ? 'Client' : 'Client, not connected';
  return `${size.toLocaleString('en-US')} ${kind}`;
}
