import { hasWildcard, parseSharedFilter } from '@cauldron/protocol';
import type { Subscriber } from '../ports.ts';
import { EdgeTable } from './edge-table.ts';
import { ShareGroup } from './share-group.ts';
import { Subscription } from './subscription.ts';

/** What a filter leads to: single subscriptions, and one entry for each share group. */
export type Route = Subscription | ShareGroup;

/** A filter has one route almost always, so nothing is allocated for a list until it has two. */
type Routes = Route | Route[] | Map<RouteKey, Route>;

/** What tells the routes of one filter apart: a subscriber has one, and so has the name of a share group. */
type RouteKey = Subscriber | string;

/** Above this many routes a filter keeps them by key, so that a busy filter's clients may leave in any order. */
const LARGEST_LIST = 32;

function keyOf(route: Route): RouteKey {
  return route instanceof ShareGroup ? route.name : route.subscriber;
}

function addRoute(routes: Routes | undefined, route: Route): Routes {
  if (routes === undefined) return route;
  if (routes instanceof Map) return routes.set(keyOf(route), route);
  if (!Array.isArray(routes)) return [routes, route];
  routes.push(route);
  return routes.length > LARGEST_LIST ? new Map(routes.map((one) => [keyOf(one), one])) : routes;
}

/** The routes without one of them, undefined when none is left. */
function withoutRoute(routes: Routes, key: RouteKey): Routes | undefined {
  if (routes instanceof Map) {
    routes.delete(key);
    return routes.size === 0 ? undefined : routes;
  }
  if (!Array.isArray(routes)) return keyOf(routes) === key ? undefined : routes;
  const index = routes.findIndex((route) => keyOf(route) === key);
  if (index >= 0) routes.splice(index, 1);
  return routes.length === 1 ? routes[0] : routes;
}

function eachRoute(routes: Routes, visit: (route: Route) => void): void {
  if (Array.isArray(routes)) for (const route of routes) visit(route);
  else if (routes instanceof Map) for (const route of routes.values()) visit(route);
  else visit(routes);
}

/** A list changes under who walks it, so it is copied; it is short. A map goes on where it was. */
function* walkAll(all: readonly Routes[]): Generator<Route, void> {
  for (const routes of all) {
    if (Array.isArray(routes)) yield* [...routes];
    else if (routes instanceof Map) yield* routes.values();
    else yield routes;
  }
}

/** Who has subscribed to a topic. */
export interface TopicAudience {
  /** The filters that match it, whoever has them, share groups' without `$share/group/`. */
  readonly filters: readonly string[];
  /** Subscriptions and share groups, to be walked once. */
  readonly routes: Iterable<Route>;
}

function findRoute(routes: Routes | undefined, key: RouteKey): Route | undefined {
  if (routes instanceof Map) return routes.get(key);
  if (Array.isArray(routes)) return routes.find((route) => keyOf(route) === key);
  return routes !== undefined && keyOf(routes) === key ? routes : undefined;
}

/**
 * Every subscription, found by topic. Filters without wildcards are looked up whole; the others form a trie by level.
 *
 *     exact:  'site/7/temp' -> routes
 *     trie:   root --site--> n1 --+--> n2 --temp--> n3 (routes of 'site/+/temp')
 *                               \--#--> routes of 'site/#' sit on a node of their own, below '#'
 *
 * Nodes are numbers and edges rows of one table, so a million filters are a few typed arrays, not a million maps.
 */
export class SubscriptionTrie {
  readonly #exact = new Map<string, Routes>();
  readonly #edges = new EdgeTable();
  /** Routes by node number. */
  readonly #routes: (Routes | undefined)[] = [];
  #walked = 0;
  #subscriptions = 0;
  #shared = 0;

  /** Subscriptions of all subscribers, members of share groups included. */
  get size(): number {
    return this.#subscriptions;
  }

  /** Of these, members of share groups. */
  get sharedSize(): number {
    return this.#shared;
  }

  /**
   * Adds a subscription to a filter, `$share/group/...` included. The caller removes one it replaces first.
   */
  add(filter: string, subscription: Subscription): void {
    const shared = parseSharedFilter(filter);
    this.#subscriptions += 1;
    if (shared === undefined) {
      this.#addRoute(filter, subscription);
      return;
    }
    this.#shared += 1;
    const existing = this.#findGroup(shared.filter, shared.group);
    if (existing !== undefined) {
      existing.set(subscription);
      return;
    }
    const created = new ShareGroup(shared.group);
    created.set(subscription);
    this.#addRoute(shared.filter, created);
  }

  /** Removes the subscription a subscriber has to a filter. */
  remove(filter: string, subscriber: Subscriber): void {
    const shared = parseSharedFilter(filter);
    this.#subscriptions -= 1;
    if (shared === undefined) {
      this.#removeRoute(filter, subscriber);
      return;
    }
    this.#shared -= 1;
    const group = this.#findGroup(shared.filter, shared.group);
    if (group === undefined) return;
    group.delete(subscriber);
    if (group.size === 0) this.#removeRoute(shared.filter, group.name);
  }

  /**
   * Calls `visit` for every route whose filter matches the topic (section 4.7). // [MQTT-3.3.2-3] [MQTT-4.7.3-4]
   *
   * @returns how many places it looked at
   */
  match(topic: string, visit: (route: Route) => void): number {
    const exact = this.#exact.get(topic);
    if (exact !== undefined) eachRoute(exact, visit);
    if (this.#edges.size === 0) return 1;
    const levels = this.#levels(topic);
    // A topic that starts with $ is matched by no filter that starts with a wildcard. // [MQTT-4.7.2-1]
    this.#walked = 0;
    this.#walk(0, levels, 0, topic.charCodeAt(0) === 36, visit);
    return this.#walked;
  }

  /**
   * Who has subscribed to a topic, for those who look at their leisure: routes may be walked while others come and go.
   *
   * @param most how many filters are told at most
   */
  audience(topic: string, most: number): TopicAudience {
    const filters: string[] = [];
    const found: Routes[] = [];
    const note = (routes: Routes | undefined, filter: readonly string[]) => {
      if (routes === undefined) return;
      found.push(routes);
      if (filters.length < most) filters.push(filter.join('/'));
    };
    const names = topic.split('/');
    note(this.#exact.get(topic), names);
    if (this.#edges.size > 0) this.#name(0, [], names, this.#levels(topic), note);
    return { filters, routes: walkAll(found) };
  }

  /** {@link #walk}, with the way there. */
  #name(
    node: number,
    way: readonly string[],
    names: readonly string[],
    levels: readonly number[],
    note: (routes: Routes | undefined, filter: readonly string[]) => void,
  ): void {
    const edges = this.#edges;
    const depth = way.length;
    const hidden = depth === 0 && names[0]!.startsWith('$'); // [MQTT-4.7.2-1]
    const rest = hidden ? 0 : edges.multi(node);
    if (rest !== 0) note(this.#routes[rest], [...way, '#']);
    if (depth === levels.length) {
      note(this.#routes[node], way);
      return;
    }
    const literal = edges.child(node, levels[depth]!);
    if (literal !== 0) this.#name(literal, [...way, names[depth]!], names, levels, note);
    const single = hidden ? 0 : edges.single(node);
    if (single !== 0) this.#name(single, [...way, '+'], names, levels, note);
  }

  /** The identifiers of a topic's levels. Looked up once, since the walk may come by a level several times. */
  #levels(topic: string): number[] {
    const ids: number[] = [];
    for (let start = 0; ; ) {
      const slash = topic.indexOf('/', start);
      ids.push(this.#edges.levelId(slash < 0 ? topic.slice(start) : topic.slice(start, slash)));
      if (slash < 0) return ids;
      start = slash + 1;
    }
  }

  #walk(node: number, levels: readonly number[], depth: number, hidden: boolean, visit: (route: Route) => void): void {
    this.#walked += 1;
    const edges = this.#edges;
    if (!hidden) {
      const rest = edges.multi(node);
      if (rest !== 0) this.#visit(rest, visit); // matches the parent level too: 'a/#' and 'a' // [MQTT-4.7.1-1]
    }
    if (depth === levels.length) {
      this.#visit(node, visit);
      return;
    }
    const literal = edges.child(node, levels[depth]!);
    if (literal !== 0) this.#walk(literal, levels, depth + 1, false, visit);
    if (!hidden) {
      const single = edges.single(node); // [MQTT-4.7.1-2]
      if (single !== 0) this.#walk(single, levels, depth + 1, false, visit);
    }
  }

  #visit(node: number, visit: (route: Route) => void): void {
    const routes = this.#routes[node];
    if (routes !== undefined) eachRoute(routes, visit);
  }

  #routesOf(filter: string): Routes | undefined {
    return hasWildcard(filter) ? this.#routes[this.#edges.find(filter)] : this.#exact.get(filter);
  }

  #findGroup(filter: string, name: string): ShareGroup | undefined {
    return findRoute(this.#routesOf(filter), name) as ShareGroup | undefined;
  }

  #addRoute(filter: string, route: Route): void {
    if (!hasWildcard(filter)) {
      this.#exact.set(filter, addRoute(this.#exact.get(filter), route));
      return;
    }
    const node = this.#edges.insert(filter);
    this.#routes[node] = addRoute(this.#routes[node], route);
  }

  #removeRoute(filter: string, key: RouteKey): void {
    if (!hasWildcard(filter)) {
      const routes = this.#exact.get(filter);
      const left = routes === undefined ? undefined : withoutRoute(routes, key);
      if (left === undefined) this.#exact.delete(filter);
      else this.#exact.set(filter, left);
      return;
    }
    const node = this.#edges.find(filter);
    const routes = this.#routes[node];
    if (node === 0 || routes === undefined) return;
    const left = withoutRoute(routes, key);
    this.#routes[node] = left;
    if (left === undefined) this.#edges.prune(filter, (n) => this.#routes[n] !== undefined);
  }
}

/** True for a plain subscription, false for a share group. */
export function isSubscription(route: Route): route is Subscription {
  return route instanceof Subscription;
}
