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

/** Everybody who gets messages one by one. */
export class Feeds {
  readonly #open = new Set<Feed>();
  /** Changes with who they are: what topics remember of it holds no longer. */
  #generation = 0;

  get size(): number {
    return this.#open.size;
  }

  open(filters: readonly string[]): FeedSource {
    const feed = new Feed(filters);
    this.#open.add(feed);
    this.#generation += 1;
    return {
      take: () => feed.take(),
      end: () => {
        if (this.#open.delete(feed)) this.#generation += 1;
      },
    };
  }

  /** The feeds that a topic belongs to. */
  of(record: TopicRecord): readonly FeedOfTopic[] {
    if (record.feedGeneration === this.#generation) return record.feeds;
    record.feedGeneration = this.#generation;
    record.feeds = [...this.#open].filter(({ filters }) => filters.some((filter) => matchTopic(filter, record.key)));
    return record.feeds;
  }
}
