// What `npm run crash` does for longer: real broker processes, killed under the hands of real clients.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { crashRun } from './crash-run.ts';

const SEED = 1;

test('a broker that keeps everything in memory is found out', async (t) => {
  const setup = { folder: tempDir(t), data: null, restartWillDelay: 0 };
  const { violations, summary } = await crashRun(t, { seed: SEED, kills: 2, clients: 2, setup });
  const broken = new Set(violations.map(({ promise }) => promise));
  assert.ok(broken.has('session') && broken.has('retained-there'), JSON.stringify(violations));
  assert.ok(summary.acknowledged! > 0 && summary.deliveries! > 0, JSON.stringify(summary));
});

test('a broker that only loses its connections breaks no promise: the clients and the checks are fair', async (t) => {
  const setup = { folder: tempDir(t), data: null, restartWillDelay: 0 };
  const { violations, summary } = await crashRun(t, { seed: SEED, kills: 10, clients: 3, setup, spare: true });
  assert.deepEqual(violations, []);
  assert.ok(summary.acknowledged! > 500 && summary.resent! > 10 && summary.wills! > 0, JSON.stringify(summary));
});
