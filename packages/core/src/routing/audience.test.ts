import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic, parseSharedFilter } from '@cauldron/protocol';
import type { Subscriber } from '../ports.ts';
import { Router } from './router.ts';
import { Subscription } from './subscription.ts';

const subscriber = (mayReceive?: (topic: string) => boolean): Subscriber => ({
  deliver: () => {},
  deliverRun: () => false,
  ready: true,
  ...(mayReceive === undefined ? {} : { mayReceive }),
});

test('an audience is everybody who subscribed, also who may not receive', () => {
  const router = new Router(16, 1, 'remembered');
  const [allowed, denied] = [subscriber(() => true), subscriber(() => false)];
  router.add('a/+', new Subscription(allowed, { qos: 1 }));
  router.add('a/#', new Subscription(denied, { qos: 0 }));
  const { deliveries } = router.audience('a/b');
  assert.deepEqual(new Set(deliveries.map((one) => one.subscriber)), new Set([allowed, denied]));
  assert.deepEqual(
    router.match(router.topics.intern('a/b')).deliveries.map((one) => one.subscriber),
    [allowed],
    'and messages still go to those who may',
  );
});

test('asking for an audience enters no topic into the table', () => {
  const router = new Router(16, 1);
  router.add('a', new Subscription(subscriber(), { qos: 0 }));
  assert.equal(router.audience('a').deliveries.length, 1);
  assert.equal(router.topics.size, 0);
});

test('an audience names the share groups with their members', () => {
  const router = new Router(16, 1);
  const [one, two] = [subscriber(), subscriber()];
  router.add('$share/g/a/#', new Subscription(one, { qos: 0 }));
  router.add('$share/g/a/#', new Subscription(two, { qos: 2 }));
  const { groups, filters } = router.audience('a/b');
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
