/** Plays seeds away from the test runner, whose hooks on every promise make that three times as slow. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Kind, simulate } from './simulation.ts';

/** The seeds from 1 to `count`, or `only` one. */
export interface Work {
  readonly kind: Kind;
  readonly count: number;
  readonly only: number | undefined;
}

const { kind, count, only } = workerData as Work;
const first = only ?? 1;
for (let seed = first; seed <= (only ?? count); seed++) await simulate(kind, seed);
parentPort?.postMessage('done');
