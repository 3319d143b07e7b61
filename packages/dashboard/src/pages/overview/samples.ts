import type { Sample } from '@cauldron/broker/admin-api';

/** Seconds that are kept, as in the broker. */
export const KEPT = 600;
/** Milliseconds between two samples from which on there is a gap. */
const GAP = 2500;

/** Samples with one more behind; one that is there already, or is older than the newest, changes nothing. */
export function appended(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const newest = samples.at(-1)?.at ?? 0;
  return sample.at <= newest ? samples : [...samples, sample].slice(-KEPT);
}

/** What was fetched, before it what only the page still knows (of a broker before its restart), behind it what came since. */
export function joined(fetched: readonly Sample[], came: readonly Sample[]): readonly Sample[] {
  const begin = fetched[0]?.at ?? Number.POSITIVE_INFINITY;
  const before = came.filter(({ at }) => at < begin);
  return came.reduce(appended, [...before, ...fetched].slice(-KEPT));
}

/** Fields of a sample that are numbers. */
export type Figure = Exclude<keyof Sample, 'at'>;

/** Values for a chart: times in seconds, then a list of each field; where seconds are missing there is a gap. */
export function columnsOf(samples: readonly Sample[], figures: readonly Figure[]): (number | null)[][] {
  const columns: (number | null)[][] = [[], ...figures.map(() => [])];
  let before = Number.NaN;
  for (const sample of samples) {
    if (sample.at - before > GAP) {
      columns[0]!.push((before + 1000) / 1000);
      for (const column of columns.slice(1)) column.push(null);
    }
    columns[0]!.push(sample.at / 1000);
    figures.forEach((figure, index) => void columns[index + 1]!.push(sample[figure]));
    before = sample.at;
  }
  return columns;
}

/** The mean of the newest seconds: what a number shows that would jump otherwise. */
export function meanOf(samples: readonly Sample[], figure: Figure, seconds = 5): number {
  const values = samples
    .slice(-seconds)
    .map((sample) => sample[figure])
    .filter((value) => value !== null);
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How much a figure has grown since a minute ago, or since the first sample; 0 = not at all. */
export function grownInAMinute(samples: readonly Sample[], figure: Figure): number {
  const newest = samples.at(-1);
  if (newest === undefined) return 0;
  const before = samples.find(({ at }) => at >= newest.at - 60_000) ?? newest;
  return (newest[figure] ?? 0) - (before[figure] ?? 0);
}
