import { hasWildcard, matchTopic, parseSharedFilter } from '@cauldron/protocol';
import type { Subscriber, Tap } from '../ports.ts';
import type { Fanout } from './fanout.ts';
import type { PublishRun } from './publish-run.ts';
import type { ShareGroup } from './share-group.ts';
import { type Delivery, mergeSubscriptions, type Subscription, withoutNoLocal } from './subscription.ts';
import { isSubscription, SubscriptionTrie, type TopicAudience } from './subscription-trie.ts';
import { type Topic, TopicTable } from './topic-table.ts';

/** Who gets a topic: one delivery per subscriber, and the share groups that choose one each. */
export interface Matches {
  readonly deliveries: readonly Delivery[];
  readonly groups: readonly ShareGroup[];
}

/** When subscribers are asked what they may receive: not at all, once and again when rights change, or for each message. */
export type RightsChecks = 'none' | 'remembered' | 'always';

/** Told how much was done, in places of the subscription tree looked at. */
export interface Ledger {
  spend(work: number): void;
  /**
   * So many subscribers are given a message. It counts as little, one place each: cutting a fan-out into turns would cost
   * more writes than it saves others time.
   */
  deliver(count: number): void;
}

/** What entering or removing a filter costs. */
const FILTER = 96;

/** Different filters that match one topic, as {@link Router.audience} tells them. */
const MOST_FILTERS = 1000;

const nothing: Matches = { deliveries: [], groups: [] };

/**
 * How many changed wildcard filters a cached match is checked against before matching afresh is cheaper. A check costs
 * about a tenth of a match.
 */
const CHANGES_KEPT = 32;

/**
 * Sends a message to everybody whose subscriptions match its topic.
 *
 * What a topic matched is kept with the topic. A change of an exact filter forgets that one topic; a change of a wildcard
 * filter only notes the filter, and a topic looks at what was noted since it was last used: if none of these filters
 * matches it, its match still holds. So a busy subscriber elsewhere costs a topic a few comparisons, not its cache.
 */
export class Router {
  readonly topics: TopicTable;
  /** Sees every message that is routed; null while nobody watches. */
  tap: Tap | null = null;
  readonly #trie = new SubscriptionTrie();
  /** Receivers have rights of their own: what somebody may not have, it is not given. */
  readonly #rights: RightsChecks;
  readonly #ledger: Ledger;
  /** The last changed wildcard filters, a ring indexed by generation. */
  readonly #changes = new Array<string>(CHANGES_KEPT).fill('');
  #generation = 0;

  /**
   * @param topics how many topics to keep
   * @param seed secret of the process
   * @param rights when subscribers are asked what they may receive
   * @param ledger told of the work that is done
   */
  constructor(
    topics: number,
    seed: number,
    rights: RightsChecks = 'none',
    ledger: Ledger = { spend() {}, deliver() {} },
  ) {
    this.topics = new TopicTable(topics, seed);
    this.#rights = rights;
    this.#ledger = ledger;
  }

  /** Subscriptions of everybody, shared ones included. */
  get subscriptions(): number {
    return this.#trie.size;
  }

  get sharedSubscriptions(): number {
    return this.#trie.sharedSize;
  }

  /** Enters a subscription; `filter` is as the client wrote it, `$share/group/` included. */
  add(filter: string, subscription: Subscription): void {
    this.#ledger.spend(FILTER);
    this.#trie.add(filter, subscription);
    this.#changed(filter);
  }

  /** Removes what a subscriber has entered for a filter. */
  remove(filter: string, subscriber: Subscriber): void {
    this.#ledger.spend(FILTER);
    this.#trie.remove(filter, subscriber);
    this.#changed(filter);
  }

  /** Rights to what a filter matches have changed: who gets it is looked at again. */
  rematch(filter: string): void {
    this.#changed(filter);
  }

  /** All rights may have changed. */
  rematchAll(): void {
    this.#generation += CHANGES_KEPT + 1; // more than any match is checked against
  }

  #changed(written: string): void {
    const filter = parseSharedFilter(written)?.filter ?? written;
    if (hasWildcard(filter)) {
      this.#generation += 1;
      this.#changes[this.#generation % CHANGES_KEPT] = filter;
      return;
    }
    const topic = this.topics.peek(filter);
    if (topic !== null) topic.matches = null;
  }

  /** Delivers to everyone who matches; returns whether anyone did. */
  publish(fanout: Fanout): boolean {
    if (this.tap !== null) this.tap.message(fanout);
    const topic = fanout.topic;
    const { matches } = topic;
    const holds = topic.generation === this.#generation && matches !== null && this.#rights !== 'always';
    return this.deliver(fanout, holds ? matches : this.match(topic));
  }

  /** Delivers to everyone in `matches`, at once and in turn; returns whether there is anyone. // [MQTT-4.5.0-1] [MQTT-4.6.0-5] [MQTT-4.6.0-6] */
  deliver(fanout: Fanout, matches: Matches): boolean {
    const { deliveries, groups } = matches;
    this.#ledger.deliver(deliveries.length + groups.length);
    const publisher = fanout.publisher;
    for (let i = 0; i < deliveries.length; i++) {
      const delivery = deliveries[i]!;
      if (delivery.noLocal && delivery.subscriber === publisher) deliverToSelf(fanout, delivery, publisher);
      else delivery.subscriber.deliver(fanout, delivery);
    }
    for (let i = 0; i < groups.length; i++) {
      const chosen = this.#rights !== 'none' ? groups[i]!.nextAllowed(fanout.topic.name) : groups[i]!.next();
      // From here on it is this session's alone, with its own QoS. // [MQTT-4.8.2-3] [MQTT-4.8.2-4] [MQTT-4.8.2-5]
      chosen?.subscriber.deliver(fanout, chosen); // [MQTT-3.3.4-5]
    }
    return deliveries.length > 0 || groups.length > 0;
  }

  /** Gives a run to everyone who takes it whole; returns who is left, null = nobody. */
  publishRun(run: PublishRun): Matches | null {
    if (this.tap !== null) this.tap.run(run);
    const { deliveries, groups } = this.match(run.topic);
    this.#ledger.deliver(deliveries.length);
    let left: Delivery[] | null = null;
    for (let i = 0; i < deliveries.length; i++) {
      const delivery = deliveries[i]!;
      if (!delivery.noLocal && delivery.subscriber.deliverRun(run, delivery)) continue;
      left ??= [];
      left.push(delivery);
    }
    return left === null && groups.length === 0 ? null : { deliveries: left ?? [], groups };
  }

  /** What a topic matches now. */
  match(topic: Topic): Matches {
    if (topic.matches === null || !this.#stillHolds(topic)) topic.matches = this.#matchAfresh(topic.name);
    topic.generation = this.#generation;
    return this.#rights === 'always' ? permitted(topic.matches, topic.name) : topic.matches;
  }

  /**
   * Who has subscribed to a topic, whatever their rights, each subscription by itself; at most a thousand filters. For
   * those who look, not for messages: nothing of it is kept.
   */
  audience(topic: string): TopicAudience {
    return this.#trie.audience(topic, MOST_FILTERS);
  }

  #stillHolds(topic: Topic): boolean {
    const since = topic.generation;
    if (this.#generation - since > CHANGES_KEPT) return false;
    for (let g = since + 1; g <= this.#generation; g++) {
      if (matchTopic(this.#changes[g % CHANGES_KEPT]!, topic.name)) return false;
    }
    return true;
  }

  #matchAfresh(name: string): Matches {
    const found: Subscription[] = [];
    const groups: ShareGroup[] = [];
    const looked = this.#trie.match(name, (route) => {
      if (isSubscription(route)) found.push(route);
      else groups.push(route);
    });
    this.#ledger.spend(looked + found.length);
    if (found.length === 0 && groups.length === 0) return nothing;
    const deliveries = found.length < 2 ? found : onePerSubscriber(found);
    return this.#rights === 'remembered' ? permitted({ deliveries, groups }, name) : { deliveries, groups };
  }
}

/** Without those who may not have the topic; share groups look for themselves. */
const permitted = ({ deliveries, groups }: Matches, topic: string): Matches => ({
  deliveries: deliveries.filter((one) => mayReceive(one, topic)),
  groups,
});

function mayReceive({ subscriber }: Delivery, topic: string): boolean {
  return subscriber.mayReceive === undefined || subscriber.mayReceive(topic);
}

function deliverToSelf(fanout: Fanout, delivery: Delivery, publisher: Subscriber): void {
  const rest = withoutNoLocal(delivery);
  if (rest !== null) publisher.deliver(fanout, rest);
}

/** Up to here comparing each with each is cheaper than a map. */
const FEW = 16;

function allDifferent(found: readonly Subscription[]): boolean {
  for (let i = 1; i < found.length; i++) {
    for (let k = 0; k < i; k++) if (found[i]!.subscriber === found[k]!.subscriber) return false;
  }
  return true;
}

/** Merges the subscriptions of each subscriber, so that nobody gets a message twice. // [MQTT-3.3.4-4] */
function onePerSubscriber(found: readonly Subscription[]): readonly Delivery[] {
  if (found.length <= FEW && allDifferent(found)) return found;
  const bySubscriber = new Map<Subscriber, Subscription | Subscription[]>();
  for (const subscription of found) {
    const before = bySubscriber.get(subscription.subscriber);
    if (before === undefined) bySubscriber.set(subscription.subscriber, subscription);
    else if (Array.isArray(before)) before.push(subscription);
    else bySubscriber.set(subscription.subscriber, [before, subscription]);
  }
  if (bySubscriber.size === found.length) return found;
  const deliveries: Delivery[] = [];
  for (const parts of bySubscriber.values()) {
    deliveries.push(Array.isArray(parts) ? mergeSubscriptions(parts) : parts);
  }
  return deliveries;
}
