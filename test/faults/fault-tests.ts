import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ProtocolVersion } from '@cauldron/protocol';
import { fileCleanup } from '../support/file-cleanup.ts';
import type { Peer, PeerKind } from '../support/peers/index.ts';
import { faultSeries, type SeriesOptions } from './fault-series.ts';
import { promises } from './history.ts';

/** Schedules for each version of MQTT; `npm run faults` runs as many as one wants. */
const SEEDS = { tcp: 80, webSocket: 24, restarted: 16 };
const RESTARTS = 2;

/** The fault schedules against one broker. @param name what `npm run faults` calls it */
export function faultTests(name: string, kind: PeerKind): void {
  const cleanup = fileCleanup();
  let peer: Peer;
  before(async () => {
    peer = await kind.make(cleanup);
    await peer.start();
  });
  for (const version of kind.versions) {
    const who = `${kind.name}, MQTT ${version === 5 ? '5.0' : '3.1.1'}`;
    const common = () => ({ peer, version, from: 1 });
    test(`${who}: ${SEEDS.tcp} bad connections over TCP break no promise`, async (t) => {
      const summary = await runSeries(name, { ...common(), seeds: SEEDS.tcp });
      t.diagnostic(JSON.stringify(summary));
      // The faults did happen: on average each run lost two connections and had something sent again.
      assert.ok(summary.endings! >= 2 * SEEDS.tcp && summary.repeated! >= SEEDS.tcp, JSON.stringify(summary));
    });

    test(`${who}: ${SEEDS.webSocket} bad connections over WebSocket break no promise`, async (t) => {
      t.diagnostic(JSON.stringify(await runSeries(name, { ...common(), seeds: SEEDS.webSocket, webSocket: true })));
    });

    test(`${who}: ${SEEDS.restarted} bad connections to a broker that restarts break no promise`, async (t) => {
      const summary = await runSeries(name, { ...common(), seeds: SEEDS.restarted, restarts: RESTARTS });
      t.diagnostic(JSON.stringify(summary));
      assert.ok(summary.connections! > 2 * SEEDS.restarted, JSON.stringify(summary));
    });
  }
}

/**
 * Runs a series and sums it up.
 *
 * @throws AssertionError with the promises that were broken, what was planned and what happened, and how to see it again
 */
export async function runSeries(name: string, options: SeriesOptions): Promise<Record<string, number>> {
  const totals: Record<string, number> = {};
  for await (const { seed, violations, story, summary } of faultSeries(options)) {
    for (const [key, count] of Object.entries(summary)) totals[key] = (totals[key] ?? 0) + count;
    const broken = violations.map(({ promise, what }) => `${promise} (${promises[promise]}): ${what}`);
    const again = `npm run faults -- ${argumentsOf(name, options.version, options)} --seed ${seed} --trace`;
    assert.deepEqual(broken, [], `seed ${seed}\n${broken.join('\n')}\n${story}\nAgain: ${again}`);
  }
  return totals;
}

function argumentsOf(name: string, version: ProtocolVersion, { restarts, webSocket }: SeriesOptions): string {
  const more = `${restarts === undefined ? '' : ` --restarts ${restarts}`}${webSocket ? ' --ws' : ''}`;
  return `--peer ${name} --mqtt ${version}${more}`;
}
