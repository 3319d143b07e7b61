import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic } from '@cauldron/protocol';
import fc from 'fast-check';
import type { Subscriber } from '../ports.ts';
import { Router } from './router.ts';
import { Subscription } from './subscription.ts';
import { isSubscription, type Route, SubscriptionTrie } from './subscription-trie.ts';

const level = fc.constantFrom('a', 'b', '', '$x');
const topic = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((name) => name !== '');
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, multi]) => [...levels, ...(multi ? ['#'] : [])].join('/'))
  .filter((name) => name !== '');

const subscribers: Subscriber[] = Array.from({ length: 4 }, () => ({
  deliver: () => {},
  deliverRun: () => false,
  ready: true,
}));

/** The few subscriptions each of them makes: one object may be entered for many filters. */
const pool = subscribers.map((subscriber) =>
  ([0, 1, 2] as const).map((qos) => new Subscription(subscriber, { qos, identifiers: [qos + 1] })),
);

/** A subscription as text that sorts. */
function label({ subscriber, qos }: Subscription): string {
  return `${subscribers.indexOf(subscriber)} QoS ${qos}`;
}

/** One step: subscriber `who` subscribes to a filter, alone or in a group, or leaves it; then a topic is looked up. */
const step = fc.record({
  who: fc.nat(subscribers.length - 1),
  filter,
  group: fc.constantFrom(undefined, undefined, 'g', 'h'),
  join: fc.boolean(),
  topic,
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A subscription and the filter it was entered for. */
interface Entry {
  readonly filter: string;
  readonly group: string | undefined;
  readonly subscription: Subscription;
}

/** The filter as a client writes it. */
function written({ filter: wanted, group }: { filter: string; group: string | undefined }): string {
  return group === undefined ? wanted : `$share/${group}/${wanted}`;
}

/** The subscriptions there are, as a list, and the router or trie that is to have the same. */
class Model {
  readonly all = new Map<string, Entry>();
  readonly #target: Pick<SubscriptionTrie, 'add' | 'remove'>;

  constructor(target: Pick<SubscriptionTrie, 'add' | 'remove'>) {
    this.#target = target;
  }

  apply(one: Step, n: number): void {
    const subscriber = subscribers[one.who]!;
    const key = `${one.who} ${written(one)}`;
    if (this.all.delete(key)) this.#target.remove(written(one), subscriber);
    if (!one.join) return;
    const subscription = pool[one.who]![n % 3]!;
    this.#target.add(written(one), subscription);
    this.all.set(key, { filter: one.filter, group: one.group, subscription });
  }

  #matching(name: string): Entry[] {
    return [...this.all.values()].filter((entry) => matchTopic(entry.filter, name));
  }

  /** Names and sizes of the groups that match. */
  groups(name: string): string[] {
    const sizes = new Map<string, [group: string, size: number]>();
    for (const entry of this.#matching(name)) {
      if (entry.group === undefined) continue;
      const [, size] = sizes.get(written(entry)) ?? ['', 0];
      sizes.set(written(entry), [entry.group, size + 1]);
    }
    return [...sizes.values()].map(([group, size]) => `${group} ${size}`).sort();
  }

  single(name: string): Subscription[] {
    return this.#matching(name).flatMap(({ group, subscription }) => (group === undefined ? [subscription] : []));
  }
}

test('the trie finds what comparing every filter with the topic finds, after any additions, replacements and removals [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.2-1]', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const trie = new SubscriptionTrie();
      const model = new Model(trie);
      for (const [n, one] of steps.entries()) {
        model.apply(one, n);
        const routes: Route[] = [];
        trie.match(one.topic, (route) => {
          routes.push(route);
        });
        const found = routes.filter(isSubscription).map(label);
        assert.deepEqual(found.sort(), model.single(one.topic).map(label).sort(), one.topic);
        const groups = routes.flatMap((route) => (isSubscription(route) ? [] : `${route.name} ${route.size}`));
        assert.deepEqual(groups.sort(), model.groups(one.topic));
        assert.equal(trie.size, model.all.size);
      }
    }),
    { numRuns: 150 },
  );
});

/** What a router says about a topic: who gets it, at which QoS, with which identifiers. */
function deliveries(router: Router, name: string): string[] {
  return router
    .match(router.topics.intern(name))
    .deliveries.map(({ subscriber, qos, identifiers }) => {
      const sorted = [...(identifiers ?? [])].sort((a, b) => a - b);
      return `${subscribers.indexOf(subscriber)} QoS ${qos} ${sorted}`;
    })
    .sort();
}

function expectedDeliveries(model: Model, name: string): string[] {
  return subscribers
    .flatMap((subscriber, who) => {
      const own = model.single(name).filter((subscription) => subscription.subscriber === subscriber);
      if (own.length === 0) return [];
      const identifiers = own.flatMap((subscription) => subscription.identifiers ?? []).sort((a, b) => a - b);
      return [`${who} QoS ${Math.max(...own.map(({ qos }) => qos))} ${identifiers}`];
    })
    .sort();
}

test('a cached match is the same as a fresh one after any churn, also with more changes than are kept and a cache too small', () => {
  const churn = fc.array(
    fc.record({ steps: fc.array(step, { maxLength: 50 }), topics: fc.array(topic, { maxLength: 5 }) }),
    {
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(churn, fc.constantFrom(3, 64), (rounds, cacheSize) => {
      const router = new Router(cacheSize, 1);
      const model = new Model(router);
      let n = 0;
      for (const { steps, topics } of rounds) {
        for (const one of steps) model.apply(one, n++);
        for (const name of [...topics, 'a', 'a/b']) {
          assert.deepEqual(deliveries(router, name), expectedDeliveries(model, name), name);
          const groups = router.match(router.topics.intern(name)).groups.map((group) => `${group.name} ${group.size}`);
          assert.deepEqual(groups.sort(), model.groups(name), name);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a match outlives changes of other filters, exact or with wildcards, and is made anew for one that matches', () => {
  const router = new Router(16, 1);
  const [one, two] = subscribers as [Subscriber, Subscriber];
  router.add('a/b', new Subscription(one, { qos: 0 }));
  router.add('a/+', new Subscription(one, { qos: 1 }));
  const matched = router.match(router.topics.intern('a/b'));
  for (let i = 0; i < 32; i++) router.add(`other/${i}/+`, new Subscription(two, { qos: 0 }));
  router.add('a/c', new Subscription(two, { qos: 0 }));
  assert.equal(router.match(router.topics.intern('a/b')), matched);
  router.add('+/b', new Subscription(two, { qos: 0 }));
  assert.equal(router.match(router.topics.intern('a/b')).deliveries.length, 2);
  router.add('a/b', new Subscription(two, { qos: 2 }));
  assert.deepEqual(
    router.match(router.topics.intern('a/b')).deliveries.map(({ qos }) => qos),
    [1, 2],
  );
});

test('a change is not forgotten behind many others that do not match', () => {
  for (const others of [0, 31, 32, 33, 64, 100]) {
    const router = new Router(16, 1);
    const topicOf = () => router.match(router.topics.intern('a/b')).deliveries.length;
    assert.equal(topicOf(), 0);
    router.add('a/+', new Subscription(subscribers[0]!, { qos: 0 }));
    for (let i = 0; i < others; i++) router.add(`other/${i}/+`, new Subscription(subscribers[1]!, { qos: 0 }));
    assert.equal(topicOf(), 1, `${others} other changes`);
  }
});

test('many subscribers of one filter may leave in any order', () => {
  for (const wanted of ['a', 'a/+']) {
    const trie = new SubscriptionTrie();
    const all = Array.from(
      { length: 100 },
      () => new Subscription({ deliver: () => {}, deliverRun: () => false, ready: true }, { qos: 0 }),
    );
    for (const subscription of all) trie.add(wanted, subscription);
    const leaving = [...all.slice(50), ...all.slice(0, 50).reverse()];
    for (const [gone, subscription] of leaving.entries()) {
      let count = 0;
      trie.match(wanted.replace('+', 'x'), () => {
        count += 1;
      });
      assert.equal(count, 100 - gone);
      trie.remove(wanted, subscription.subscriber);
    }
    assert.equal(trie.size, 0);
  }
});
