import type { Message } from '@cauldron/core';
import type { QoS } from '@cauldron/protocol';
import type { Described } from './payload-kind.ts';
import type { Rated } from './rate.ts';
import { type Keyed, SortedList } from './sorted-list.ts';

/** A client that publishes to a topic. */
export interface PublisherShare {
  readonly clientId: string;
  /** Messages, older ones counting less. */
  count: number;
}

/** What a feed is shown of a message: the payload is `bytes[start, end)`, valid during the call. */
export interface SeenMessage {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly publisher: string | null;
  readonly at: number;
}

/** Somebody who gets the messages of a topic one by one. */
export interface FeedOfTopic {
  /** So many messages came, seen or not. */
  count(messages: number): void;
  see(topic: string, message: SeenMessage): void;
}

const noFeeds: readonly FeedOfTopic[] = [];

/** What a row shows of a payload, and of which message. */
export interface Shown extends Described {
  readonly version: number;
  readonly message: Message | null;
}

/**
 * What is known of one topic while somebody watches: how many messages came, and the last one that was looked at. The core's
 * `Topic.tapped` points at it, so what a message costs is a few fields of this.
 */
export class TopicRecord implements Rated {
  // What each message touches comes first, to lie side by side in memory.
  /** Of which watching it is part; 0 = of none any more. */
  epoch: number;
  /** Messages since somebody began to look. */
  count = 0;
  /** It waits for its rate to be worked out. */
  touched = false;
  /** Messages passed unseen since the last one that was looked at. */
  sampled = false;
  /** The last one that passed unseen is retained: the core has it. */
  skippedRetained = false;
  /** The last tick in which a message was looked at. */
  tick = -1;
  /** Who published last. */
  publisherNow: PublisherShare | null = null;

  /** The whole topic. */
  readonly key: string;
  readonly node: TopicNode;
  /** Where it is in the list of all records. */
  index: number;
  /** What {@link version} counts from: topics that come back do not look as if nothing had happened. */
  readonly since: number;
  /** Of the messages, how many the rates know of. */
  counted = 0;
  rate = 0;
  ratedAt: number;
  pending = 0;
  /** It is among those in which something moved lately. */
  active = false;
  /** The last message is the core's retained one, of which there is no copy. */
  retained = false;
  /** The last message deleted what was retained. */
  cleared = false;
  /** The kept part of the payload is `bytes[start, start + length)`; null = nothing was looked at. */
  bytes: Uint8Array | null = null;
  start = 0;
  length = 0;
  /** Which slot of the payload store it has; -1 = none. */
  slot = -1;
  /** Bytes of the whole payload. */
  size = 0;
  qos: QoS = 0;
  publisher: string | null = null;
  /** Milliseconds since 1970; 0 = not known. */
  at = 0;
  /** As on the wire; null = none. */
  properties: Uint8Array | null = null;
  /** How many want its whole payload. */
  followers = 0;
  /** Who published before {@link publisherNow}. */
  otherPublishers: PublisherShare[] | null = null;
  /** Which feeds it belongs to; valid for the feeds of that generation. */
  feeds: readonly FeedOfTopic[] = noFeeds;
  feedGeneration = -1;
  shown: Shown | null = null;

  constructor(key: string, node: TopicNode, index: number, epoch: number, since: number, now: number) {
    this.key = key;
    this.node = node;
    this.index = index;
    this.epoch = epoch;
    this.since = since;
    this.ratedAt = now;
  }

  get gone(): boolean {
    return this.epoch === 0;
  }

  /** Changes with each message. */
  get version(): number {
    return this.since + this.count;
  }
}

/** A level of a topic: what is below it, and the topic that ends here. */
export class TopicNode implements Keyed, Rated {
  /** The level itself. */
  readonly key: string;
  readonly parent: TopicNode | null;
  gone = false;
  /** Topics below, itself not counted. */
  topics = 0;
  record: TopicRecord | null = null;
  /** Of itself and everything below. */
  rate = 0;
  ratedAt: number;
  pending = 0;
  touched = false;
  #children: Map<string, TopicNode> | null = null;
  #list: SortedList<TopicNode> | null = null;

  constructor(key: string, parent: TopicNode | null, now: number) {
    this.key = key;
    this.parent = parent;
    this.ratedAt = now;
  }

  /** Levels right below. */
  get size(): number {
    return this.#children?.size ?? 0;
  }

  child(level: string): TopicNode | undefined {
    return this.#children?.get(level);
  }

  /** Levels right below, in order. */
  get children(): readonly TopicNode[] {
    return this.#list?.items ?? [];
  }

  /** Puts new levels in order. */
  settle(): void {
    this.#list?.settle();
  }

  /** Where a level is among {@link children}, or would be. */
  indexOf(level: string): number {
    return this.#list?.indexOf(level) ?? 0;
  }

  /** The level right below of this name, made where it is missing. */
  ensure(level: string, now: number): TopicNode {
    this.#children ??= new Map();
    const known = this.#children.get(level);
    if (known !== undefined) return known;
    const node = new TopicNode(level, this, now);
    this.#children.set(level, node);
    this.#list ??= new SortedList();
    this.#list.add(node);
    return node;
  }

  /** Forgets a level right below. */
  drop(node: TopicNode): void {
    node.gone = true;
    this.#children!.delete(node.key);
    this.#list!.dropped();
    if (this.#children!.size > 0) return;
    this.#children = null;
    this.#list = null;
  }

  /** The topic down to here. */
  get path(): string {
    const levels: string[] = [];
    for (let node: TopicNode = this; node.parent !== null; node = node.parent) levels.push(node.key);
    return levels.reverse().join('/');
  }
}
