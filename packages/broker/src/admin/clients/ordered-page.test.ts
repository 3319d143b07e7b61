import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiProblem } from '../problem.ts';
import { OrderedPage, type Place } from './ordered-page.ts';

/** All pages of a list, one after the other; `between` may change the list. */
function pagesOf(places: Place[], limit: number, between: (page: number) => void = () => {}): Place[][] {
  const pages: Place[][] = [];
  let cursor: string | undefined;
  do {
    const page = new OrderedPage<Place>('test', { limit, cursor });
    for (const place of places) page.add(place, place);
    const { items, next, total } = page.page();
    assert.equal(total, places.length);
    pages.push([...items]);
    cursor = next ?? undefined;
    between(pages.length);
  } while (cursor !== undefined && pages.length < 1000);
  return pages;
}

const inOrder = (places: readonly Place[]): Place[] =>
  [...places].sort((a, b) => b.number - a.number || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const named = (...names: readonly string[]): Place[] => names.map((name) => ({ number: 0, name }));

test('whatever the list, its pages one after the other are the list in order, each entry once', () => {
  const seed = 11;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 200; round++) {
    const count = random(60);
    const names = new Set<string>();
    while (names.size < count)
      names.add(
        String.fromCodePoint(
          ...Array.from({ length: random(4) }, () => [97, 0xe9, 0x1f600, 0x2f, 0xe000][random(5)]!),
        ) + names.size,
      );
    const places = [...names].map((name) => ({ number: random(5), name }));
    const pages = pagesOf(places, 1 + random(10));
    assert.deepEqual(pages.flat(), inOrder(places), `seed ${seed}, round ${round}`);
  }
});

test('a page is full wherever there is more, and the last one says so', () => {
  const pages = pagesOf(named('d', 'a', 'c', 'b'), 2);
  assert.deepEqual(
    pages.map((page) => page.map(({ name }) => name)),
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  );
});

test('an empty list is one empty page', () => {
  assert.deepEqual(pagesOf([], 5), [[]]);
});

test('what is added or taken between two pages shifts nothing', () => {
  const places = named('a', 'b', 'c', 'd', 'e', 'f');
  const pages = pagesOf(places, 2, (page) => {
    if (page !== 1) return;
    places.splice(0, 2); // both of the first page
    places.push(...named('aa', 'cc'));
  });
  assert.deepEqual(
    pages.flat().map(({ name }) => name),
    ['a', 'b', 'c', 'cc', 'd', 'e', 'f'],
  );
});

test('numbers come largest first, and of equal ones by name', () => {
  const places = [
    { number: 1, name: 'b' },
    { number: 5, name: 'z' },
    { number: 1, name: 'a' },
  ];
  assert.deepEqual(
    pagesOf(places, 1)
      .flat()
      .map(({ name }) => name),
    ['z', 'a', 'b'],
  );
});

test('names that only differ far behind are told apart, and their cursor fits into a request', () => {
  const names = Array.from({ length: 9 }, (_, i) => `${'ß\u0001'.repeat(600)}${i}`);
  const page = new OrderedPage<string>('x'.repeat(200), { limit: 3 });
  for (const name of names) page.add({ number: 123_456_789, name }, name);
  assert.ok(page.page().next!.length <= 4096, `${page.page().next!.length}`);
  const pages = pagesOf(named(...names, 'a', 'z'), 2);
  assert.deepEqual(
    pages.flat().map(({ name }) => name),
    ['a', 'z', ...names],
  );
});

test('a cursor of another list, or of nobody, is refused', () => {
  const page = new OrderedPage<string>('clients by name', { limit: 1 });
  for (const name of ['a', 'b']) page.add({ number: 0, name }, name);
  const cursor = page.page().next!;
  const bad = [
    cursor,
    'x',
    '',
    Buffer.from('[]').toString('base64url'),
    Buffer.from('["other",0,"a",0]').toString('base64url'),
  ];
  for (const one of bad) {
    assert.throws(
      () => new OrderedPage('other', { limit: 1, cursor: one }),
      (error) => error instanceof ApiProblem && error.status === 400 && error.code === 'INVALID_CURSOR',
      one,
    );
  }
});
