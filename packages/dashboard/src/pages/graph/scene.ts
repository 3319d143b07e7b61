import type { Graph, GraphNode } from '@cauldron/broker/admin-api';

/** Where a node stands: publishers left, topics in the middle, subscribers right, so that messages run to the right. */
export type Column = -1 | 0 | 1;

/** A node of the graph, and where it is. */
export interface Body {
  readonly id: string;
  node: GraphNode;
  column: Column;
  /** World units, which are pixels at a zoom of 1. */
  x: number;
  y: number;
  /** World units a step. */
  vx: number;
  vy: number;
  radius: number;
  neighbors: readonly Body[];
}

/** Messages run from one node to another. */
export interface Link {
  readonly key: string;
  readonly from: Body;
  readonly to: Body;
  /** Messages a second. */
  rate: number;
  /** From a client into a topic; otherwise out of one. */
  readonly publishes: boolean;
  /** World units by which it is bent, where another one runs the other way. */
  readonly bend: number;
}

/** A number from 0 to 1 that is always the same for a text (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // The last rounds of murmur3, since texts that differ at their end are near to each other otherwise.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

export const isGroup = ({ kind }: Pick<GraphNode, 'kind'>): boolean => kind === 'clients' || kind === 'topics';
export const isTopic = ({ kind }: Pick<GraphNode, 'kind'>): boolean => kind === 'topic' || kind === 'topics';

/** World units. Groups are larger, by how many are in them. */
function radiusOf({ kind, size, rate }: GraphNode): number {
  const base = kind === 'topic' ? 7 : 8;
  if (size > 1) return Math.min(30, 13 + Math.log2(size) * 1.6);
  return base + Math.min(5, Math.log2(1 + rate));
}

/** How far one side has to outweigh the other before a client changes it: otherwise it would jump with each moment. */
const CHANGES_SIDE = 1.6;
const BEND = 16;

/** What the broker says the graph is, as bodies that keep their places from one answer to the next. */
export class Scene {
  bodies: readonly Body[] = [];
  links: readonly Link[] = [];
  readonly #byId = new Map<string, Body>();
  #links = new Map<string, Link>();

  body(id: string): Body | undefined {
    return this.#byId.get(id);
  }

  /** Takes a new answer in. @returns whether there are other nodes or edges than before, or some changed sides */
  update({ nodes, edges }: Graph): boolean {
    const known = new Set(nodes.map(({ id }) => id));
    const isGone = [...this.#byId.keys()].filter((id) => !known.has(id));
    for (const id of isGone) this.#byId.delete(id);
    const fresh = nodes.filter(({ id }) => !this.#byId.has(id));
    for (const node of nodes) this.#put(node);
    this.bodies = nodes.map(({ id }) => this.#byId.get(id)!);
    const isRelinked = this.#link(edges.filter(({ from, to }) => known.has(from) && known.has(to)));
    const isMoved = this.#chooseSides();
    for (const { id } of fresh) place(this.#byId.get(id)!, this.bodies.length > fresh.length);
    return fresh.length > 0 || isGone.length > 0 || isRelinked || isMoved;
  }

  #put(node: GraphNode): void {
    const old = this.#byId.get(node.id);
    if (old !== undefined) {
      old.node = node;
      old.radius = radiusOf(node);
      return;
    }
    const column = isTopic(node) ? 0 : -1;
    const rest = { x: 0, y: 0, vx: 0, vy: 0, radius: radiusOf(node), neighbors: [] };
    this.#byId.set(node.id, { id: node.id, node, column, ...rest });
  }

  #link(edges: Graph['edges']): boolean {
    const keys = new Set(edges.map(({ from, to }) => keyOf(from, to)));
    const links = new Map<string, Link>();
    let isNew = false;
    for (const { from, to, rate } of edges) {
      const key = keyOf(from, to);
      const [a, b] = [this.#byId.get(from)!, this.#byId.get(to)!];
      const bend = keys.has(keyOf(to, from)) ? BEND : 0;
      const old = this.#links.get(key);
      const same = old !== undefined && old.from === a && old.to === b && old.bend === bend;
      if (same) old.rate = rate;
      else isNew = true;
      links.set(key, same ? old : { key, from: a, to: b, rate, publishes: isTopic(b.node), bend });
    }
    const changed = isNew || links.size !== this.#links.size;
    this.#links = links;
    this.links = [...links.values()];
    if (changed) this.#meet();
    return changed;
  }

  #meet(): void {
    const met = new Map<Body, Set<Body>>(this.bodies.map((body) => [body, new Set()]));
    for (const { from, to } of this.links) {
      met.get(from)!.add(to);
      met.get(to)!.add(from);
    }
    for (const [body, neighbors] of met) body.neighbors = [...neighbors];
  }

  /** Clients stand left where more goes out of them than comes in, otherwise right. */
  #chooseSides(): boolean {
    const sums = new Map<Body, { out: number; in: number }>();
    for (const { from, to, rate, publishes } of this.links) {
      const client = publishes ? from : to;
      const sum = sums.get(client) ?? { out: 0, in: 0 };
      sums.set(client, sum);
      sum[publishes ? 'out' : 'in'] += rate + 0.05; // who may get messages is a subscriber, too
    }
    let changed = false;
    for (const [body, sum] of sums) {
      const wanted = sum.in > sum.out * CHANGES_SIDE ? 1 : sum.out > sum.in * CHANGES_SIDE ? -1 : body.column;
      if (wanted !== body.column) changed = true;
      body.column = wanted;
    }
    return changed;
  }
}

const keyOf = (from: string, to: string): string => `${from}\n${to}`;

/** A new node begins beside those it is linked with, so that it need not fly through the picture. */
function place(body: Body, amongOthers: boolean): void {
  const jitter = hashOf(body.id) - 0.5;
  const known = body.neighbors.filter(({ x, y }) => x !== 0 || y !== 0);
  body.y = known.length === 0 ? jitter * (amongOthers ? 300 : 600) : meanY(known) + jitter * 40;
  body.x = body.column * 320 + (hashOf(`${body.id} x`) - 0.5) * 60;
}

const meanY = (bodies: readonly Body[]): number =>
  bodies.reduce((sum, { y }) => sum + y, 0) / Math.max(1, bodies.length);
