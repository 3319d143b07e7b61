import { copyBytes, matchTopic, type QoS } from '@cauldron/protocol';
import type { FeedMessage } from '../schema/index.ts';
import type { FeedSource } from '../services.ts';
import { FEED_KEPT, PAYLOAD_KEPT } from './limits.ts';
import { describePayload, toPayload } from './payload-kind.ts';
import type { FeedOfTopic, SeenMessage, TopicRecord } from './topic-node.ts';

/** One message that waits to be taken. Its memory is used again. */
interface Waiting {
  topic: string;
  bytes: Uint8Array;
  length: number;
  size: number;
  qos: QoS;
  retain: boolean;
  publisher: string | null;
  at: number;
}

/** Messages of the topics that some filters match: the newest, and how many more there were. */
class Feed implements FeedOfTopic {
  readonly filters: readonly string[];
  readonly #ring: Waiting[] = [];
  /** How many were shown since the last take. */
  #seen = 0;
  /** Messages that came and were not handed over; negative where they were handed over before they were counted. */
  #owed = 0;

  constructor(filters: readonly string[]) {
    this.filters = filters;
  }

  wants(topic: string): boolean {
    return this.filters.some((filter) => matchTopic(filter, topic));
  }

  count(messages: number): void {
    this.#owed += messages;
  }

  see(topic: string, message: SeenMessage): void {
    const { bytes, start, end, qos, retain, publisher, at } = message;
    const size = end - start;
    const length = Math.min(size, PAYLOAD_KEPT);
    const slot = this.#seen++ % FEED_KEPT;
    const before = this.#ring[slot];
    const kept = before !== undefined && before.bytes.length >= length ? before.bytes : new Uint8Array(length);
    copyBytes(bytes, start, start + length, kept, 0);
    const now: Waiting = { topic, bytes: kept, length, size, qos, retain, publisher, at };
    if (before === undefined) this.#ring[slot] = now;
    else Object.assign(before, now);
  }

  take(): { readonly messages: readonly FeedMessage[]; readonly missed: number } {
    const count = Math.min(this.#seen, FEED_KEPT);
    const messages: FeedMessage[] = [];
    for (let i = this.#seen - count; i < this.#seen; i++) messages.push(asMessage(this.#ring[i % FEED_KEPT]!));
    this.#seen = 0;
    this.#owed -= count;
    const missed = Math.max(0, this.#owed);
    this.#owed -= missed;
    return { messages, missed };
  }
}

function asMessage({ topic, bytes, length, size, qos, retain, publisher, at }: Waiting): FeedMessage {
  const kept = bytes.subarray(0, length);
  return { topic, payload: toPayload(kept, size), kind: describePayload(kept, size).kind, qos, retain, publisher, at };
}

/**
 * Feeds that came and went lately, which topics catch up on one by one: otherwise each change would have every topic compared with
 * the filters of everybody.
 */
const CHANGES_KEPT = 64;

/** A feed began or ended. */
interface Change {
  readonly feed: Feed;
  readonly began: boolean;
}

/** Everybody who gets messages one by one. */
export class Feeds {
  readonly #open = new Set<Feed>();
  /** Number of the last change; what topics remember of an earlier one has to catch up. */
  #generation = 0;
  /** The last changes, a ring indexed by their number. */
  readonly #changes: Change[] = [];

  get size(): number {
    return this.#open.size;
  }

  open(filters: readonly string[]): FeedSource {
    const feed = new Feed(filters);
    this.#open.add(feed);
    this.#changed({ feed, began: true });
    return {
      take: () => feed.take(),
      end: () => {
        if (this.#open.delete(feed)) this.#changed({ feed, began: false });
      },
    };
  }

  #changed(change: Change): void {
    this.#generation += 1;
    this.#changes[this.#generation % CHANGES_KEPT] = change;
  }

  /** The feeds that a topic belongs to. */
  of(record: TopicRecord): readonly FeedOfTopic[] {
    const since = record.feedGeneration;
    if (since === this.#generation) return record.feeds;
    record.feedGeneration = this.#generation;
    // One that was never asked about has nothing to go on from.
    if (since < 0 || this.#generation - since > CHANGES_KEPT) {
      record.feeds = [...this.#open].filter((feed) => feed.wants(record.key));
      return record.feeds;
    }
    for (let number = since + 1; number <= this.#generation; number++) {
      const { feed, began } = this.#changes[number % CHANGES_KEPT]!;
      if (!began) record.feeds = record.feeds.filter((other) => other !== feed);
      else if (this.#open.has(feed) && feed.wants(record.key)) record.feeds = [...record.feeds, feed];
    }
    return record.feeds;
  }
}
