import type { BrokerCore } from '@cauldron/core';
import { lastMessage } from './last-message.ts';
import { SEARCH_KEPT, SEARCHED_PER_TICK, SEARCHES } from './limits.ts';
import { textOf } from './payload-kind.ts';
import { SortedList } from './sorted-list.ts';
import type { TopicRecord } from './topic-node.ts';
import type { TopicTree } from './topic-tree.ts';

/** Bytes of a payload that are searched. */
const TEXT_SEARCHED = 1024;

/** Topics looked at before the first answer. */
const FIRST_LOOK = 1000;

/** Whether a topic has a text in its name, whatever the case, or in the text of its last message. */
export function topicHas(core: BrokerCore, record: TopicRecord, lowerCase: string): boolean {
  if (record.key.toLowerCase().includes(lowerCase)) return true;
  const last = lastMessage(core, record.key, record);
  if (last === null || last.size < lowerCase.length) return false;
  const text = textOf(
    last.bytes.subarray(0, TEXT_SEARCHED),
    last.bytes.length > TEXT_SEARCHED || last.bytes.length < last.size,
  );
  return text?.toLowerCase().includes(lowerCase) === true;
}

class Hit {
  readonly key: string;
  readonly record: TopicRecord;
  #out = false;

  constructor(record: TopicRecord) {
    this.key = record.key;
    this.record = record;
  }

  get gone(): boolean {
    return this.#out || this.record.gone;
  }

  leave(): void {
    this.#out = true;
  }
}

/**
 * One search, whose result is kept up to date in small steps: it goes round and round through all topics, and each step
 * enters those that fit by now and takes out those that do not any more.
 */
class Search {
  readonly text: string;
  /** With topics that begin with `$`. */
  readonly system: boolean;
  usedAt: number;
  /** It was through all topics once. */
  complete = false;
  readonly #core: BrokerCore;
  readonly #tree: TopicTree;
  readonly #hits = new SortedList<Hit>();
  readonly #byRecord = new Map<TopicRecord, Hit>();
  #at = 0;
  /** How many topics there were: those behind are new. */
  #known = 0;
  #removals: number;

  constructor(core: BrokerCore, tree: TopicTree, text: string, system: boolean, now: number) {
    this.#core = core;
    this.#tree = tree;
    this.text = text;
    this.system = system;
    this.usedAt = now;
    this.#removals = tree.removals;
  }

  /** Looks at so many topics, new ones first once it was through all. */
  step(topics: number): void {
    const { records } = this.#tree;
    let left = Math.min(topics, records.length);
    this.#known = Math.min(this.complete ? this.#known : records.length, records.length);
    for (; left > 0 && this.#known < records.length; left--) this.#look(records[this.#known++]!);
    for (; left > 0; left--) {
      if (this.#at >= records.length) this.#at = 0; // some are gone since
      this.#look(records[this.#at++]!);
      if (this.#at >= records.length) this.complete = true;
    }
    if (records.length === 0) this.complete = true;
    this.#hits.settle();
  }

  #look(record: TopicRecord): void {
    if (!this.system && record.key.startsWith('$')) return;
    const hit = this.#byRecord.get(record);
    const fits = topicHas(this.#core, record, this.text);
    if (fits === (hit !== undefined)) return;
    if (hit === undefined) {
      const found = new Hit(record);
      this.#byRecord.set(record, found);
      this.#hits.add(found);
      return;
    }
    hit.leave();
    this.#byRecord.delete(record);
    this.#hits.dropped();
  }

  /** What fits, in order. */
  get hits(): readonly { readonly record: TopicRecord }[] {
    if (this.#removals !== this.#tree.removals) {
      this.#removals = this.#tree.removals;
      for (const [record] of this.#byRecord) {
        if (!record.gone) continue;
        this.#byRecord.delete(record);
        this.#hits.dropped();
      }
    }
    return this.#hits.items;
  }
}

/** The searches of those who look: the last few, each kept up to date while somebody asks for it. */
export class Searches {
  readonly #core: BrokerCore;
  readonly #tree: TopicTree;
  #searches: Search[] = [];

  constructor(core: BrokerCore, tree: TopicTree) {
    this.#core = core;
    this.#tree = tree;
  }

  /** What is found so far. `complete`: everything was looked at once. */
  find(
    text: string,
    system: boolean,
    now: number,
  ): { hits: readonly { readonly record: TopicRecord }[]; complete: boolean } {
    const lowerCase = text.toLowerCase();
    let search = this.#searches.find((one) => one.text === lowerCase && one.system === system);
    if (search === undefined) {
      search = new Search(this.#core, this.#tree, lowerCase, system, now);
      this.#searches = [search, ...this.#searches].slice(0, SEARCHES);
      search.step(FIRST_LOOK);
    }
    search.usedAt = now;
    return { hits: search.hits, complete: search.complete };
  }

  /** Forgets what nobody asks for, and goes on with the others. */
  tick(now: number): void {
    this.#searches = this.#searches.filter((search) => now - search.usedAt < SEARCH_KEPT);
    const each = Math.ceil(SEARCHED_PER_TICK / this.#searches.length);
    for (const search of this.#searches) search.step(each);
  }

  /** Some are not through all topics yet. */
  get unfinished(): boolean {
    return this.#searches.some((search) => !search.complete);
  }

  /** Goes on with those that are not through all topics. */
  advance(topics: number): void {
    for (const search of this.#searches) if (!search.complete) search.step(topics);
  }
}
