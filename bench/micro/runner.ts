import { markdownTable } from '../report.ts';
import { median, readable } from '../stats.ts';

/** One function to time. */
export interface MicroCase {
  readonly name: string;
  /** Does the work `times` times and returns something that depends on it, so that no compiler drops the work. */
  readonly run: (times: number) => number;
}

/** Cases that answer the same question; the first is what the others are compared with. */
export interface MicroGroup {
  readonly name: string;
  readonly cases: readonly MicroCase[];
}

/** Nanoseconds an operation of each case of a group took: the median over the rounds, and against the first case. */
export interface MicroResult {
  readonly name: string;
  readonly nanoseconds: number;
  readonly ratio: number;
}

export interface MicroOptions {
  readonly rounds: number;
  /** How long one case runs within one round. */
  readonly sliceMs: number;
  /** Nanoseconds now, of whatever is counted. Default: those of the wall clock. */
  readonly clock?: () => bigint;
}

/** What every run's result flows into. */
let sink = 0;

/** Nanoseconds of processor time this thread has used: what others do on the machine is not in it. */
export function threadClock(): bigint {
  const { user, system } = process.threadCpuUsage();
  return BigInt(user + system) * 1000n;
}

/** Times the cases of a group by turns, so that whatever else the machine does meets all of them. */
export function measureGroup(group: MicroGroup, options: MicroOptions): MicroResult[] {
  const clock = options.clock ?? process.hrtime.bigint;
  const times = group.cases.map((one) => calibrate(one, options.sliceMs * 1e6, clock));
  const samples = group.cases.map((): number[] => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [i, one] of group.cases.entries()) samples[i]!.push(timed(one, times[i]!, clock) / times[i]!);
  }
  const medians = samples.map((values) => median(values)!);
  return group.cases.map(({ name }, i) => ({
    name,
    nanoseconds: medians[i]!,
    ratio: median(samples[i]!.map((value, round) => value / samples[0]![round]!))!,
  }));
}

function timed(one: MicroCase, times: number, clock: () => bigint): number {
  const started = clock();
  sink += one.run(times);
  return Number(clock() - started);
}

/** How many operations fill a slice; finding it out also warms the code up. */
function calibrate(one: MicroCase, sliceNs: number, clock: () => bigint): number {
  let times = 16;
  while (times < 2 ** 30) {
    const took = timed(one, times, clock);
    if (took >= sliceNs / 2) return Math.max(1, Math.round((times * sliceNs) / took));
    times *= 2;
  }
  return times;
}

/** One table for all groups. */
export function microTable(results: readonly { group: string; results: readonly MicroResult[] }[]): string {
  const rows = results.flatMap(({ group, results: of }) =>
    of.map(({ name, nanoseconds, ratio }, i) => [
      i === 0 ? group : '',
      name,
      readable(nanoseconds),
      `${ratio.toFixed(2)}x`,
    ]),
  );
  return markdownTable([['what', 'how', 'ns', 'against the first'], ...rows]);
}

/** The sum of everything that was computed; reading it keeps it alive. */
export const checksum = (): number => sink;
