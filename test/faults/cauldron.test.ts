import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cauldron, cauldronProcess } from '../support/peers/index.ts';
import { faultTests, runSeries } from './fault-tests.ts';

const SEEDS = 8;
const KILLS = 2;

faultTests('cauldron', cauldron);

for (const version of cauldronProcess.versions) {
  const which = version === 5 ? '5.0' : '3.1.1';
  test(`Cauldron, MQTT ${which}: ${SEEDS} bad connections to a broker that is killed break no promise`, async (t) => {
    const peer = await cauldronProcess.make(t);
    await peer.start();
    const restart = () => peer.killAndStart();
    const summary = await runSeries('cauldron-process', {
      peer,
      version,
      from: 1,
      seeds: SEEDS,
      restarts: KILLS,
      restart,
    });
    t.diagnostic(JSON.stringify(summary));
    assert.ok(summary.connections! > 2 * SEEDS, JSON.stringify(summary));
  });
}
