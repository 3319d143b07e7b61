import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Kind } from './testing/simulation.ts';
import type { Work } from './testing/simulation-worker.ts';

/** `SEED=n` plays that one alone and traces it, `SEEDS=n` so many. */
const { SEED, SEEDS } = process.env;

/** Plays seeds; rejected with the first that breaks something. */
async function play(kind: Kind, count: number): Promise<void> {
  const work: Work = { kind, count: Number(SEEDS ?? count), only: SEED === undefined ? undefined : Number(SEED) };
  const worker = new Worker(new URL('./testing/simulation-worker.ts', import.meta.url), { workerData: work });
  assert.deepEqual(await once(worker, 'message'), ['done']);
}

test('whatever breaks and whatever session is lost: QoS 1 arrives once it was said to have, QoS 2 never twice, order is kept, and every publish is settled', async () => {
  await play('network', 800);
});

test('whatever breaks and however often the process crashes: what enqueue() accepted arrives, QoS 2 never twice, and order is kept', async () => {
  await play('crash', 600);
});
