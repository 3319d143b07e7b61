import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.ts';

const chosen = (...args: string[]): string[] => parseOptions(args).loads.map((load) => load.name);

test('loads are chosen by name, group or beginning', () => {
  assert.deepEqual(chosen('--only', 'idle,pair1-q0'), ['pair1-q0', 'idle']);
  assert.deepEqual(chosen('--only', 'churn'), ['churn-exact', 'churn-wildcard']);
  assert.equal(chosen('--only', 'durable').length, 7);
  assert.deepEqual(chosen('--only', 'pair10-q1*'), ['pair10-q1', 'pair10-q1-v5']);
  assert.ok(chosen().includes('subscriptions-1m'));
});

test('--quick leaves out the largest loads unless they are asked for', () => {
  assert.ok(!chosen('--quick').includes('subscriptions-1m'));
  assert.deepEqual(chosen('--quick', '--only', 'subscriptions-1m'), ['subscriptions-1m']);
  assert.equal(parseOptions(['--quick']).rounds, 1);
});

test('an external broker is named with its process and port', () => {
  assert.deepEqual(parseOptions(['--external', 'mine=4711:1883']).externals, [{ name: 'mine', pid: 4711, port: 1883 }]);
});

test('what is not understood is refused with what would be', () => {
  assert.throws(() => parseOptions(['--only', 'nonsense']), /no load is called "nonsense".*pair1-q0/);
  assert.throws(() => parseOptions(['--rounds', '0']), /--rounds wants a number above 0/);
  assert.throws(() => parseOptions(['--external', 'x']), /NAME=PID:PORT/);
  assert.throws(() => parseOptions(['--folder', '/nowhere/at/all']), /--folder \/nowhere\/at\/all is not there/);
  assert.throws(() => parseOptions(['--cauldron', '/nowhere/bin.js']), /--cauldron \/nowhere\/bin.js is not there/);
  assert.throws(() => parseOptions(['--nope']), /nope/);
});
