import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, countChanges, type JsonNode, jsonText, parseJson, rootNode } from './json-tree.ts';

/** Every node that is different, as `~ $.path`. */
function changes(now: unknown, before: unknown): string[] {
  const found: string[] = [];
  const marks = { same: '=', inside: '', added: '+', removed: '-', changed: '~' };
  const walk = (node: JsonNode): void => {
    const mark = marks[node.change];
    if (mark === '' || mark === '=') childrenOf(node).forEach(walk);
    else found.push(`${mark} ${node.path}`);
  };
  walk(rootNode(now, { value: before }));
  return found;
}

test('without another document everything is the same, and all of it is there', () => {
  const root = rootNode({ a: [1, { b: null }], c: 'x' });
  assert.equal(root.change, 'same');
  assert.deepEqual(
    childrenOf(root).map(({ key, path }) => [key, path]),
    [
      ['a', '$.a'],
      ['c', '$.c'],
    ],
  );
  assert.deepEqual(
    childrenOf(childrenOf(root)[0]!).map(({ path, value }) => [path, value]),
    [
      ['$.a[0]', 1],
      ['$.a[1]', { b: null }],
    ],
  );
  assert.deepEqual(childrenOf(rootNode(5)), []);
});

test('what was added, removed and changed in objects is found at its place', () => {
  const before = { t: 20, unit: 'C', deep: { a: 1, b: 2 }, gone: [1, 2] };
  const now = { t: 21, unit: 'C', deep: { a: 1, b: 3, c: null }, more: {} };
  assert.deepEqual(changes(now, before), ['~ $.t', '~ $.deep.b', '+ $.deep.c', '+ $.more', '- $.gone']);
  assert.deepEqual(countChanges(rootNode(now, { value: before })), { added: 2, removed: 2, changed: 2 });
  assert.deepEqual(changes(now, structuredClone(now)), []);
  assert.deepEqual(changes({ a: [] }, { a: {} }), ['~ $.a']);
  assert.deepEqual(changes(1, '1'), ['~ $']);
  assert.deepEqual(changes({ b: 1, a: 2 }, { a: 2, b: 1 }), [], 'the order of names says nothing');
});

test('what is put into a list or taken out of it does not make its neighbours different', () => {
  assert.deepEqual(changes(['new', 'a', 'b'], ['a', 'b']), ['+ $[0]']);
  assert.deepEqual(changes(['a', 'b', 'new'], ['a', 'b']), ['+ $[2]']);
  assert.deepEqual(changes(['a', 'd'], ['a', 'b', 'c', 'd']), ['- $[1]', '- $[2]']);
  assert.deepEqual(changes(['a', 'x', 'y', 'c'], ['a', 'b', 'c']), ['~ $[1]', '+ $[2]']);
  assert.deepEqual(changes([], [1]), ['- $[0]']);
  assert.deepEqual(changes([{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 3 }]), ['~ $[1].a']);
  assert.deepEqual(changes([1, 1], [1, 1, 1]), ['- $[2]']);
});

test('names that objects inherit are names like any other', () => {
  assert.deepEqual(changes({ constructor: 1 }, {}), ['+ $.constructor']);
  assert.deepEqual(changes({}, { toString: 1 }), ['- $.toString']);
});

test('whole numbers of any length are shown as they came', () => {
  const text = '{"ns":1763751234567890123,"small":7,"e":1e300}';
  const parsed = parseJson(text)!;
  assert.deepEqual(parsed.value, { ns: 1763751234567890123n, small: 7, e: 1e300 });
  assert.equal(jsonText(parsed.value), '{"ns":1763751234567890123,"small":7,"e":1e+300}');
  assert.deepEqual(changes(parsed.value, parseJson(text.replace('123,', '124,'))!.value), ['~ $.ns']);
});

test('a text that is no JSON is none', () => {
  assert.equal(parseJson('{'), undefined);
  assert.equal(parseJson(''), undefined);
  assert.deepEqual(parseJson('null'), { value: null });
});
