import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTyped, type KeyRow, pathAbove, pathsAbove, treeMove } from './tree-keys.ts';

const row = (path: string, children = 0, expanded = false): KeyRow => {
  const levels = path.split('/');
  return { path, level: levels.at(-1)!, depth: levels.length - 1, children, expanded };
};

const rows = [
  row('house', 2, true),
  row('house/kitchen', 2, true),
  row('house/kitchen/light'),
  row('house/kitchen/temp'),
  row('house/yard', 3),
  row('plant', 0),
];

const state = (index: number, here = rows as readonly (KeyRow | undefined)[]) => ({
  index,
  total: rows.length,
  page: 4,
  rowAt: (at: number) => here[at],
});

const goesTo = (key: string, from: number): number => {
  const move = treeMove(key, state(from));
  assert.equal(move?.kind, 'go', key);
  return move?.kind === 'go' ? move.index : -1;
};

test('up, down, home, end and pages move within the rows there are', () => {
  assert.equal(goesTo('ArrowDown', -1), 0, 'the first key finds the first row');
  assert.equal(goesTo('ArrowDown', 2), 3);
  assert.equal(goesTo('ArrowDown', 5), 5);
  assert.equal(goesTo('ArrowUp', 0), 0);
  assert.equal(goesTo('ArrowUp', -1), 0);
  assert.equal(goesTo('Home', 4), 0);
  assert.equal(goesTo('End', 0), 5);
  assert.equal(goesTo('PageDown', 0), 3);
  assert.equal(goesTo('PageDown', 4), 5);
  assert.equal(goesTo('PageUp', 4), 1);
});

test('right opens a closed level and goes into an open one; left closes an open one and goes up from others', () => {
  assert.deepEqual(treeMove('ArrowRight', state(4)), { kind: 'open', row: rows[4] });
  assert.equal(goesTo('ArrowRight', 0), 1);
  assert.equal(treeMove('ArrowRight', state(5)), null, 'there is nothing below');
  assert.deepEqual(treeMove('ArrowLeft', state(1)), { kind: 'close', row: rows[1] });
  assert.equal(goesTo('ArrowLeft', 3), 1);
  assert.equal(goesTo('ArrowLeft', 4), 0);
  assert.equal(treeMove('ArrowLeft', state(5)), null, 'it is at the top');
});

test('the level above is asked for where it is not here', () => {
  const some = rows.map((one, at) => (at < 3 ? undefined : one));
  assert.deepEqual(treeMove('ArrowLeft', state(3, some)), { kind: 'go-above', row: rows[3] });
  assert.equal(treeMove('ArrowRight', state(0, some)), null, 'nothing is known of the row itself');
});

test('enter and space choose, a star opens all beside, other keys are not the tree’s', () => {
  assert.deepEqual(treeMove('Enter', state(2)), { kind: 'choose', row: rows[2] });
  assert.deepEqual(treeMove(' ', state(2)), { kind: 'choose', row: rows[2] });
  assert.deepEqual(treeMove('*', state(1)), { kind: 'open-beside', row: rows[1] });
  assert.deepEqual(treeMove('k', state(1)), { kind: 'type', character: 'k' });
  for (const key of ['Tab', 'Escape', 'F5', 'Shift']) assert.equal(treeMove(key, state(1)), null, key);
  assert.equal(treeMove('ArrowDown', { ...state(-1), total: 0 }), null);
});

test('typing finds the next row that begins so, around the end', () => {
  assert.equal(findTyped('k', state(0)), 1);
  assert.equal(findTyped('H', state(2)), 0);
  assert.equal(findTyped('t', state(3)), 3, 'around to itself');
  assert.equal(findTyped('te', state(3)), 3, 'more of the same word stays');
  assert.equal(findTyped('x', state(0)), -1);
});

test('paths above are those of the topic, whatever its levels are called', () => {
  assert.equal(pathAbove(row('a/b/c')), 'a/b');
  assert.equal(pathAbove(row('a')), null);
  assert.equal(pathAbove({ ...row('/a'), depth: 1 }), '');
  assert.equal(pathAbove(row('a/')), 'a');
  assert.deepEqual(pathsAbove('a/b/c'), ['a', 'a/b']);
  assert.deepEqual(pathsAbove('a'), []);
  assert.deepEqual(pathsAbove('/a/'), ['', '/a']);
});
