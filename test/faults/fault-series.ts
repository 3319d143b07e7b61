import type { ProtocolVersion } from '@cauldron/protocol';
import { Random } from '@cauldron/testkit/simulation';
import type { Peer } from '../support/peers/index.ts';
import { type FaultRunResult, faultRun } from './fault-run.ts';

export interface SeriesOptions {
  readonly peer: Peer;
  readonly version: ProtocolVersion;
  readonly from: number;
  readonly seeds: number;
  /** Runs at a time. */
  readonly atOnce?: number;
  /** Times the broker is restarted under the hands of all runs of a group; 0 (default) = it stays. */
  readonly restarts?: number;
  /** How it is restarted; default: in order, with all it knows. */
  readonly restart?: () => Promise<void>;
  readonly webSocket?: boolean;
  readonly say?: ((line: string) => void) | undefined;
}

/** Runs one seed after the other, some at the same time, until all are through. */
export async function* faultSeries(options: SeriesOptions): AsyncGenerator<FaultRunResult> {
  const { from, seeds, atOnce = 8 } = options;
  for (let first = from; first < from + seeds; first += atOnce) {
    const group = Array.from({ length: Math.min(atOnce, from + seeds - first) }, (_, at) => first + at);
    yield* await runGroup(group, options);
  }
}

async function runGroup(group: readonly number[], options: SeriesOptions): Promise<FaultRunResult[]> {
  const { peer, version, restarts = 0, webSocket = false, say } = options;
  const calm = restartAll(new Random(group[0]!), restarts, options.restart ?? (() => peer.restart()));
  const runs = group.map((seed) => faultRun({ seed, peer, version, webSocket, calm, say }));
  await calm;
  return Promise.all(runs);
}

async function restartAll(random: Random, restarts: number, restart: () => Promise<void>): Promise<void> {
  for (let count = 0; count < restarts; count++) {
    await new Promise((resolve) => setTimeout(resolve, random.between(5, 80)));
    await restart();
  }
}
