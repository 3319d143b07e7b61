import { encodeUtf8 } from '@cauldron/protocol';
import type { AckMode } from '../options.ts';
import type { Decision } from '../ports.ts';
import type { Matches } from './router.ts';

/** Bytes of the longest topic the table keeps: what it holds is bounded in bytes, not only in topics. */
const LONGEST_KEPT = 256;

/**
 * A topic that is being published to, as text and as bytes, with what it matched when it was last routed. Found by the
 * bytes of the packet, so a known topic is never decoded.
 */
export class Topic {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly hash: number;
  /** True below `$SYS`: only the broker publishes there. */
  readonly reserved: boolean;
  /** What it matches, or null while unknown. Valid as far as `generation` says. */
  matches: Matches | null = null;
  /** The router's generation at which `matches` was last known to hold. */
  generation = 0;
  /** What the configuration says of acknowledging publishes to it; undefined = not looked up yet, null = nothing. */
  ack: AckMode | null | undefined = undefined;
  /** Used again since the eviction hand last passed: topics that are published to once do not drive out the others. */
  used = false;
  /** Whose right to publish to it was decided last, an object that stands for it; null = nobody's. */
  decidedFor: object | null = null;
  decision: Decision = true;
  /** What the tap keeps of it; null = nothing. */
  tapped: object | null = null;
  next: Topic | null = null;
  /** No longer in the table: nobody tells it of changes, so whoever kept it looks it up again. */
  evicted = false;

  constructor(name: string, bytes: Uint8Array, hash: number) {
    this.name = name;
    this.bytes = bytes;
    this.hash = hash;
    this.reserved = name === '$SYS' || name.startsWith('$SYS/');
  }
}

/**
 * A bounded table of topics, keyed by a seeded hash of their bytes. When it is full, the clock algorithm evicts a topic
 * that was not used since the hand last came by.
 */
export class TopicTable {
  readonly #buckets: (Topic | null)[];
  readonly #mask: number;
  readonly #capacity: number;
  readonly #seed: number;
  readonly #all: Topic[] = [];
  #hand = 0;

  /**
   * @param capacity most topics kept
   * @param seed secret of the process, so that nobody can aim many topics at one bucket
   */
  constructor(capacity: number, seed: number) {
    let buckets = 64;
    while (buckets < capacity * 2) buckets *= 2;
    this.#buckets = new Array<Topic | null>(buckets).fill(null);
    this.#mask = buckets - 1;
    this.#capacity = capacity;
    this.#seed = seed | 0;
  }

  get size(): number {
    return this.#all.length;
  }

  /** The topic whose UTF-8 bytes are `bytes[start..end)`, or null where it is not in the table. */
  find(bytes: Uint8Array, start: number, end: number): Topic | null {
    let hash = this.#seed;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash ^= hash >>> 15;
    let topic = this.#buckets[hash & this.#mask]!;
    const length = end - start;
    while (topic !== null) {
      if (topic.hash === hash && topic.bytes.length === length && sameBytes(topic.bytes, bytes, start)) {
        topic.used = true;
        return topic;
      }
      topic = topic.next!;
    }
    return null;
  }

  /** The topic of a name, or null where it is not in the table. */
  peek(name: string): Topic | null {
    const bytes = encodeUtf8(name);
    return this.find(bytes, 0, bytes.length);
  }

  /**
   * Adds a topic that {@link find} did not find. The name was checked; the bytes are copied. One that is very long comes
   * back evicted.
   */
  add(name: string): Topic {
    const bytes = encodeUtf8(name);
    let hash = this.#seed;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash ^= hash >>> 15;
    const topic = new Topic(name, bytes, hash);
    if (bytes.length > LONGEST_KEPT) {
      topic.evicted = true;
      return topic;
    }
    if (this.#all.length < this.#capacity) this.#all.push(topic);
    else this.#replaceUnused(topic);
    const bucket = hash & this.#mask;
    topic.next = this.#buckets[bucket]!;
    this.#buckets[bucket] = topic;
    return topic;
  }

  /** The topic of a name that was checked, added where it is missing. */
  intern(name: string): Topic {
    return this.peek(name) ?? this.add(name);
  }

  #replaceUnused(topic: Topic): void {
    const all = this.#all;
    // Ends after two rounds at most: the first clears every mark.
    while (all[this.#hand]!.used) {
      all[this.#hand]!.used = false;
      this.#hand = (this.#hand + 1) % all.length;
    }
    const evicted = all[this.#hand]!;
    this.#unlink(evicted);
    evicted.evicted = true;
    all[this.#hand] = topic;
    this.#hand = (this.#hand + 1) % all.length;
  }

  #unlink(topic: Topic): void {
    const bucket = topic.hash & this.#mask;
    if (this.#buckets[bucket] === topic) {
      this.#buckets[bucket] = topic.next;
      return;
    }
    let before = this.#buckets[bucket]!;
    while (before.next !== topic) before = before.next!;
    before.next = topic.next;
  }
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
