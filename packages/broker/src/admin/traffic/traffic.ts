import type { BrokerCore } from '@cauldron/core';
import type { z } from 'zod';
import { invalidCursor } from '../problem.ts';
import type * as schema from '../schema/index.ts';
import type { Graph, Page, PublishResult, TopicRow, TopicRows, TopicValue } from '../schema/index.ts';
import type { FeedSource, TrafficService } from '../services.ts';
import { Feeds } from './feeds.ts';
import { Flattening } from './flatten.ts';
import { TrafficGraph } from './graph/traffic-graph.ts';
import { lastMessage, shownOf, topicValue } from './last-message.ts';
import { KEPT_UNWATCHED, LIST_LOOKED, PAYLOAD_KEPT, RELEASED_PER_TICK } from './limits.ts';
import { imageType } from './payload-kind.ts';
import { publishAsOperator } from './publishing.ts';
import { rateAt } from './rate.ts';
import { topicsFrom } from './topic-list.ts';
import type { TopicNode } from './topic-node.ts';
import { topicHas } from './topic-search.ts';
import { Watched } from './watched.ts';

export interface TrafficOptions {
  /** Most topics that are looked at (`dashboard.maxTopics`). */
  readonly maxTopics: number;
  /** Does something in a later turn of the loop, so that clients are served in between. Default: `setImmediate`. */
  readonly later?: (work: () => void) => void;
}

type View = z.output<typeof schema.topicsView>;

/** Topics and what is on them, looked at while somebody watches and a minute longer. */
export class Traffic implements TrafficService {
  readonly #core: BrokerCore;
  readonly #clock: () => number;
  readonly #options: TrafficOptions;
  readonly #later: (work: () => void) => void;
  readonly #feeds = new Feeds();
  readonly #follows = new Map<string, number>();
  readonly #graph: TrafficGraph;
  #watched: Watched | null = null;
  /** Watchings that are over, whose memory the core's topics still point at. */
  #over: Watched[] = [];
  #watchers = 0;
  #unwatchedSince = 0;
  #epoch = 0;
  #messages = 0;
  /** A turn is asked for. */
  #advancing = false;
  #whenLoaded: (() => void)[] = [];

  /** @param clock milliseconds since 1970 */
  constructor(core: BrokerCore, clock: () => number, options: TrafficOptions) {
    this.#core = core;
    this.#clock = clock;
    this.#options = options;
    this.#later = options.later ?? ((work) => setImmediate(work));
    this.#graph = new TrafficGraph(core);
  }

  /** To be called every 100 to 250 milliseconds. `now` in milliseconds since 1970. */
  tick(now: number): void {
    this.#over = this.#over.filter((watched) => watched.release(RELEASED_PER_TICK));
    const watched = this.#watched;
    if (watched === null) return;
    if (this.#watchers === 0 && now - this.#unwatchedSince >= KEPT_UNWATCHED) this.#end(watched);
    else watched.tick(now);
    this.#advance();
  }

  /** Stops watching, whoever still does: the broker closes. */
  close(): void {
    if (this.#watched !== null) this.#end(this.#watched);
  }

  #end(watched: Watched): void {
    this.#watched = null;
    this.#messages = watched.tap.messages;
    watched.end();
    this.#over.push(watched);
    this.#graph.forget();
    this.#loaded();
  }

  watch(): () => void {
    this.#watchers += 1;
    this.#begin();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#watchers -= 1;
      this.#unwatchedSince = this.#clock();
    };
  }

  #begin(): void {
    if (this.#watched !== null) return;
    this.#epoch += 1;
    this.#watched = new Watched({
      core: this.#core,
      clock: this.#clock,
      feeds: this.#feeds,
      maxTopics: this.#options.maxTopics,
      epoch: this.#epoch,
      messages: this.#messages,
      followers: (topic) => this.#follows.get(topic) ?? 0,
    });
    this.#advance();
  }

  loaded(): Promise<void> {
    if (this.#watched === null || this.#watched.loaded) return Promise.resolve();
    return new Promise((resolve) => this.#whenLoaded.push(resolve));
  }

  #loaded(): void {
    for (const resolve of this.#whenLoaded.splice(0)) resolve();
  }

  /** Goes on, turn by turn, with what goes through everything. */
  #advance(): void {
    if (this.#advancing || this.#watched?.busy !== true) return;
    this.#advancing = true;
    this.#later(() => {
      this.#advancing = false;
      this.#watched?.advance();
      if (this.#watched?.loaded === true) this.#loaded();
      this.#advance();
    });
  }

  view(view: View): TopicRows {
    const watched = this.#watched;
    if (watched === null) {
      return { rows: [], total: 0, offset: view.offset, topics: 0, truncated: false, searching: false, rate: 0 };
    }
    const { users, system } = watched.tree;
    const roots = view.system ? [users, system] : [users];
    const now = this.#clock();
    const found = view.search === '' ? this.#tree(watched, roots, view) : this.#found(watched, view, now);
    const rate = [...roots, watched.others].reduce((sum, root) => sum + rateAt(root, now), 0);
    return {
      ...found,
      offset: view.offset,
      topics: roots.reduce((sum, root) => sum + root.topics, 0),
      truncated: watched.truncated,
      rate: Math.round(rate * 100) / 100,
    };
  }

  #tree(watched: Watched, roots: readonly TopicNode[], view: View): Pick<TopicRows, 'rows' | 'total' | 'searching'> {
    const open = view.expanded.map((path) => watched.tree.find(path)).filter((node) => node !== undefined);
    const flat = new Flattening(open);
    const now = this.#clock();
    const rows = flat
      .rows(roots, view.offset, view.limit)
      .map(({ node, depth, expanded }) => this.#row(node, depth, expanded, now));
    return { rows, total: roots.reduce((sum, root) => sum + flat.size(root), 0), searching: watched.loading };
  }

  #found(watched: Watched, view: View, now: number): Pick<TopicRows, 'rows' | 'total' | 'searching'> {
    const { hits, complete } = watched.searches.find(view.search, view.system, now);
    this.#advance();
    const rows = hits.slice(view.offset, view.offset + view.limit).map(({ record }) => {
      return this.#row(record.node, 0, false, now);
    });
    return { rows, total: hits.length, searching: watched.loading || !complete };
  }

  #row(node: TopicNode, depth: number, expanded: boolean, now: number): TopicRow {
    const { key: level, path, size: children, topics } = node;
    return { path, level, depth, children, topics, expanded, rate: rateAt(node, now), value: this.#rowValue(node) };
  }

  #rowValue({ record }: TopicNode): TopicRow['value'] {
    if (record === null) return null;
    const last = lastMessage(this.#core, record.key, record);
    if (last === null) return null;
    const { preview, kind } = shownOf(record, last);
    const { size, qos, retain, publisher, at, sampled } = last;
    return { preview, kind, size, qos, retain, publisher, at, count: record.count, sampled };
  }

  list(query: z.output<typeof schema.topicsQuery>): Page<TopicValue> {
    const { prefix, limit } = query;
    const after = query.cursor === undefined ? null : topicOfCursor(query.cursor, prefix);
    const search = query.search.toLowerCase();
    const items: TopicValue[] = [];
    if (this.#watched === null) return { items, total: null, next: null };
    let looked = 0;
    let reached = '';
    for (const record of topicsFrom(this.#watched.tree, prefix, after)) {
      if (items.length === limit || looked === LIST_LOOKED) {
        return { items, total: null, next: Buffer.from(reached).toString('base64url') };
      }
      looked += 1;
      reached = record.key;
      if (search !== '' && !topicHas(this.#core, record, search)) continue;
      const last = lastMessage(this.#core, record.key, record);
      if (last !== null) items.push(topicValue(record.key, record, last, this.#clock(), PAYLOAD_KEPT));
    }
    return { items, total: null, next: null };
  }

  value(topic: string): TopicValue | null {
    const record = this.#watched?.tree.get(topic);
    const last = lastMessage(this.#core, topic, record);
    return last === null ? null : topicValue(topic, record, last, this.#clock());
  }

  payload(topic: string): ReturnType<TrafficService['payload']> {
    const last = lastMessage(this.#core, topic, this.#watched?.tree.get(topic));
    if (last === null) return null;
    // What is retained never changes, and may be large; what was copied here is written over by the next message.
    const bytes = last.message === null ? last.bytes.slice() : last.bytes;
    return { bytes, mediaType: imageType(bytes), truncated: bytes.length < last.size };
  }

  follow(topics: readonly string[]): () => void {
    for (const topic of topics) this.#followed(topic, 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      for (const topic of topics) this.#followed(topic, -1);
    };
  }

  #followed(topic: string, change: 1 | -1): void {
    const followers = (this.#follows.get(topic) ?? 0) + change;
    if (followers === 0) this.#follows.delete(topic);
    else this.#follows.set(topic, followers);
    const record = this.#watched?.tree.get(topic);
    if (record !== undefined) record.followers = followers;
  }

  version(topic: string): number {
    const record = this.#watched?.tree.get(topic);
    if (record !== undefined) return record.version;
    return this.#core.retained.get(topic) === null ? 0 : 1;
  }

  feed(filters: readonly string[]): FeedSource {
    return this.#feeds.open(filters);
  }

  graph(view: z.output<typeof schema.graphView>): Graph {
    return this.#graph.look(this.#watched?.tree ?? null, this.#watched?.active ?? [], view, this.#clock());
  }

  publish(request: z.output<typeof schema.publishRequest>): PublishResult {
    return publishAsOperator(this.#core, request);
  }
}

function topicOfCursor(cursor: string, prefix: string): string {
  const topic = Buffer.from(cursor, 'base64url').toString();
  if (topic === '' || !topic.startsWith(prefix)) throw invalidCursor();
  return topic;
}
