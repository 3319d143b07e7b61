import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Health, HealthMonitor } from './health.ts';

function monitor() {
  const told: Health[] = [];
  return { told, health: new HealthMonitor((state) => void told.push(state)) };
}

test('a broker is well until something is found, and again when that is over', () => {
  const { told, health } = monitor();
  assert.deepEqual(health.state, { ok: true, findings: [] });
  health.report('store-full', 'no room', 5);
  assert.deepEqual(health.state, { ok: false, findings: [{ code: 'store-full', message: 'no room', since: 5 }] });
  health.clear('store-full');
  assert.deepEqual(health.state, { ok: true, findings: [] });
  assert.deepEqual(
    told.map(({ ok }) => ok),
    [false, true],
  );
});

test('the same finding is told on once and keeps the time it began', () => {
  const { told, health } = monitor();
  health.report('store-failing', 'disk gone', 5);
  health.report('store-failing', 'disk gone', 6);
  assert.equal(told.length, 1);
  health.report('store-failing', 'disk back, but read-only', 7);
  assert.deepEqual(told[1]?.findings, [{ code: 'store-failing', message: 'disk back, but read-only', since: 5 }]);
  health.clear('store-full');
  assert.equal(told.length, 2);
});

test('findings do not touch each other, and a state that was handed out stays as it was', () => {
  const { told, health } = monitor();
  health.report('store-full', 'no room', 1);
  health.report('store-failing', 'disk gone', 2);
  health.clear('store-full');
  assert.deepEqual(
    told.map(({ findings }) => findings.map(({ code }) => code)),
    [['store-full'], ['store-full', 'store-failing'], ['store-failing']],
  );
});
