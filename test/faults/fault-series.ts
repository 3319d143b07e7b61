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
  readonly patience?: number;
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
  const { peer, version, restarts = 0, webSocket = false, patience, say } = options;
  const common = { peer, version, webSocket, patience, say };
  if (restarts === 0) return Promise.all(group.map((seed) => faultRun({ seed, ...common })));
  const begun = group.map(() => Promise.withResolvers<void>());
  const restart = options.restart ?? (() => peer.restart());
  const over = Promise.all(begun.map(({ promise }) => promise)).then(() => restartAll(group[0]!, restarts, restart));
  const runs = group.map((seed, at) => faultRun({ seed, restarts: { begun: begun[at]!.resolve, over }, ...common }));
  const results = await Promise.all(runs);
  await over;
  return results;
}

async function restartAll(seed: number, restarts: number, restart: () => Promise<void>): Promise<void> {
  const random = new Random(seed);
  for (let count = 0; count < restarts; count++) {
    await new Promise((resolve) => setTimeout(resolve, random.between(5, 80)));
    await restart();
  }
}
