import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic, parseSharedFilter } from '@cauldron/protocol';
import type { Subscriber } from '../ports.ts';
import { Router } from './router.ts';
import { ShareGroup } from './share-group.ts';
import { Subscription } from './subscription.ts';
import { isSubscription } from './subscription-trie.ts';

const subscriber = (mayReceive?: (topic: string) => boolean): Subscriber => ({
  deliver: () => {},
  deliverRun: () => false,
  ready: true,
  ...(mayReceive === undefined ? {} : { mayReceive }),
});

const subscribers = (router: Router, topic: string): Subscriber[] =>
  [...router.audience(topic).routes].filter(isSubscription).map((one) => one.subscriber);

test('an audience is everybody who subscribed, also who may not receive', () => {
  const router = new Router(16, 1, 'remembered');
  const [allowed, denied] = [subscriber(() => true), subscriber(() => false)];
  router.add('a/+', new Subscription(allowed, { qos: 1 }));
  router.add('a/#', new Subscription(denied, { qos: 0 }));
  assert.deepEqual(new Set(subscribers(router, 'a/b')), new Set([allowed, denied]));
  assert.deepEqual(
    router.match(router.topics.intern('a/b')).deliveries.map((one) => one.subscriber),
    [allowed],
    'and messages still go to those who may',
  );
});

test('asking for an audience enters no topic into the table', () => {
  const router = new Router(16, 1);
  router.add('a', new Subscription(subscriber(), { qos: 0 }));
  assert.equal(subscribers(router, 'a').length, 1);
  assert.equal(router.topics.size, 0);
});

test('an audience names the share groups with their members', () => {
  const router = new Router(16, 1);
  const [one, two] = [subscriber(), subscriber()];
  router.add('$share/g/a/#', new Subscription(one, { qos: 0 }));
  router.add('$share/g/a/#', new Subscription(two, { qos: 2 }));
  const { routes, filters } = router.audience('a/b');
  const groups = [...routes].filter((route) => route instanceof ShareGroup);
  assert.deepEqual(
    groups.map(({ name, members }) => [name, members.map((member) => member.qos)]),
    [['g', [0, 2]]],
  );
  assert.deepEqual(filters, ['a/#']);
});

test('an audience names every filter that matches and no other, as matching one by one would', () => {
  const levels = ['', 'a', 'b', '$x'];
  const names = levels.flatMap((one) => [one, ...levels.flatMap((two) => [`${one}/${two}`, `${one}/${two}/a`])]);
  const router = new Router(16, 1);
  const filters = new Set<string>();
  for (const name of names.filter((one) => one !== '')) {
    const parts = name.split('/');
    for (let bits = 0; bits < 1 << parts.length; bits++) {
      const filter = parts.map((part, i) => ((bits >> i) & 1 ? '+' : part)).join('/');
      for (const written of [filter, `${filter}/#`, '#', `$share/g/${filter}`]) {
        if (filters.has(written)) continue;
        filters.add(written);
        router.add(written, new Subscription(subscriber(), { qos: 0 }));
      }
    }
  }
  for (const topic of names.filter((one) => one !== '')) {
    const plain = [...filters].map((written) => parseSharedFilter(written)?.filter ?? written);
    const expected = new Set(plain.filter((filter) => matchTopic(filter, topic)));
    const told = router.audience(topic).filters;
    assert.deepEqual(new Set(told), expected, topic);
    assert.equal(told.length, expected.size, `${topic}: each once`);
  }
});

test('a filter nobody has any more is not named', () => {
  const router = new Router(16, 1);
  const someone = subscriber();
  router.add('a/+/c', new Subscription(someone, { qos: 0 }));
  router.add('a/+', new Subscription(someone, { qos: 0 }));
  router.remove('a/+', someone);
  assert.deepEqual(router.audience('a/b').filters, []);
  assert.deepEqual(router.audience('a/b/c').filters, ['a/+/c']);
});

test('an audience may be walked while subscribers come and go', () => {
  const router = new Router(16, 1);
  const all = Array.from({ length: 100 }, () => subscriber());
  for (const one of all) router.add('a', new Subscription(one, { qos: 0 }));
  const few = Array.from({ length: 5 }, () => subscriber());
  for (const one of few) router.add('#', new Subscription(one, { qos: 0 }));
  const seen = new Set<Subscriber>();
  for (const route of router.audience('a').routes) {
    assert.ok(isSubscription(route));
    seen.add(route.subscriber);
    if (seen.size === 10) for (const one of all.slice(50, 60)) router.remove('a', one);
    if (route.subscriber === few[0]) router.remove('#', few[1]!);
  }
  const stayed = [...all.slice(0, 50), ...all.slice(60), ...few];
  assert.ok(stayed.every((one) => seen.has(one)));
});
