// What `npm run crash` does for longer: real broker processes, killed under the hands of real clients.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support/temp-dir.ts';
import { crashRun } from './crash-run.ts';

const SEED = 1;
const KILLS = 10;

test(`a broker killed ${KILLS} times keeps every promise it made`, async (t) => {
  const folder = tempDir(t);
  const setup = { folder, data: join(folder, 'data'), restartWillDelay: 0 };
  const { violations, summary } = await crashRun(t, { seed: SEED, kills: KILLS, clients: 3, setup });
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(summary)}`);
  assert.deepEqual(violations, [], `again: npm run crash -- --seed ${SEED} --kills ${KILLS} --clients 3`);
  assert.ok(summary.acknowledged! > 100 && summary.resent! > 0 && summary.wills! > 0, JSON.stringify(summary));
});

test('a broker that keeps everything in memory is found out', async (t) => {
  const setup = { folder: tempDir(t), data: null, restartWillDelay: 0 };
  const { violations } = await crashRun(t, { seed: SEED, kills: 1, clients: 2, setup });
  assert.ok(
    violations.some(({ promise, what }) => promise === 'session' && what === 'the session of subscriber-0 is lost'),
    JSON.stringify(violations),
  );
});

test('a broker that only loses its connections breaks no promise: the clients and the checks are fair', async (t) => {
  const setup = { folder: tempDir(t), data: null, restartWillDelay: 0 };
  const { violations, summary } = await crashRun(t, { seed: SEED, kills: 6, clients: 3, setup, spare: true });
  assert.deepEqual(violations, []);
  assert.ok(summary.acknowledged! > 100 && summary.resent! > 0 && summary.wills! > 0, JSON.stringify(summary));
});
