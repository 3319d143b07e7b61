import type { Properties } from '@cauldron/protocol';
import {
  filtersOverlap,
  matchTopic,
  PacketType,
  type QoS,
  ReasonCode,
  type RetainHandling,
  reasonCodeName,
  topicFilterProblem,
} from '@cauldron/protocol';
import { clientError, hex } from './error.ts';
import type { Outbound } from './outbound.ts';
import type { Subscription } from './subscription.ts';
import { SubscriptionTrie } from './subscription-trie.ts';
import { parseNamedFilter } from './topic-params.ts';

type Any = Subscription<unknown>;

/** What the registry needs of its session. */
export interface SubscriptionsPort {
  /** Other subscriptions may match a topic than before. */
  subscriptionsChanged(): void;
  /** Calls the program. */
  call(callback: () => void): void;
  /** What the broker allows; empty while there is no connection. */
  readonly limits: Properties;
  /** Whether the broker knows Subscription Identifiers. // [MQTT-3.2.2-12] */
  readonly identifies: boolean;
}

/** Up to so many subscriptions are compared with each other. */
const FEW = 200;
/** Identifiers up to here take two bytes on the wire, and three where there are many. */
const IDENTIFIERS = 16_383;
const MANY_IDENTIFIERS = 2_097_151;

/**
 * What the program is subscribed to, whatever becomes of the connection: asks the broker for it, again after a reconnect
 * where the broker has lost the session, and unsubscribes from what nobody wants any more.
 */
export class Subscriptions {
  readonly #outbound: Outbound;
  readonly #port: SubscriptionsPort;
  readonly #trie = new SubscriptionTrie<Any>();
  /** Who uses a filter. */
  readonly #users = new Map<string, Any[]>();
  readonly #all = new Set<Any>();
  /** Filters that the broker's session has and nobody wants. */
  #unwanted: Set<string> | undefined;
  /** Those of them that UNSUBSCRIBE names and no UNSUBACK yet. */
  #leaving: Set<string> | undefined;
  /** Who waits for an UNSUBACK. */
  #confirming: Set<() => void> | undefined;
  /** The Subscription Identifier that the broker has for a filter, where there is one. */
  #identifiers: Map<string, number> | undefined;
  #connected = false;

  constructor(outbound: Outbound, port: SubscriptionsPort) {
    this.#outbound = outbound;
    this.#port = port;
  }

  /** Who wants messages on a topic. */
  match(topic: string): readonly Any[] {
    return this.#trie.match(topic);
  }

  /**
   * Those of `found` that a copy of a message is for. A broker may send a copy for each of several subscriptions that
   * match: each belongs to whose first matching filter has one of its identifiers.
   */
  narrow(topic: string, found: readonly Any[], identifiers: readonly number[]): readonly Any[] {
    const own = found.filter(({ filters }) => {
      const first = filters.find(({ pattern }) => matchTopic(pattern, topic));
      return identifiers.includes(this.#identifiers?.get(first?.filter ?? '') ?? 0);
    });
    return own.length === 0 ? found : own;
  }

  /** @throws {MqttError} TOPIC_FILTER_INVALID */
  add(subscription: Any): void {
    for (const { filter } of subscription.filters) check(filter);
    if (subscription.filters.length === 0) throw invalid('a subscription needs at least one topic filter');
    this.#identify(subscription);
    this.#all.add(subscription);
    for (const { filter, pattern } of subscription.filters) {
      this.#trie.add(pattern, subscription);
      this.#users.set(filter, this.#users.get(filter)?.concat(subscription) ?? [subscription]);
      this.#unwanted?.delete(filter);
    }
    this.#port.subscriptionsChanged();
    if (this.#connected) this.#subscribe(subscription);
  }

  /** Gives identifiers to a new subscription and to those that may get the same messages. */
  #identify(subscription: Any): void {
    const own = subscription.options.properties?.subscriptionIdentifiers?.[0];
    const isMany = this.#all.size >= FEW;
    const alike = isMany ? [] : [...this.#all].filter((other) => overlap(other, subscription));
    if (own !== undefined) subscription.identifier = own;
    else if (isMany) subscription.identifier = hashOf(subscription, MANY_IDENTIFIERS);
    else if (alike.length > 0) subscription.identifier = freeIdentifier(subscription, alike);
    for (const other of alike) {
      if (other.identifier > 0) continue;
      other.identifier = freeIdentifier(other, [subscription]); // until now it overlapped with none
      const isReplaced = other.filters.every((one) => subscription.filters.some(({ filter }) => one.filter === filter));
      if (this.#connected && this.#port.identifies && !isReplaced) this.#subscribe(other, 2);
    }
  }

  /** The program has ended one. */
  remove(subscription: Any): void {
    const unwanted = this.#take(subscription);
    if (unwanted.length === 0) return;
    for (const filter of unwanted) (this.#unwanted ??= new Set()).add(filter);
    if (this.#connected) this.#unsubscribe();
  }

  /** Forgets one; answers the filters that nobody else uses. */
  #take(subscription: Any): string[] {
    if (!this.#all.delete(subscription)) return [];
    const unwanted: string[] = [];
    for (const { filter, pattern } of subscription.filters) {
      this.#trie.remove(pattern, subscription);
      const users = this.#users.get(filter)?.filter((user) => user !== subscription) ?? [];
      if (users.length > 0) this.#users.set(filter, users);
      else if (this.#users.delete(filter)) {
        this.#identifiers?.delete(filter);
        unwanted.push(filter);
      }
    }
    this.#port.subscriptionsChanged();
    return unwanted;
  }

  /**
   * Ends all that use a filter and unsubscribes from it, also where only the broker's session knows it.
   *
   * @param done called when the broker has confirmed it, or there is no connection
   * @throws {MqttError} TOPIC_FILTER_INVALID
   */
  unsubscribe(named: string, done: () => void, properties?: Properties): void {
    const { filter } = parseNamedFilter(named);
    check(filter);
    this.#unwanted ??= new Set();
    for (const subscription of [...(this.#users.get(filter) ?? [])]) {
      for (const unwanted of this.#take(subscription)) this.#unwanted.add(unwanted);
      subscription.close();
    }
    this.#unwanted.add(filter);
    if (this.#connected) this.#unsubscribe(done, properties);
    else done();
  }

  /** @param isOurs the session that is there is certainly the one that had our subscriptions */
  connected(sessionPresent: boolean, isOurs: boolean): void {
    this.#connected = true;
    if (sessionPresent) this.#unsubscribe();
    else this.#unwanted?.clear();
    for (const subscription of [...this.#all]) {
      if (!isOurs) subscription.confirmed = false;
      if (!subscription.confirmed) this.#subscribe(subscription);
    }
  }

  disconnected(): void {
    this.#connected = false;
    for (const filter of this.#leaving ?? []) if (!this.#users.has(filter)) (this.#unwanted ??= new Set()).add(filter);
    this.#leaving?.clear();
    for (const done of this.#confirming ?? []) done();
    this.#confirming?.clear();
  }

  /** @param again 2 where only the identifier is new: what is retained does not come again */
  #subscribe(subscription: Any, again?: RetainHandling): void {
    const { noLocal = false, retainAsPublished = false, retainHandling = 0 } = subscription.options;
    const unsupported = this.#unsupported(subscription);
    if (unsupported !== undefined) {
      this.#end(subscription, unsupported);
      return;
    }
    const properties = this.#properties(subscription);
    const subscriptions = subscription.filters.map(({ filter }) => {
      return { filter, qos: this.#qosOf(filter), noLocal, retainAsPublished, retainHandling: again ?? retainHandling };
    });
    const make = (packetId: number) => ({ type: PacketType.subscribe, packetId, subscriptions, properties }) as const;
    try {
      this.#outbound.request(PacketType.suback, make, ({ reasonCodes }) => this.#granted(subscription, reasonCodes));
    } catch (error) {
      this.#end(subscription, error as Error);
    }
  }

  /** Properties of its SUBSCRIBE; notes the identifier that its filters have from here on. */
  #properties({ filters, options, identifier }: Any): Properties | undefined {
    const isIdentified = identifier > 0 && this.#port.identifies;
    for (const { filter } of filters) {
      if (isIdentified) (this.#identifiers ??= new Map()).set(filter, identifier);
      else this.#identifiers?.delete(filter);
    }
    return isIdentified ? { ...options.properties, subscriptionIdentifiers: [identifier] } : options.properties;
  }

  /** Why the broker would not even answer: it ends connections that ask for what it said it does not have. */
  #unsupported({ filters }: Any): Error | undefined {
    const { sharedSubscriptionAvailable, wildcardSubscriptionAvailable } = this.#port.limits;
    for (const { filter, pattern } of filters) {
      const isShared = sharedSubscriptionAvailable === 0 && filter !== pattern;
      if (!isShared && (wildcardSubscriptionAvailable !== 0 || !/[+#]/.test(pattern))) continue;
      const text = `the broker has no ${isShared ? 'shared subscriptions' : 'wildcards'}, so it was not asked for ${filter}`;
      const { sharedSubscriptionsNotSupported, wildcardSubscriptionsNotSupported } = ReasonCode;
      const code = isShared ? sharedSubscriptionsNotSupported : wildcardSubscriptionsNotSupported;
      return clientError('SUBSCRIBE_REFUSED', text, code);
    }
    return undefined;
  }

  /** The highest that anybody wants: a second subscription to a filter must not take away from the first. */
  #qosOf(filter: string): QoS {
    let most: QoS = 0;
    for (const { options } of this.#users.get(filter)!) if ((options.qos ?? 0) > most) most = options.qos!;
    return most;
  }

  #granted(subscription: Any, reasonCodes: readonly number[]): void {
    const isRefusal = (code: number): boolean => code >= 0x80;
    const { filters, options } = subscription;
    const { onRefused } = options;
    const refused = reasonCodes.findIndex(isRefusal);
    if (refused < 0 || (onRefused !== undefined && !reasonCodes.every(isRefusal))) {
      reasonCodes.forEach((code, i) => {
        if (isRefusal(code)) this.#port.call(() => onRefused!(filters[i]!.filter, code));
      });
      subscription.grant();
      return;
    }
    const code = reasonCodes[refused]!;
    const { filter } = filters[refused]!;
    const text = `the broker refused the subscription to ${filter}: ${reasonCodeName(code)} (${hex(code)})`;
    this.#end(subscription, clientError('SUBSCRIBE_REFUSED', text, code));
  }

  /** One cannot be had: what was granted of it is given back. */
  #end(subscription: Any, error: Error): void {
    this.remove(subscription);
    subscription.finish(error);
  }

  #unsubscribe(done?: () => void, properties?: Properties): void {
    const filters = [...(this.#unwanted ?? [])];
    if (filters.length === 0) {
      done?.();
      return;
    }
    this.#unwanted?.clear();
    for (const filter of filters) (this.#leaving ??= new Set()).add(filter);
    if (done !== undefined) (this.#confirming ??= new Set()).add(done);
    const make = (packetId: number) => ({ type: PacketType.unsubscribe, packetId, filters, properties }) as const;
    this.#outbound.request(PacketType.unsuback, make, () => {
      for (const filter of filters) this.#leaving?.delete(filter);
      if (done !== undefined && this.#confirming?.delete(done)) done();
    });
  }

  /** The client is over. */
  close(error: Error | undefined): void {
    this.disconnected();
    for (const subscription of [...this.#all]) {
      this.#take(subscription);
      subscription.finish(error);
    }
  }
}

/** 1 to `most`; the same for the same filters, also in another process that takes over the session. */
function hashOf({ filters }: Any, most: number): number {
  let hash = 0;
  for (const { filter } of filters) {
    for (let i = 0; i < filter.length; i++) hash = (Math.imul(hash, 31) + filter.charCodeAt(i)) | 0;
  }
  return 1 + ((hash >>> 0) % most);
}

/** One that none of the `others` has; those that never get the same message may share one. */
function freeIdentifier(subscription: Any, others: readonly Any[]): number {
  let identifier = hashOf(subscription, IDENTIFIERS);
  while (others.some((other) => other.identifier === identifier)) identifier = (identifier % IDENTIFIERS) + 1;
  return identifier;
}

const overlap = (a: Any, b: Any): boolean =>
  a.filters.some(({ pattern }) => b.filters.some((other) => filtersOverlap(pattern, other.pattern)));

function check(filter: string): void {
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw invalid(problem);
}

const invalid = (problem: string): Error => clientError('TOPIC_FILTER_INVALID', problem, ReasonCode.topicFilterInvalid);
