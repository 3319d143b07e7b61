import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aedes } from '../support/peers/index.ts';
import { faultSeries } from './fault-series.ts';
import { faultTests } from './fault-tests.ts';

faultTests('aedes', aedes);

test('a broker that forgets what it has acknowledged is found out', async (t) => {
  const peer = await aedes.make(t);
  await peer.start();
  const restart = () => peer.restart({ forget: true });
  const broken = new Set<string>();
  const options = { peer, version: 4, from: 1, seeds: 8, restarts: 2, restart, patience: 1000 } as const;
  for await (const { violations } of faultSeries(options)) {
    for (const { promise } of violations) broken.add(promise);
  }
  assert.ok(broken.has('lost') && broken.has('rejected'), [...broken].join());
});
