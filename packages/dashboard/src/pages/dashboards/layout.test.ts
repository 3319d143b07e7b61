import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as layout from './layout.ts';

const { COLUMNS, LAST_ROW, MOST_ROWS, overlap, readingOrder } = layout;

/** A small generator of numbers, the same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const some = (next: (below: number) => number, count: number, rows: number): layout.Place[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `w${index}`,
    x: next(COLUMNS),
    y: next(rows),
    w: 1 + next(COLUMNS),
    h: 1 + next(6),
  }));

function holds(places: readonly layout.Place[], said: string): void {
  for (const [index, a] of places.entries()) {
    assert.ok(a.x >= 0 && a.w >= 1 && a.x + a.w <= COLUMNS, `${said}: ${JSON.stringify(a)} is inside of the columns`);
    assert.ok(
      a.y >= 0 && a.y <= LAST_ROW && a.h >= 1 && a.h <= MOST_ROWS,
      `${said}: ${JSON.stringify(a)} has its rows`,
    );
    for (const b of places.slice(index + 1)) {
      assert.ok(!overlap(a, b), `${said}: ${JSON.stringify(a)} and ${JSON.stringify(b)} overlap`);
    }
  }
}

const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);

test('whatever is moved, sized, swapped or pulled up, no two overlap and nothing leaves the grid', () => {
  for (const seed of SEEDS) {
    const next = random(seed);
    let places = layout.settle(some(next, 1 + next(14), 12));
    holds(places, `seed ${seed}`);
    for (let step = 0; step < 20; step++) {
      const id = `w${next(places.length)}`;
      const dx = next(25) - 12;
      const dy = next(25) - 12;
      const what = next(5);
      if (what === 0) places = layout.nudge(places, id, 'move', dx, dy);
      else if (what === 1) places = layout.nudge(places, id, 'size', dx, dy);
      else if (what === 2) places = layout.put(places, id, { x: dx, y: dy, w: dx, h: dy });
      else if (what === 3) places = layout.swapInOrder(places, id, dx < 0 ? -1 : 1);
      else places = layout.closeGaps(places);
      holds(places, `seed ${seed}, step ${step}, kind ${what}`);
    }
  }
});

test('the moved widget is where it was put, and those above it stay where they are', () => {
  for (const seed of SEEDS) {
    const next = random(seed);
    const before = layout.settle(some(next, 10, 12));
    const moved = before[next(10)]!;
    const x = next(COLUMNS - moved.w + 1);
    const y = next(15);
    const after = layout.put(before, moved.id, { x, y });
    const there = after.find(({ id }) => id === moved.id)!;
    assert.deepEqual([there.x, there.y], [x, y], `seed ${seed}`);
    for (const place of after) {
      if (place.id === moved.id) continue;
      const old = before.find(({ id }) => id === place.id)!;
      assert.ok(place.y >= old.y && place.x === old.x, `seed ${seed}: others only go down`);
      if (old.y + old.h <= y) assert.equal(place.y, old.y, `seed ${seed}: what is above stays`);
    }
  }
});

test('widgets that share a column keep their order when others make room', () => {
  for (const seed of SEEDS) {
    const next = random(seed);
    const before = layout.settle(some(next, 12, 12));
    const moved = before[next(12)]!.id;
    const after = new Map(
      layout.nudge(before, moved, 'move', next(9) - 4, next(9) - 4).map((place) => [place.id, place]),
    );
    for (const a of before) {
      for (const b of before) {
        if (a.id === moved || b.id === moved) continue;
        const share = a.x < b.x + b.w && b.x < a.x + a.w;
        if (share && a.y < b.y)
          assert.ok(after.get(a.id)!.y < after.get(b.id)!.y, `seed ${seed}: ${a.id} before ${b.id}`);
      }
    }
  }
});

test('what fits is left as it is, and settling twice changes nothing more', () => {
  for (const seed of SEEDS) {
    const places = layout.settle(some(random(seed), 12, 20));
    assert.deepEqual(layout.settle(places), places);
    const closed = layout.closeGaps(places);
    assert.deepEqual(layout.closeGaps(closed), closed);
  }
});

test('two hundred widgets in the last row come to fit all the same', () => {
  const places = Array.from({ length: 200 }, (_, index) => ({ id: `w${index}`, x: 11, y: LAST_ROW, w: 12, h: 20 }));
  holds(layout.settle(places), 'the last row');
});

test('a new widget takes the first room that is large enough', () => {
  const places = [
    { id: 'a', x: 0, y: 0, w: 5, h: 2 },
    { id: 'b', x: 8, y: 0, w: 4, h: 2 },
  ];
  assert.deepEqual(layout.freePlace(places, 3, 2), { x: 5, y: 0 });
  assert.deepEqual(layout.freePlace(places, 4, 2), { x: 0, y: 2 });
  assert.deepEqual(layout.freePlace([], 30, 2), { x: 0, y: 0 });
});

test('a widget moved up in order stands before the one that was before it', () => {
  for (const seed of SEEDS) {
    const next = random(seed);
    const places = layout.closeGaps(layout.settle(some(next, 8, 8)));
    const order = [...places].sort(readingOrder);
    const at = 1 + next(7);
    const after = layout.swapInOrder(places, order[at]!.id, -1).sort(readingOrder);
    const index = (id: string): number => after.findIndex((place) => place.id === id);
    assert.ok(index(order[at]!.id) < index(order[at - 1]!.id), `seed ${seed}`);
  }
});

test('a widget grows as far as the grid goes and does not slide away', () => {
  const places = [{ id: 'a', x: 9, y: 0, w: 2, h: 2 }];
  assert.deepEqual(layout.nudge(places, 'a', 'size', 5, 0), [{ id: 'a', x: 9, y: 0, w: 3, h: 2 }]);
  assert.deepEqual(layout.nudge(places, 'a', 'size', -5, -5), [{ id: 'a', x: 9, y: 0, w: 1, h: 1 }]);
});
