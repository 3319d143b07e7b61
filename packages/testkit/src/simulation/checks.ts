import { matchTopic } from '@cauldron/protocol';
import type { Generation, Ledger, SentMessage, SubscriptionModel } from './ledger.ts';
import { Violation } from './ledger.ts';
import type { World } from './world.ts';

/**
 * What must hold of the past once everything has come to rest.
 *
 * @throws {Violation} the first that does not
 */
export function checkLedger({ ledger, queuesQos0 }: World): void {
  const topics = byTopic(ledger.messages);
  for (const generation of ledger.generations) {
    checkReceipts(generation, ledger, queuesQos0);
    checkRetained(generation, topics, ledger);
    if (generation.alive) checkDelivered(generation, topics);
  }
  checkShared(ledger, topics);
}

function byTopic(messages: readonly SentMessage[]): Map<string, SentMessage[]> {
  const topics = new Map<string, SentMessage[]>();
  for (const message of messages) {
    const list = topics.get(message.topic);
    if (list === undefined) topics.set(message.topic, [message]);
    else list.push(message);
  }
  return topics;
}

function checkReceipts(generation: Generation, ledger: Ledger, queuesQos0: boolean): void {
  const asPublished = generation.subscriptions.some(({ retainAsPublished }) => retainAsPublished);
  for (const [message, { live, fresh, exact, qos }] of generation.receipts) {
    if (asPublished && message.retain) continue;
    // Each share group the client is in may give it one, beside the one for all its own subscriptions.
    const ways = waysTo(generation, message);
    // A broker that forgot a message with a crash gets it again; but what goes to a session that lasts with QoS 2, it
    // sends only when it cannot forget it any more.
    const surely = generation.persistent && exact === live;
    const forgotten = ledger.troubledSince(message.firstSentAt) && !surely;
    const copies = message.qos === 1 || forgotten ? message.transmissions : 1;
    const twice = generation.persistent && exact > ways && message.qos === 2;
    // What was sent, or answered, just before a crash is sent afresh.
    const again = qos === 1 || (qos === 0 && queuesQos0) ? 1 + ledger.crashesSince(message.firstSentAt) : 1;
    if (twice || (message.qos !== 1 && qos !== 1 && live > ways * copies * again)) {
      const what = `message ${message.index} (QoS ${message.qos}) came ${live} times to ${generation}`;
      throw new Violation('exactly-once', what);
    }
    if (fresh > ways * copies * again) {
      const what = `message ${message.index}, sent ${message.transmissions} times, came ${fresh} times without DUP to ${generation}`;
      throw new Violation('at-least-once', what);
    }
  }
}

function waysTo(generation: Generation, message: SentMessage): number {
  const ways = new Set<string>();
  for (const { filter, group } of generation.subscriptions) {
    if (matchTopic(filter, message.topic)) ways.add(group === undefined ? '' : `${group} ${filter}`);
  }
  return ways.size;
}

/** Whether a subscription was surely there from before the message was sent until it was acknowledged. */
function covers(subscription: SubscriptionModel, message: SentMessage): boolean {
  return subscription.sureFrom < message.firstSentAt && subscription.sureTo > message.acknowledgedAt;
}

function acknowledged(message: SentMessage): boolean {
  return message.acknowledgedAt < Number.POSITIVE_INFINITY;
}

function checkDelivered(generation: Generation, topics: ReadonlyMap<string, SentMessage[]>): void {
  for (const subscription of generation.subscriptions) {
    if (subscription.group !== undefined || subscription.qos === 0) continue;
    for (const [topic, messages] of topics) {
      if (!matchTopic(subscription.filter, topic)) continue;
      for (const message of messages) {
        if (!owed(message, generation, subscription) || generation.receipts.has(message)) continue;
        const what = `message ${message.index} on ${topic} never came to ${generation}, subscribed to ${subscription.written}`;
        throw new Violation('acknowledged-delivered', what);
      }
    }
  }
}

function owed(message: SentMessage, generation: Generation, subscription: SubscriptionModel): boolean {
  if (message.qos === 0 || message.empty || message.expires || !acknowledged(message)) return false;
  if (!generation.takes(message) || !covers(subscription, message)) return false;
  // What is forwarded as it was retained is not told from what was retained before.
  if (message.retain && generation.subscriptions.some(({ retainAsPublished }) => retainAsPublished)) return false;
  return !(subscription.noLocal && message.publisher === generation.clientId);
}

// ---- retained

function checkRetained(generation: Generation, topics: ReadonlyMap<string, SentMessage[]>, ledger: Ledger): void {
  for (const { message, identifier, at } of generation.retained) {
    const since = askedAt(generation, message.topic, identifier, at);
    const newer = topics
      .get(message.topic)!
      .find((other) => supersedes(other, message) && other.acknowledgedAt < since);
    if (newer === undefined) continue;
    const what = `${generation} got message ${message.index} on ${message.topic}; ${newer.index} was acknowledged before it asked`;
    throw new Violation('retained-fresh', what);
  }
  if (!generation.alive) return;
  for (const subscription of generation.subscriptions) {
    for (const [topic, messages] of topics) {
      if (matchTopic(subscription.filter, topic)) checkGotRetained(generation, subscription, messages, ledger);
    }
  }
}

/** When the SUBSCRIBE was sent that a retained message answers: the first it can have been. */
function askedAt(generation: Generation, topic: string, identifier: number, at: number): number {
  let first = at;
  for (const { filter, possibleFrom, identifier: own } of generation.subscriptions) {
    if (own === identifier && possibleFrom < first && matchTopic(filter, topic)) first = possibleFrom;
  }
  return first;
}

/** Whether one retained message surely replaced another: the other was over and done with when it was sent. */
function supersedes(later: SentMessage, earlier: SentMessage): boolean {
  if (!later.retain || later === earlier || !acknowledged(later)) return false;
  if (acknowledged(earlier)) return earlier.acknowledgedAt < later.firstSentAt;
  // QoS 0 is sent once, so what the same client sends behind it comes later.
  return earlier.qos === 0 && earlier.publisher === later.publisher && earlier.index < later.index;
}

function checkGotRetained(
  generation: Generation,
  subscription: SubscriptionModel,
  messages: SentMessage[],
  ledger: Ledger,
): void {
  if (subscription.group !== undefined || subscription.qos === 0 || subscription.retainHandling === 2) return;
  const since = subscription.possibleFrom;
  const again = generation.subscriptions.some(
    (other) => other.written === subscription.written && other.possibleFrom < since && other.possibleTo >= since,
  );
  // Given up before it was answered, it need not be served.
  if (subscription.sureTo < subscription.sureFrom) return;
  if (subscription.sureFrom === Number.POSITIVE_INFINITY || (subscription.retainHandling === 1 && again)) return;
  if (generation.subscriptions.some(({ retainAsPublished }) => retainAsPublished)) return;
  // What a crash kept it from getting it gets when it is back, as it is then.
  const until = ledger.crashesSince(since) > 0 ? Number.POSITIVE_INFINITY : subscription.sureFrom;
  const kept = messages.filter((message) => message.retain && message.firstSentAt < until);
  const base = kept.find((message) => message.qos > 0 && message.acknowledgedAt < since);
  // Whatever may be the retained one must be there to stay and of a kind that is surely delivered.
  const candidates = kept.filter(
    (message) => !kept.some((other) => other.acknowledgedAt < since && supersedes(other, message)),
  );
  if (base === undefined) return;
  const own = (m: SentMessage) => subscription.noLocal && m.publisher === generation.clientId;
  if (candidates.some((m) => m.qos === 0 || m.empty || m.expires || own(m) || !generation.takes(m))) return;
  if (generation.retained.some(({ message, at }) => at > since && message.topic === base.topic)) return;
  const what = `${generation} subscribed to ${subscription.written} and got nothing retained on ${base.topic}`;
  throw new Violation('retained-delivered', what);
}

// ---- shared subscriptions

interface Group {
  readonly name: string;
  readonly filter: string;
  readonly members: [Generation, SubscriptionModel][];
}

function checkShared(ledger: Ledger, topics: ReadonlyMap<string, SentMessage[]>): void {
  const groups = new Map<string, Group>();
  for (const generation of ledger.generations) {
    for (const subscription of generation.subscriptions) {
      const { group, written, filter } = subscription;
      if (group === undefined) continue;
      const found = groups.get(written) ?? { name: group, filter, members: [] };
      groups.set(written, found);
      found.members.push([generation, subscription]);
    }
  }
  for (const group of groups.values()) {
    for (const [topic, messages] of topics) {
      if (!matchTopic(group.filter, topic)) continue;
      for (const message of messages) checkGroup(group, message, ledger);
    }
  }
}

/** Clients of one group are in no other, and shared topics match nobody's own subscriptions. */
function checkGroup(group: Group, message: SentMessage, ledger: Ledger): void {
  const generations = new Set(group.members.map(([generation]) => generation));
  const got = [...generations].filter((generation) => generation.receipts.has(message));
  const surely = got.every((generation) => generation.persistent && generation.receipts.get(message)!.qos === 2);
  const forgotten = ledger.troubledSince(message.firstSentAt) && !surely;
  const most = message.qos === 1 || forgotten ? message.transmissions : 1;
  if (got.length > most) {
    const what = `message ${message.index}, sent ${most} times, came to ${got.join(' and ')}, all in group ${group.name}`;
    throw new Violation('shared-once', what);
  }
  if (got.length > 0 || message.qos === 0 || message.empty || message.expires || !acknowledged(message)) return;
  const { firstSentAt, acknowledgedAt } = message;
  const possible = group.members.filter(([generation, subscription]) => {
    return (
      generation.replacedAt > firstSentAt &&
      subscription.possibleFrom < acknowledgedAt &&
      subscription.possibleTo > firstSentAt
    );
  });
  // A member whose session ended took its messages along; one at QoS 0 may have lost them.
  const lasting = possible.every(([generation, { qos }]) => generation.alive && qos > 0 && generation.takes(message));
  if (!lasting || !possible.some(([, subscription]) => covers(subscription, message))) return;
  throw new Violation('shared-once', `message ${message.index} came to nobody of group ${group.name}`);
}

// ---- the store

/** Everybody is connected and has everything: the store holds sessions, and messages only where they are retained. */
export function checkStoreAtRest(world: World): void {
  const { engine, broker } = world;
  if (engine === null) return;
  const { entries, messages, references, retained, sessions } = engine.content();
  const durable = [...broker.sessions.values()].filter(({ number }) => number > 0).length;
  const counts = `${entries} entries, ${messages} messages with ${references} references, ${retained} retained`;
  if (entries !== 0 || messages !== retained || references !== retained || retained !== broker.retained.count) {
    throw new Violation(
      'nothing-left',
      `with nothing queued and ${broker.retained.count} retained the store has ${counts}`,
    );
  }
  if (sessions !== durable) {
    throw new Violation('session', `the store has ${sessions} sessions, and the broker ${durable} that are to last`);
  }
}

/** Everybody gave up its session: what is retained is all there is. */
export function checkNothingKept(world: World): void {
  const content = world.engine?.content();
  if (content === undefined) return;
  const { sessions, subscriptions, entries, messages, references, retained } = content;
  if (sessions + subscriptions + entries === 0 && messages === retained && references === retained) return;
  throw new Violation('nothing-left', `after everybody has gone the store has ${JSON.stringify(content)}`);
}
