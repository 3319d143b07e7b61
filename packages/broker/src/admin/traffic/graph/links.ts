import { type BrokerCore, type Delivery, type Matches, Topic } from '@cauldron/core';
import { encodeUtf8 } from '@cauldron/protocol';
import { rateAt } from '../rate.ts';
import type { PublisherShare, TopicNode, TopicRecord } from '../topic-node.ts';
import { type TopicUnit, weightOf } from './topic-units.ts';

/** Topics of groups that are looked at beside those in which something moves: so many in all, and at least of each. */
const SAMPLES = 300;
const SAMPLES_EACH = 3;
/** Subscribers that are looked at in all: a message to ten thousand is one thick line anyway. */
const RECEIVERS = 20_000;

/** Something runs, or could run, between a client and topics. */
export interface Link {
  readonly unit: TopicUnit;
  readonly clientId: string;
  readonly outward: boolean;
  rate: number;
}

/** Finds out who publishes to topics and who gets them. */
export class LinkSearch {
  readonly #core: BrokerCore;
  readonly #now: number;
  readonly #links = new Map<TopicUnit, Map<string, Link>>();
  /** Messages a second of those topics of a unit that were looked at. */
  readonly #seen = new Map<TopicUnit, number>();
  readonly #owners = new Map<TopicNode, TopicUnit[]>();
  readonly #singles = new Map<TopicRecord, TopicUnit>();
  readonly #units: readonly TopicUnit[];
  #receivers = RECEIVERS;

  constructor(core: BrokerCore, units: readonly TopicUnit[], now: number) {
    this.#core = core;
    this.#now = now;
    this.#units = units;
    for (const unit of units) {
      if (unit.kind === 'topic') {
        this.#singles.set(unit.record, unit);
        continue;
      }
      const beside = this.#owners.get(unit.node);
      if (beside === undefined) this.#owners.set(unit.node, [unit]);
      else beside.push(unit);
    }
  }

  /** @param active topics in which something moved lately */
  find(active: Iterable<TopicRecord>): Link[] {
    const seen = new Set<TopicRecord>(active);
    const each = Math.max(SAMPLES_EACH, Math.floor(SAMPLES / this.#units.length));
    for (const unit of this.#units) for (const record of samplesOf(unit, each)) seen.add(record);
    for (const record of seen) {
      const unit = record.gone ? undefined : this.#unitOf(record);
      if (unit !== undefined) this.#look(unit, record);
    }
    for (const [unit, links] of this.#links) this.#scale(unit, links);
    return [...this.#links.values()].flatMap((links) => [...links.values()]);
  }

  /** Of a large group only some topics were looked at: what runs through the others goes the same ways. */
  #scale(unit: TopicUnit, links: ReadonlyMap<string, Link>): void {
    const seen = this.#seen.get(unit) ?? 0;
    const { rate } = weightOf(unit, this.#now);
    if (seen === 0 || rate <= seen) return;
    for (const link of links.values()) link.rate *= rate / seen;
  }

  #unitOf(record: TopicRecord): TopicUnit | undefined {
    const alone = this.#singles.get(record);
    if (alone !== undefined) return alone;
    for (let { node } = record; node.parent !== null; node = node.parent) {
      const units = this.#owners.get(node.parent);
      if (units === undefined) continue;
      const index = units.length === 1 && units[0]!.kind === 'below' ? -1 : node.parent.indexOf(node.key);
      return units.find((unit) => unit.kind !== 'topic' && (index < 0 || (index >= unit.from && index < unit.to)));
    }
    return undefined;
  }

  #look(unit: TopicUnit, record: TopicRecord): void {
    const rate = rateAt(record, this.#now);
    this.#seen.set(unit, (this.#seen.get(unit) ?? 0) + rate);
    this.#publishers(unit, record, rate);
    const { deliveries, groups } = this.#matches(record);
    for (const { subscriber } of deliveries) {
      if (this.#receivers-- <= 0) return;
      if (subscriber.clientId !== undefined) this.#add(unit, subscriber.clientId, true, rate);
    }
    for (const group of groups) {
      for (const member of group.members) this.#shared(unit, member, rate / group.size);
    }
  }

  #shared(unit: TopicUnit, { subscriber: { clientId } }: Delivery, rate: number): void {
    if (this.#receivers-- > 0 && clientId !== undefined) this.#add(unit, clientId, true, rate);
  }

  #publishers(unit: TopicUnit, record: TopicRecord, rate: number): void {
    const { publisherNow, otherPublishers } = record;
    if (publisherNow === null) {
      const keeper = record.retained ? this.#core.retained.publisherOf(record.key) : undefined;
      if (keeper !== undefined) this.#add(unit, keeper, false, 0);
      return;
    }
    const here = [publisherNow, ...(otherPublishers ?? [])].filter((share) => this.#isHere(share));
    const total = here.reduce((sum, share) => sum + share.count, 0);
    for (const { clientId, count } of here) this.#add(unit, clientId, false, (rate * count) / total);
    // Who published last is shown even when it is gone: that is what one wants to see.
    if (!this.#isHere(publisherNow)) this.#add(unit, publisherNow.clientId, false, here.length > 0 ? 0 : rate);
  }

  #isHere({ clientId }: PublisherShare): boolean {
    return (this.#core.sessions.get(clientId)?.connection ?? null) !== null;
  }

  #matches(record: TopicRecord): Matches {
    const { router } = this.#core;
    const known = router.topics.peek(record.key);
    // Not entered into the table, where it would drive out a topic that is in use.
    return router.match(known ?? new Topic(record.key, encodeUtf8(record.key), 0));
  }

  #add(unit: TopicUnit, clientId: string, outward: boolean, rate: number): void {
    let links = this.#links.get(unit);
    if (links === undefined) this.#links.set(unit, (links = new Map()));
    const key = outward ? `>${clientId}` : `<${clientId}`;
    const link = links.get(key);
    if (link === undefined) links.set(key, { unit, clientId, outward, rate });
    else link.rate += rate;
  }
}

/** Some topics of a unit, always the same as long as it does not change. */
function samplesOf(unit: TopicUnit, most: number): TopicRecord[] {
  if (unit.kind === 'topic') return [unit.record];
  const { node, from, to } = unit;
  const { children } = node;
  const samples: TopicRecord[] = [];
  const count = Math.min(most, to - from);
  for (let i = 0; i < count; i++) samples.push(firstRecord(children[from + Math.floor((i * (to - from)) / count)]!));
  return samples;
}

function firstRecord(node: TopicNode): TopicRecord {
  let at = node;
  while (at.record === null) at = at.children[0]!;
  return at.record;
}
