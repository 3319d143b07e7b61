import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Box, overlap, placeLabels, shorten } from './labels.ts';

const box = (left: number, top: number, width = 60, height = 14): Box => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
});

test('no label covers another, and the more important ones stand', () => {
  const wishes = Array.from({ length: 200 }, (_, i) => ({
    of: i,
    places: [box((i * 37) % 400, (i * 53) % 300)],
    priority: i,
  }));
  const placed = [...placeLabels(wishes)];
  assert.ok(placed.length > 20);
  for (const [i, [, a]] of placed.entries()) for (const [, b] of placed.slice(i + 1)) assert.ok(!overlap(a, b));
  assert.ok(placed.some(([of]) => of === 199));
});

test('a label takes another place where the first is taken, and is hidden where all are', () => {
  const taken = [box(0, 0)];
  const placed = placeLabels(
    [
      { of: 'second', places: [box(10, 5), box(100, 5)], priority: 1 },
      { of: 'hidden', places: [box(10, 5), box(110, 5)], priority: 0 },
      { of: 'always', places: [box(0, 0)], priority: -1, always: true },
    ],
    taken,
  );
  assert.deepEqual(placed.get('second'), box(100, 5));
  assert.equal(placed.get('hidden'), undefined);
  assert.deepEqual(placed.get('always'), box(0, 0));
});

test('long names are cut where they tell least', () => {
  assert.equal(shorten('short', 10, true), 'short');
  assert.equal(shorten('plant/line-1/temperature', 12, true), '…temperature');
  assert.equal(shorten('sensor-0001-north', 8, false), 'sensor-…');
});
