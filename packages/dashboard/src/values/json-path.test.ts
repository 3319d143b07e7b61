import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberFrom, pathBelow, pathProblem, textFrom, valueAt } from './json-path.ts';

const json = { a: { b: [{ 'x y': 7, 'it"s': 1 }, 2] }, 'ü-1': null, 0: 'zero', list: [[1, [2]]] };

test('a path leads through names, entries of lists and quoted names', () => {
  for (const [path, value] of [
    ['', json],
    ['$', json],
    ['$.a.b[1]', 2],
    ['a.b[0]["x y"]', 7],
    ["$.a['b'][0]['x y']", 7],
    ['$["a"].b[ 0 ]["it\\"s"]', 1],
    [" $.a['b'][0]['it\\\"s'] ", 1],
    ['$.ü-1', null],
    ['$.list[0][1][0]', 2],
    ['list[0][0]', 1],
    ['["0"]', 'zero'],
    ['$.a.b.length', 2],
  ] as const) {
    assert.equal(pathProblem(path), undefined, path);
    assert.deepEqual(valueAt(json, path), value, path);
  }
});

test('nothing is at a path that leads past the end, into a text, or to what objects inherit', () => {
  for (const path of ['$.a.c', '$.a.b[2]', '$.a.b[0]["x y"].z', '$.ü-1.x', '$.constructor', '$[0]']) {
    assert.equal(pathProblem(path), undefined, path);
    assert.equal(valueAt(json, path), undefined, path);
  }
  assert.equal(valueAt('text', '$.length'), undefined);
  assert.equal(valueAt(undefined, '$.a'), undefined);
});

test('a text that is no path is refused with where it goes wrong', () => {
  for (const [path, character] of [
    ['$a', 2],
    ['$.', 2],
    ['$..a', 2],
    ['$.a[', 4],
    ['$.a[x]', 4],
    ['$.a[-1]', 4],
    ['$.a["x]', 4],
    ['a b', 2],
    ['a]', 2],
  ] as const) {
    assert.match(pathProblem(path) ?? '', new RegExp(`from character ${character} on`), path);
    assert.equal(valueAt(json, path), undefined, path);
  }
});

test('a number is read from a number, a text that holds one, and from true and false', () => {
  assert.equal(numberFrom(' 21.5 ', ''), 21.5);
  assert.equal(numberFrom('-1e3', '$'), -1000);
  assert.equal(numberFrom('{"t":{"v":"3.25"}}', '$.t.v'), 3.25);
  assert.equal(numberFrom('[false,true]', '$[1]'), 1);
  assert.equal(numberFrom('false', ''), 0);
  for (const text of ['', ' ', 'x', '0x10', '1 2', 'NaN', 'Infinity', '{"t":1}', 'null']) {
    assert.equal(numberFrom(text, ''), undefined, text);
  }
  assert.equal(numberFrom('no json', '$.t'), undefined);
  assert.equal(numberFrom('{"t":{}}', '$.t'), undefined);
});

test('a text is read without quotes from JSON, and any other value as JSON', () => {
  assert.equal(textFrom('"quoted"', ''), '"quoted"');
  assert.equal(textFrom('{"s":"on","n":[1,null]}', '$.s'), 'on');
  assert.equal(textFrom('{"s":"on","n":[1,null]}', '$.n'), '[1,null]');
  assert.equal(textFrom('{"s":"on"}', '$.x'), undefined);
  assert.equal(textFrom('plain', '$.x'), undefined);
});

test('a path that was put together leads where it should', () => {
  for (const key of ['a', 'x y', 'it"s', "'", 'a.b', '', '0', 'ü', '\\']) {
    assert.equal(valueAt({ [key]: 1 }, pathBelow('', key)), 1, key);
    assert.equal(valueAt({ top: [{ [key]: 1 }] }, pathBelow('$.top[0]', key)), 1, key);
  }
  assert.equal(pathBelow('', 3), '$[3]');
  assert.equal(pathBelow('$.a', 'b'), '$.a.b');
});
