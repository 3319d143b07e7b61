import type { BrokerCore } from '@cauldron/core';
import type { z } from 'zod';
import type * as schema from '../../schema/index.ts';
import type { Graph, GraphEdge, GraphNode } from '../../schema/index.ts';
import type { TopicRecord } from '../topic-node.ts';
import type { TopicTree } from '../topic-tree.ts';
import { type ClientUnit, groupClients } from './client-groups.ts';
import { filterTopics } from './filtered-tree.ts';
import { type Link, LinkSearch } from './links.ts';
import { cutTopics, type TopicUnit, weightOf } from './topic-units.ts';

type View = z.output<typeof schema.graphView>;

/** Clients that are looked at: beyond it, those with nothing to do in the graph are not counted. */
const CLIENTS = 20_000;
/** Views whose groups are remembered, so that they stay as they are from one look to the next. */
const VIEWS = 8;
/** So many clients are grouped afresh at most every so many milliseconds, or when a new one has something to do. */
const MANY_CLIENTS = 500;
const GROUPS_HOLD = 3000;
/** Milliseconds for which an answer holds: several pages ask for the same. */
const FRESH = 300;

/** What a view looked like the last time. */
interface Remembered {
  readonly key: string;
  /** Groups of topics that are open since there was room. */
  readonly opened: Set<string>;
  /** Stems of client identifiers that are together. */
  readonly closed: Set<string>;
  /** The units of clients as they were at `groupedAt`. */
  groups: ReadonlyMap<string, ClientUnit>;
  groupedAt: number;
  /** Room there was for them. */
  groupedFor: number;
  answer: Graph | null;
  answeredAt: number;
}

/**
 * Who talks to whom about what: clients and topics as nodes, at most so many, what is beyond in groups.
 *
 *     topics: cut through the tree --+--> links: publishers, subscribers --> clients: grouped by how they are called
 *                                                                       \--> edges between the units of both
 */
export class TrafficGraph {
  readonly #core: BrokerCore;
  #views: Remembered[] = [];

  constructor(core: BrokerCore) {
    this.#core = core;
  }

  /**
   * @param tree the topics that are known; null = nobody watches
   * @param active topics in which something moved lately
   * @param now milliseconds
   */
  look(tree: TopicTree | null, active: Iterable<TopicRecord>, view: View, now: number): Graph {
    const remembered = this.#remembered(view);
    if (remembered.answer !== null && now - remembered.answeredAt < FRESH) return remembered.answer;
    remembered.answer = tree === null ? nothing : this.#draw(tree, active, view, remembered, now);
    remembered.answeredAt = now;
    return remembered.answer;
  }

  /** Nobody watches any more. */
  forget(): void {
    this.#views = [];
  }

  #remembered(view: View): Remembered {
    const key = JSON.stringify([view.limit, view.filter, [...view.open].sort()]);
    let found = this.#views.find((one) => one.key === key);
    found ??= forgotten(key);
    this.#views = [found, ...this.#views.filter((one) => one !== found)].slice(0, VIEWS);
    return found;
  }

  #draw(tree: TopicTree, active: Iterable<TopicRecord>, view: View, remembered: Remembered, now: number): Graph {
    const { limit } = view;
    const open = new Set(view.open);
    const { root, topics, recordOf } = filterTopics(tree, view.filter, now);
    const whole = view.filter === '#';
    // Each side gets half of the room, and what the other one leaves of its half.
    const forTopics = Math.max(Math.ceil(limit / 2), whole ? limit - this.#core.metrics.clientsConnected : 0);
    const units = cutTopics(root, { limit: forTopics, open, opened: remembered.opened });
    const moving = [...active].map(recordOf).filter((record) => record !== undefined);
    const links = new LinkSearch(this.#core, units, now).find(moving);
    const clients = this.#clients(remembered, whole, links, limit - units.length, open, now);
    return {
      nodes: [...units.map((unit) => topicNode(unit, now)), ...this.#clientNodes(clients, links)],
      edges: edgesOf(links, clients),
      clients: clients.size,
      topics,
    };
  }

  /** The unit of each client that has a link, and of everybody who is connected where the graph shows everything. */
  #clients(
    remembered: Remembered,
    whole: boolean,
    links: readonly Link[],
    room: number,
    open: ReadonlySet<string>,
    now: number,
  ): ReadonlyMap<string, ClientUnit> {
    const { groups, groupedAt, groupedFor, closed } = remembered;
    const fresh = groups.size >= MANY_CLIENTS && now - groupedAt < GROUPS_HOLD && groupedFor === room;
    if (fresh && links.every(({ clientId }) => groups.has(clientId))) return groups;
    const everybody = whole ? this.#connected() : new Set<string>();
    for (const { clientId } of links) everybody.add(clientId);
    remembered.groups = groupClients([...everybody], room, open, closed);
    remembered.groupedAt = now;
    remembered.groupedFor = room;
    return remembered.groups;
  }

  #connected(): Set<string> {
    const found = new Set<string>();
    for (const { clientId, connection } of this.#core.sessions.values()) {
      if (found.size >= CLIENTS) break;
      if (connection !== null) found.add(clientId);
    }
    return found;
  }

  #clientNodes(clients: ReadonlyMap<string, ClientUnit>, links: readonly Link[]): GraphNode[] {
    const rates = new Map<ClientUnit, number>();
    for (const { clientId, rate } of links) {
      const unit = clients.get(clientId)!;
      rates.set(unit, (rates.get(unit) ?? 0) + rate);
    }
    const online = new Set<ClientUnit>();
    for (const [clientId, unit] of clients) {
      if ((this.#core.sessions.get(clientId)?.connection ?? null) !== null) online.add(unit);
    }
    return [...new Set(clients.values())].map((unit) => {
      const { id, kind, label, size } = unit;
      return { id, kind, label, size, rate: rounded(rates.get(unit) ?? 0), online: online.has(unit) };
    });
  }
}

const forgotten = (key: string): Remembered => ({
  key,
  opened: new Set(),
  closed: new Set(),
  groups: new Map(),
  groupedAt: 0,
  groupedFor: 0,
  answer: null,
  answeredAt: 0,
});

const nothing: Graph = { nodes: [], edges: [], clients: 0, topics: 0 };

function topicNode(unit: TopicUnit, now: number): GraphNode {
  const { size, rate } = weightOf(unit, now);
  const single = unit.kind === 'topic';
  const [kind, label] = single ? (['topic', unit.record.key] as const) : (['topics', unit.label] as const);
  return { id: unit.id, kind, label, size, rate: rounded(rate), online: true };
}

function edgesOf(links: readonly Link[], clients: ReadonlyMap<string, ClientUnit>): GraphEdge[] {
  const edges = new Map<string, { from: string; to: string; rate: number }>();
  for (const { unit, clientId, outward, rate } of links) {
    const client = clients.get(clientId)!.id;
    const [from, to] = outward ? [unit.id, client] : [client, unit.id];
    const key = `${from}\n${to}`;
    const edge = edges.get(key);
    if (edge === undefined) edges.set(key, { from, to, rate });
    else edge.rate += rate;
  }
  return [...edges.values()].map(({ from, to, rate }) => ({ from, to, rate: rounded(rate) }));
}

const rounded = (rate: number): number => Math.round(rate * 100) / 100;
