import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approach, fit, pan, toScreen, toWorld, zoomAt } from './camera.ts';

const size = { width: 1000, height: 600 };

test('everything that was to be shown is in the picture', () => {
  const points = [
    { x: -900, y: -20 },
    { x: 1200, y: 700 },
    { x: 0, y: 0 },
  ];
  const camera = fit(points, size, { left: 20, right: 300, top: 10, bottom: 50 });
  for (const point of points) {
    const { x, y } = toScreen(camera, size, point);
    assert.ok(x > 19 && x < 701 && y > 9 && y < 551, `${x} ${y}`);
  }
  assert.ok(fit([{ x: 5, y: 5 }], size).zoom <= 1.5);
  assert.equal(fit([], size).zoom, 1);
  assert.ok(fit(points, { width: 0, height: 0 }).zoom > 0);
});

test('what is under the pointer stays there while zooming, and goes with it while panning', () => {
  const camera = { x: 30, y: -10, zoom: 0.7 };
  const at = { x: 200, y: 150 };
  const world = toWorld(camera, size, at);
  const near = toScreen(zoomAt(camera, size, at, 1.7), size, world);
  assert.ok(Math.hypot(near.x - at.x, near.y - at.y) < 1e-6);
  const moved = toScreen(pan(camera, 40, -5), size, world);
  assert.ok(Math.hypot(moved.x - 240, moved.y - 145) < 1e-6);
});

test('a view is approached, and reached', () => {
  const target = { x: 100, y: 50, zoom: 2 };
  let camera = { x: 0, y: 0, zoom: 1 };
  let steps = 0;
  while (camera !== target && steps < 200) {
    camera = approach(camera, target, 0.15);
    steps += 1;
  }
  assert.ok(steps < 100);
});
