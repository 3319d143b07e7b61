import type { BrokerCore, Message, RetainedWalk } from '@cauldron/core';
import type { Feeds } from './feeds.ts';
import { ACTIVE, RATES_PER_TICK, SLICE, STALE_AFTER, SWEPT, SWEPT_IN_A_HURRY, WALK_AGAIN } from './limits.ts';
import { PayloadStore } from './payload-store.ts';
import { type Rated, settleRate } from './rate.ts';
import { TrafficTap } from './tap.ts';
import type { PublisherShare, TopicNode, TopicRecord } from './topic-node.ts';
import { Searches } from './topic-search.ts';
import { TopicTree } from './topic-tree.ts';

/** Messages of publishers from which on older ones count half. */
const HALVE_AT = 4096;

export interface WatchedOptions {
  readonly core: BrokerCore;
  readonly clock: () => number;
  readonly feeds: Feeds;
  /** Most topics. */
  readonly maxTopics: number;
  /** Not 0, and another one each time. */
  readonly epoch: number;
  /** Messages counted by those before. */
  readonly messages: number;
  /** How many want the whole payload of a topic. */
  readonly followers: (topic: string) => number;
}

/** What exists while somebody watches: the topics, what was seen of them, and the tap that sees it. */
export class Watched {
  readonly core: BrokerCore;
  readonly tree: TopicTree;
  readonly payloads = new PayloadStore();
  readonly tap: TrafficTap;
  readonly searches: Searches;
  /** Messages of topics that have no record. */
  readonly others: Rated;
  readonly #options: WatchedOptions;
  /** What is retained, on the way into the tree. */
  #walks: RetainedWalk[];
  #loaded = false;
  /** Topics in which something moved lately, each once; a ring. */
  readonly active: TopicRecord[] = [];
  #nextActive = 0;
  #unplaced = 0;
  #walkedAt: number;
  /** Where the search for topics that are over goes on, and how many it has to look at soon. */
  #swept = 0;
  #toSweep = 0;
  readonly #began: number;
  #now: number;

  constructor(options: WatchedOptions) {
    const { core, clock, feeds, maxTopics, epoch, followers } = options;
    this.#options = options;
    this.core = core;
    this.#now = clock();
    this.#began = this.#now;
    this.#walkedAt = this.#now;
    this.others = { rate: 0, ratedAt: this.#now, pending: 0 };
    this.tree = new TopicTree(epoch, this.#now);
    const { tree, payloads } = this;
    this.tap = new TrafficTap({ core, tree, payloads, feeds, clock, maxTopics, followers });
    this.tap.messages = options.messages;
    this.searches = new Searches(core, tree);
    // '#' does not match topics that begin with '$'. // [MQTT-4.7.2-1]
    this.#walks = [core.retained.walk('$SYS/#'), core.retained.walk('#')];
    core.router.tap = this.tap;
  }

  /** There are more topics than are looked at. */
  get truncated(): boolean {
    return this.tap.overflowed;
  }

  /** What is retained was gone through once. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** What is retained is being gone through, for the first time or again. */
  get loading(): boolean {
    return this.#walks.length > 0;
  }

  /** Something is to be gone through turn by turn: {@link advance} does. */
  get busy(): boolean {
    return this.loading || this.searches.unfinished;
  }

  /** Does one turn's share of what goes through everything. */
  advance(): void {
    if (this.loading) this.#load();
    else this.searches.advance(SLICE);
  }

  #load(): void {
    const walk = this.#walks[0]!;
    const finished = walk.next(SLICE, 4 * SLICE, this.core.now, (message) => this.#enter(message));
    if (finished) this.#walks = this.#walks.slice(1);
    if (!this.loading) this.#loaded = true;
    this.tree.settle();
  }

  #enter(message: Message): void {
    if (this.tree.get(message.topic) !== undefined) return;
    if (this.tree.size >= this.#options.maxTopics) {
      this.tap.overflowed = true;
      return;
    }
    const record = this.tree.add(message.topic, this.tap.messages + 1, this.#now);
    record.retained = true;
    record.qos = message.qos;
    record.followers = this.#options.followers(message.topic);
  }

  /** To be called a few times a second. `now` in milliseconds. */
  tick(now: number): void {
    this.tap.tick(now - this.#now);
    this.#now = now;
    this.#rates(now);
    this.#clear();
    this.#sweep(now);
    if (this.tap.missedRetained && !this.loading && now - this.#walkedAt >= WALK_AGAIN) this.#walkAgain(now);
    this.tree.settle();
    this.searches.tick(now);
  }

  #rates(now: number): void {
    const nodes: TopicNode[] = [];
    for (const record of this.tap.touched.splice(0, RATES_PER_TICK)) {
      record.touched = false;
      const messages = record.count - record.counted;
      record.counted = record.count;
      if (record.gone) continue;
      record.pending += messages;
      settleRate(record, now, this.#began);
      this.#moved(record);
      this.#tell(record, messages);
      for (let node: TopicNode | null = record.node; node !== null; node = node.parent) {
        node.pending += messages;
        if (node.touched) continue;
        node.touched = true;
        nodes.push(node);
      }
    }
    for (const node of nodes) {
      node.touched = false;
      settleRate(node, now, this.#began);
    }
    this.others.pending += this.tap.unplaced - this.#unplaced;
    this.#unplaced = this.tap.unplaced;
    settleRate(this.others, now, this.#began);
  }

  /** What is retained came faster than it could be entered. */
  #walkAgain(now: number): void {
    this.#walkedAt = now;
    this.tap.missedRetained = false;
    this.#walks = [this.core.retained.walk('#')];
  }

  #moved(record: TopicRecord): void {
    if (record.active) return;
    const { active } = this;
    const before = active[this.#nextActive];
    if (before !== undefined) before.active = false;
    record.active = true;
    active[this.#nextActive] = record;
    this.#nextActive = (this.#nextActive + 1) % ACTIVE;
  }

  #tell(record: TopicRecord, messages: number): void {
    const { feeds } = this.#options;
    if (feeds.size > 0) for (const feed of feeds.of(record)) feed.count(messages);
    if (record.publisherNow !== null && record.publisherNow.count > HALVE_AT) halve(record);
  }

  /** Forgets topics whose retained message was deleted: they have nothing any more. */
  #clear(): void {
    for (const record of this.tap.cleared.splice(0)) {
      if (record.cleared && !record.gone && record.followers === 0) this.#remove(record);
    }
  }

  #remove(record: TopicRecord): void {
    this.#untap(record);
    this.payloads.release(record);
    this.tree.remove(record);
  }

  /** Looks at a few topics whether they are to be forgotten. */
  #sweep(now: number): void {
    const { records } = this.tree;
    if (this.tap.missedRetained) this.#toSweep = records.length;
    const hurry = this.#toSweep > 0 || this.truncated;
    const looks = Math.min(hurry ? SWEPT_IN_A_HURRY : SWEPT, records.length);
    this.#toSweep = Math.max(0, this.#toSweep - looks);
    for (let i = 0; i < looks && records.length > 0; i++) {
      this.#swept = (this.#swept + 1) % records.length;
      const record = records[this.#swept]!;
      if (record.followers === 0 && this.#isOver(record, now)) this.#remove(record);
    }
    if (this.truncated && records.length < this.#options.maxTopics) this.tap.overflowed = false;
  }

  /** What was retained is not any more; or the topic is silent, and there is no room for others. */
  #isOver(record: TopicRecord, now: number): boolean {
    if (record.retained) return this.core.retained.get(record.key) === null;
    if (!this.truncated || now - Math.max(record.ratedAt, record.at) <= STALE_AFTER) return false;
    return this.core.retained.get(record.key) === null;
  }

  /** Nobody watches any more. What the core's topics still point at is let go by {@link release}. */
  end(): void {
    if (this.core.router.tap === this.tap) this.core.router.tap = null;
    this.#walks = [];
    this.active.length = 0;
  }

  /** Takes so many of the core's pointers back; false = there are none left. */
  release(topics: number): boolean {
    for (const record of this.tree.records.splice(-topics)) this.#untap(record);
    return this.tree.records.length > 0;
  }

  /** The core's topic points there no more. The record does not know it, or it would keep topics that the core let go. */
  #untap(record: TopicRecord): void {
    const topic = this.core.router.topics.peek(record.key);
    if (topic?.tapped === record) topic.tapped = null;
  }
}

/** Older messages count half, so that who publishes now stands out. */
function halve(record: TopicRecord): void {
  const shares: (PublisherShare | null)[] = [record.publisherNow, ...(record.otherPublishers ?? [])];
  for (const share of shares) if (share !== null) share.count >>= 1;
}
