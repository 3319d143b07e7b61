import type { BrokerCore, Fanout, PublishRun, Subscriber, Tap, Topic } from '@cauldron/core';
import { copyOf, type PublishBody, PublishView, type QoS } from '@cauldron/protocol';
import { CopyBudget } from './copy-budget.ts';
import type { Feeds } from './feeds.ts';
import { LOOKUPS_PER_MS, LOOKUPS_SAVED, PROPERTIES_KEPT, PUBLISHERS_KEPT, RUN_SHOWN } from './limits.ts';
import type { PayloadStore } from './payload-store.ts';
import type { TopicRecord } from './topic-node.ts';
import type { TopicTree } from './topic-tree.ts';

/** What a tap needs of what is around it. */
export interface TapHost {
  readonly core: BrokerCore;
  readonly tree: TopicTree;
  readonly payloads: PayloadStore;
  readonly feeds: Feeds;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Most topics; those that somebody follows come on top. */
  readonly maxTopics: number;
  /** How many want the whole payload of a topic. */
  readonly followers: (topic: string) => number;
}

/**
 * Sees every message that is routed while somebody watches. A message costs finding its topic's record, which the core's topic
 * points at, and a few additions; only within a {@link CopyBudget} is it looked at.
 *
 *     message --> count --> within the budget? --yes--> copy payload, QoS, publisher, time; show it to feeds
 *                                             \--no---> the record is `sampled`
 */
export class TrafficTap implements Tap {
  /** Messages since it began. */
  messages = 0;
  /** Of those, messages of topics that have no record. */
  unplaced = 0;
  /** There are more topics than may be kept. */
  overflowed = false;
  /** A topic got a retained message, and there was no time to look for its record. */
  missedRetained = false;
  /** Records whose counts changed since their rate was worked out. */
  touched: TopicRecord[] = [];
  /** Records whose retained message was deleted. */
  cleared: TopicRecord[] = [];
  readonly #host: TapHost;
  readonly #epoch: number;
  readonly #budget = new CopyBudget();
  readonly #view = new PublishView();
  #lookups = LOOKUPS_SAVED;
  #tick = 0;

  constructor(host: TapHost) {
    this.#host = host;
    this.#epoch = host.tree.epoch;
  }

  /** Time went by, milliseconds: there may be looked at more. */
  tick(elapsed: number): void {
    this.#tick += 1;
    this.#budget.refill(elapsed);
    this.#lookups = Math.min(LOOKUPS_SAVED, this.#lookups + elapsed * LOOKUPS_PER_MS);
  }

  message(fanout: Fanout): void {
    this.messages += 1;
    const { topic } = fanout;
    const known = topic.tapped as TopicRecord | null;
    const record = known !== null && known.epoch === this.#epoch ? known : this.#place(topic);
    if (record === null) {
      this.unplaced += 1;
      if (fanout.retain && !this.overflowed) this.missedRetained = true;
      return;
    }
    this.#count(record, fanout.publisher, 1);
    if (!this.#budget.take(record.tick !== this.#tick)) this.#skip(record, fanout);
    else if (fanout.retain) this.#lookAtRetained(record, fanout);
    else this.#look(record, fanout.body, fanout.qos, false, fanout.publisher);
  }

  run(run: PublishRun): void {
    this.messages += run.count;
    const known = run.topic.tapped as TopicRecord | null;
    const record = known !== null && known.epoch === this.#epoch ? known : this.#place(run.topic);
    if (record === null) {
      this.unplaced += run.count;
      return;
    }
    this.#count(record, run.publisher, run.count);
    if (run.count > 1 && this.#host.feeds.size > 0 && this.#eachOf(record, run)) return;
    if (!this.#budget.take(record.tick !== this.#tick)) {
      record.sampled = true;
      record.skippedRetained = false;
      return;
    }
    this.#look(record, this.#lastOf(run), 0, false, run.publisher);
  }

  #count(record: TopicRecord, publisher: Subscriber | null, messages: number): void {
    record.count += messages;
    if (!record.touched) {
      record.touched = true;
      this.touched.push(record);
    }
    if (publisher === null) return;
    const share = record.publisherNow;
    if (share !== null && share.clientId === publisher.clientId) share.count += messages;
    else this.#countPublisher(record, publisher.clientId, messages);
  }

  /** Another client than before. */
  #countPublisher(record: TopicRecord, clientId: string | undefined, messages: number): void {
    if (clientId === undefined) return;
    const { publisherNow: before } = record;
    if (before === null) {
      record.publisherNow = { clientId, count: messages };
      return;
    }
    const others = (record.otherPublishers ??= []);
    const at = others.findIndex((share) => share.clientId === clientId);
    const share = at < 0 ? { clientId, count: 0 } : others.splice(at, 1)[0]!;
    if (others.push(before) === PUBLISHERS_KEPT) others.shift();
    share.count += messages;
    record.publisherNow = share;
  }

  /** The record of a topic that the core's does not point at; null = there is none. */
  #place(topic: Topic): TopicRecord | null {
    if (this.#lookups < 1) return null;
    this.#lookups -= 1;
    const record = this.#host.tree.get(topic.name) ?? this.#add(topic.name);
    if (record === null) return null;
    topic.tapped = record;
    return record;
  }

  #add(topic: string): TopicRecord | null {
    const { tree, maxTopics, clock, followers } = this.#host;
    const wanted = followers(topic);
    if (tree.size >= maxTopics && wanted === 0) {
      this.overflowed = true;
      return null;
    }
    const record = tree.add(topic, this.messages, clock());
    record.followers = wanted;
    return record;
  }

  #skip(record: TopicRecord, fanout: Fanout): void {
    record.sampled = true;
    record.skippedRetained = fanout.retain;
    if (fanout.retain) this.#noteCleared(record, fanout.body);
  }

  /** An empty retained message: the topic has nothing any more. */
  #noteCleared(record: TopicRecord, body: PublishBody): void {
    record.cleared = body.end === body.payloadStart;
    if (record.cleared) this.cleared.push(record);
  }

  /** What the core keeps needs no copy. */
  #lookAtRetained(record: TopicRecord, fanout: Fanout): void {
    const { core, payloads } = this.#host;
    const { body } = fanout;
    const kept = core.retained.get(record.key);
    this.#look(record, body, fanout.qos, true, fanout.publisher, kept === null || kept !== fanout.message());
    record.retained = kept !== null && kept === fanout.message();
    if (record.retained) payloads.release(record);
    this.#noteCleared(record, body);
  }

  #look(
    record: TopicRecord,
    body: PublishBody,
    qos: QoS,
    retain: boolean,
    publisher: Subscriber | null,
    copy = true,
  ): void {
    const { payloads, feeds, clock } = this.#host;
    const { bytes, payloadStart, end } = body;
    record.tick = this.#tick;
    record.sampled = false;
    record.cleared = false;
    record.retained = false;
    record.qos = qos;
    record.publisher = publisher?.clientId ?? null;
    record.at = clock();
    if (copy) payloads.keep(record, bytes, payloadStart, end);
    this.#keepProperties(record, body);
    if (feeds.size === 0) return;
    const { publisher: clientId, at } = record;
    for (const feed of feeds.of(record)) {
      feed.see(record.key, { bytes, start: payloadStart, end, qos, retain, publisher: clientId, at });
    }
  }

  #keepProperties(record: TopicRecord, { bytes, propertiesStart, propertiesEnd }: PublishBody): void {
    const length = propertiesEnd - propertiesStart;
    if (length === 0) record.properties = null;
    else record.properties = length <= PROPERTIES_KEPT ? copyOf(bytes, propertiesStart, propertiesEnd) : null;
  }

  /** Looks at each packet of a short run that a feed wants; false = it is to be looked at as a whole. */
  #eachOf(record: TopicRecord, run: PublishRun): boolean {
    if (run.count > RUN_SHOWN || this.#host.feeds.of(record).length === 0) return false;
    run.each((view) => {
      if (this.#budget.take(record.tick !== this.#tick)) this.#look(record, view, 0, false, run.publisher);
      else record.sampled = true;
    });
    record.skippedRetained = false;
    return true;
  }

  /** The last packet of a run. */
  #lastOf(run: PublishRun): PublishView {
    const { bytes, end, count, largest } = run;
    // All of the same length, which is the usual case; else their lengths are gone through.
    const alike = end - run.start === count * largest;
    for (let at = alike ? end - largest : run.start; ; ) {
      let body = at + 1;
      let length = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = bytes[body++]!;
        length += (byte & 127) * factor;
        if (byte < 128) break;
      }
      if (body + length >= end) {
        this.#view.read(bytes, at, body, end, run.version5);
        return this.#view;
      }
      at = body + length;
    }
  }
}
