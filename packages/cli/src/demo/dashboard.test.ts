import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardDocument } from '@cauldron/broker/admin-api';
import { demoDashboard } from './dashboard.ts';

const { widgets } = dashboardDocument.parse(demoDashboard);

test('every kind of thing that the demo is to show has its widget', () => {
  const types = new Set(widgets.map(({ type }) => type));
  for (const type of ['gauge', 'number', 'chart', 'slider', 'indicator', 'switch', 'button', 'log', 'text'] as const) {
    assert.ok(types.has(type), type);
  }
});

test('widgets have identifiers of their own', () => {
  assert.equal(new Set(widgets.map(({ id }) => id)).size, widgets.length);
});

test('no two widgets lie over each other, none beyond the twelfth column, and all within six rows', () => {
  const taken = new Set<string>();
  for (const { id, x, y, w, h } of widgets) {
    assert.ok(x + w <= 12 && y + h <= 6, id);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        assert.ok(!taken.has(`${column},${row}`), `${id} at ${column},${row}`);
        taken.add(`${column},${row}`);
      }
    }
  }
  assert.equal(taken.size, 12 * Math.max(...widgets.map(({ y, h }) => y + h)), 'no hole is left');
});
