/** Who talks to whom about what: `/api/v1/graph`. */
import { z } from 'zod';
import { count } from './common.ts';

export const graphView = z.strictObject({
  /** Most nodes; what is beyond is put into groups. */
  limit: z.number().int().min(10).max(200).default(200),
  /** Only topics that match this filter. */
  filter: z.string().max(65_535).default('#'),
  /** Groups that are open, by their id. */
  open: z.array(z.string()).max(200).default([]),
});

export const graphNode = z.object({
  /** `client:ID`, `topic:NAME`, `clients:PREFIX`, `topics:PREFIX`. */
  id: z.string(),
  kind: z.enum(['client', 'topic', 'clients', 'topics']),
  /** What is written on it. */
  label: z.string(),
  /** Clients or topics in a group, otherwise 1. */
  size: count,
  /** Messages a second through it. */
  rate: z.number(),
  /** Of a client: connected. */
  online: z.boolean(),
});

/** Messages run from `from` to `to`: publisher to topic, topic to subscriber. */
export const graphEdge = z.object({
  from: z.string(),
  to: z.string(),
  /** Messages a second; 0 = a subscription through which nothing comes now. */
  rate: z.number(),
});

export const graph = z.object({
  nodes: z.array(graphNode),
  edges: z.array(graphEdge),
  /** Clients and topics there are behind it. */
  clients: count,
  topics: count,
});

export type GraphView = z.input<typeof graphView>;
export type GraphNode = z.output<typeof graphNode>;
export type GraphEdge = z.output<typeof graphEdge>;
export type Graph = z.output<typeof graph>;
