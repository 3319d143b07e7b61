import type { TopicValue } from '@cauldron/broker/admin-api';
import { numberFrom } from '../../../values/json-path.ts';

/** A line of the chart: a topic, and where in its payload the number is. */
export interface ChartLine {
  readonly topic: string;
  /** JSON path; empty = the whole payload is the number. */
  readonly path: string;
}

/** As many as there are colours. */
export const MOST_LINES = 8;
/** Numbers that are remembered of each line. */
const MOST_SAMPLES = 1200;

/** What a line is called: the topic, and the path where there is one. */
export const lineName = ({ topic, path }: ChartLine): string => (path === '' ? topic : `${topic} ${path}`);

/** The lines a browser remembers; what cannot be read is left out. */
export function readLines(text: string | null): ChartLine[] {
  try {
    const lines: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(lines) ? lines.filter(isLine).slice(0, MOST_LINES) : [];
  } catch {
    return []; // whatever wrote it, it is no list of lines
  }
}

function isLine(one: unknown): one is ChartLine {
  const line = one as Partial<ChartLine> | null;
  return typeof line?.topic === 'string' && typeof line.path === 'string';
}

/** The lines with another one; the same where it is there already, or there are as many as there may be. */
export function withLine(lines: readonly ChartLine[], line: ChartLine): readonly ChartLine[] {
  const isThere = lines.some((one) => lineName(one) === lineName(line));
  return isThere || lines.length >= MOST_LINES ? lines : [...lines, line];
}

interface Samples {
  readonly at: number[];
  readonly value: number[];
}

/** The numbers of the chart's lines, as they come. */
export class ChartData {
  readonly #samples = new Map<string, Samples>();

  /** Takes the last message of a topic for all lines that are about it. True = there is something new. */
  put(lines: readonly ChartLine[], value: TopicValue, now: number): boolean {
    if (value.payload.encoding !== 'utf8') return false;
    let isNew = false;
    for (const line of lines) {
      if (line.topic !== value.topic) continue;
      const number = numberFrom(value.payload.data, line.path);
      if (number !== undefined) isNew = this.#add(lineName(line), value.at ?? now, number) || isNew;
    }
    return isNew;
  }

  #add(name: string, at: number, value: number): boolean {
    const samples = this.#samples.get(name) ?? { at: [], value: [] };
    this.#samples.set(name, samples);
    const last = samples.at.at(-1) ?? 0;
    if (at < last || (at === last && value === samples.value.at(-1))) return false;
    samples.at.push(at);
    samples.value.push(value);
    if (samples.at.length > MOST_SAMPLES) {
      samples.at.shift();
      samples.value.shift();
    }
    return true;
  }

  /** The newest number of a line; undefined = none came. */
  newest(line: ChartLine): number | undefined {
    return this.#samples.get(lineName(line))?.value.at(-1);
  }

  /** Forgets what belongs to no line any more. */
  keepOnly(lines: readonly ChartLine[]): void {
    const names = new Set(lines.map(lineName));
    for (const name of this.#samples.keys()) if (!names.has(name)) this.#samples.delete(name);
  }

  /**
   * Times in seconds, and for each line its value at each of them: the last that came, since a topic has its value until the
   * next message. null = none had come yet.
   *
   * @param now milliseconds since 1970; the lines go on until then
   */
  table(lines: readonly ChartLine[], now = 0): [number[], ...(number | null)[][]] {
    const all = lines.map((line) => this.#samples.get(lineName(line)) ?? { at: [], value: [] });
    const times = [...new Set(all.flatMap(({ at }) => at))].sort((a, b) => a - b);
    if (times.length > 0 && now > times.at(-1)!) times.push(now);
    return [times.map((at) => at / 1000), ...all.map((samples) => valuesAt(times, samples))];
  }
}

/**
 * The table with each line at its own scale: 0 is the lowest and 100 the highest of its values, so that a temperature and a
 * pressure fit one chart.
 */
export function ownScales([times, ...lines]: ReturnType<ChartData['table']>): ReturnType<ChartData['table']> {
  return [times, ...lines.map(ownScale)];
}

function ownScale(values: readonly (number | null)[]): (number | null)[] {
  const known = values.filter((value) => value !== null);
  const low = known.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const span = known.reduce((most, value) => Math.max(most, value), low) - low;
  return values.map((value) => (value === null ? null : span === 0 ? 50 : ((value - low) / span) * 100));
}

function valuesAt(times: readonly number[], { at, value }: Samples): (number | null)[] {
  let next = 0;
  return times.map((time) => {
    while (next < at.length && at[next]! <= time) next += 1;
    return next === 0 ? null : value[next - 1]!;
  });
}
