// A store whose last writes are torn, as after a power cut, and one that is damaged for good.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Random } from '@cauldron/testkit/simulation';
import { tempDir } from '../support/temp-dir.ts';
import type { CrashCrowd } from './crash-crowd.ts';
import { crashRun } from './crash-run.ts';
import { DATABASE, spoilDatabase, type TornSubject, tearLog } from './torn-writes.ts';
import { planDamage } from './wal.ts';

const SEED = 7;

/** A store as `kill -9` leaves it behind, with sessions that have much waiting. */
async function killedStore(t: TestContext): Promise<TornSubject> {
  const folder = tempDir(t);
  const setup = { folder, data: join(folder, 'data'), restartWillDelay: 60 };
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  let subject: TornSubject | null = null;
  const stop = new Error('seen enough');
  const onKilled = (kill: number, { identities, history }: CrashCrowd): void => {
    if (kill < 3 || planDamage(join(setup.data, DATABASE), 'truncate', new Random(SEED)) === null) return;
    subject = { setup, scratch, identities, messages: history.messages };
    throw stop;
  };
  await assert.rejects(crashRun(t, { seed: SEED, kills: 20, clients: 3, setup, onKilled }), stop);
  return subject!;
}

test('a store that a killed broker left behind and that was then damaged', async (t) => {
  const subject = await killedStore(t);
  const random = new Random(SEED);
  for (const kind of ['truncate', 'flip', 'garbage'] as const) {
    await t.test(`after torn writes ("${kind}") a broker has what the last whole transaction left`, async () => {
      const result = await tearLog(t, subject, kind, random);
      assert.ok(result !== null, 'the log holds transactions');
      assert.deepEqual(result.problems, [], result.damage);
      assert.ok(result.found > 0, `${result.damage}: messages wait`);
    });
  }
  for (const log of ['moved', 'kept'] as const) {
    await t.test(`damaged pages are refused with what to do, and nothing is changed (log ${log})`, async () => {
      const result = await spoilDatabase(t, subject, log, random);
      assert.deepEqual(result.problems, [], result.damage);
    });
  }
});
