import { Router, type Subscriber, Subscription } from '@cauldron/core';
import { filtersOf, MATCHES, spread, topicName } from '../load/topics.ts';
import type { MicroCase, MicroGroup } from './runner.ts';

const CLIENTS = 200;
const TOPICS_CACHED = 65_536;
/** As 1,000 subscribes and unsubscribes a second beside a million messages. */
const LOOKUPS_PER_CHANGE = 1000;

/** A subscriber that only exists. */
const nobody = (): Subscriber => ({ deliver: () => {}, deliverRun: () => false, ready: true });

function filled(subscriptions: number): Router {
  const router = new Router(TOPICS_CACHED, 1);
  for (let client = 0; client < CLIENTS; client++) {
    const subscriber = nobody();
    for (const filter of filtersOf(client, CLIENTS, subscriptions)) {
      router.add(filter, new Subscription(subscriber, { qos: 0 }));
    }
  }
  return router;
}

/** Looks a topic up by its bytes, as a PUBLISH does, and what matches it; `topics` of them by turns. */
function lookup(name: string, router: Router, topics: number): MicroCase {
  const pick = spread(1);
  const encoder = new TextEncoder();
  const names = Array.from({ length: 1024 }, () => encoder.encode(topicName(pick(topics))));
  return {
    name,
    run: (times) => {
      let matched = 0;
      for (let i = 0; i < times; i++) {
        const bytes = names[i & 1023]!;
        const topic = router.topics.find(bytes, 0, bytes.length) ?? router.topics.intern(decode(bytes));
        matched += router.match(topic).deliveries.length;
      }
      return matched;
    },
  };
}

/** The same lookups while a wildcard filter that matches none of them comes and goes around every thousandth. */
function lookupBesideChurn(name: string, router: Router, topics: number): MicroCase {
  const plain = lookup(name, router, topics);
  const subscriber = nobody();
  return {
    name,
    run: (times) => {
      let matched = 0;
      for (let i = 0; i < times; i += LOOKUPS_PER_CHANGE) {
        const filter = `bench/+/away/${i & 1023}/#`;
        router.add(filter, new Subscription(subscriber, { qos: 0 }));
        matched += plain.run(LOOKUPS_PER_CHANGE);
        router.remove(filter, subscriber);
      }
      return matched;
    },
  };
}

const decoder = new TextDecoder();
const decode = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Built when asked for: a hundred thousand subscriptions take a moment. */
export function routingGroups(): MicroGroup[] {
  const [small, large] = [filled(1000), filled(100_000)];
  return [
    {
      name: 'find who gets a publish (10 match)',
      cases: [
        lookup('1k subscriptions, 100 topics', small, 100),
        lookup('100k subscriptions, 100 hot topics', large, 100),
        lookup('100k subscriptions, 1,024 of all topics', large, 100_000 / MATCHES),
        lookupBesideChurn('1k subscriptions, a wildcard comes and goes per 1,000 lookups', small, 100),
      ],
    },
  ];
}

/** Heap and typed-array bytes one subscription takes in the router (not counting the session's own record of it). */
export function bytesPerSubscription(subscriptions: number, collect: () => void): number {
  const used = (): number => {
    // Twice: what finalizers release goes only with the second.
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const router = filled(subscriptions);
  const bytes = (used() - before) / subscriptions;
  if (router.subscriptions !== subscriptions) throw new Error('the router lost subscriptions');
  return bytes;
}
