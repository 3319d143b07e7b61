import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedList } from './sorted-list.ts';

const SEED = 7001;

class Item {
  readonly key: string;
  gone = false;
  constructor(key: string) {
    this.key = key;
  }
}

test(`a list is in order whatever comes and goes between two looks (seed ${SEED})`, () => {
  const change = fc.tuple(fc.constantFrom('add', 'drop', 'look'), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const list = new SortedList<Item>();
      const model = new Map<string, Item>();
      for (const [what, key] of changes) {
        const known = model.get(key);
        if (what === 'add' && known === undefined) {
          const item = new Item(key);
          model.set(key, item);
          list.add(item);
        } else if (what === 'drop' && known !== undefined) {
          known.gone = true;
          model.delete(key);
          list.dropped();
        } else if (what === 'look') {
          assert.equal(list.items.length, model.size);
        }
        assert.equal(list.size, model.size);
      }
      const keys = [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
      assert.deepEqual(
        list.items.map(({ key }) => key),
        keys,
      );
      for (const [index, key] of keys.entries()) assert.equal(list.indexOf(key), index);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('a key that is not in the list is found where it would be', () => {
  const list = new SortedList<Item>();
  for (const key of ['b', 'd']) list.add(new Item(key));
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((key) => list.indexOf(key)),
    [0, 0, 1, 1, 2],
  );
});
