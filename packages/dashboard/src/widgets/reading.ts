import type { Source, Threshold } from '@cauldron/broker/admin-api';
import { numberFrom, textFrom } from '../values/json-path.ts';
import type { TopicReading } from './topic-values.ts';

/** What a widget has to show: nothing yet, something that is no such value, or the value. */
export type Reading<T> =
  | { readonly state: 'none'; readonly problem: string }
  | { readonly state: 'wrong'; readonly problem: string }
  | { readonly state: 'value'; readonly value: T };

/** Characters of a payload that a message about it shows. */
const SHOWN = 40;

/** The number at a source. */
export function numberReading(source: Source, last: TopicReading | undefined): Reading<number> {
  return readingOf(source, last, numberFrom, 'no number');
}

/** The text at a source. */
export function textReading(source: Source, last: TopicReading | undefined): Reading<string> {
  return readingOf(source, last, textFrom, 'nothing');
}

function readingOf<T>(
  { topic, path }: Source,
  last: TopicReading | undefined,
  read: (text: string, path: string) => T | undefined,
  missing: string,
): Reading<T> {
  if (last === undefined) return { state: 'none', problem: noMessage(topic) };
  const { payload } = last.value;
  if (payload.encoding === 'base64') return { state: 'wrong', problem: `the payload on ${topic} is binary` };
  if (payload.truncated) return { state: 'wrong', problem: `the payload on ${topic} is too large to be shown here` };
  const value = read(payload.data, path);
  if (value !== undefined) return { state: 'value', value };
  const where = path === '' ? '' : ` at ${path}`;
  return { state: 'wrong', problem: `${missing}${where} in ${shown(payload.data)}` };
}

export const noMessage = (topic: string): string =>
  topic === '' ? 'no topic chosen yet' : `no message yet on ${topic}`;

function shown(text: string): string {
  if (text === '') return 'an empty payload';
  return `“${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}”`;
}

/** The colour of a value: that of the highest threshold it has reached; null = none. */
export function toneOf(value: number, thresholds: readonly Threshold[]): Threshold['color'] | null {
  let reached: Threshold | null = null;
  for (const one of thresholds) {
    if (value >= one.from && (reached === null || one.from >= reached.from)) reached = one;
  }
  return reached?.color ?? null;
}

/** A number with so many digits behind the point; very large and very small ones in powers of ten. */
export function formatNumber(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1e12) return value.toExponential(2);
  const text = value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
}

/** With its unit: `21.5 °C`, `40%`. */
export const withUnit = (text: string, unit: string): string =>
  unit === '' ? text : unit === '%' || unit === '°' ? `${text}${unit}` : `${text} ${unit}`;

/** Milliseconds behind which a value is called old, by how often it came so far. */
const OLD_AT_LEAST = 10_000;
const OLD_UNKNOWN = 60_000;
const OLD_INTERVALS = 4;

/** Since when a value is old: milliseconds since 1970 of its message; null = it is not. */
export function staleSince(last: TopicReading | undefined, now: number): number | null {
  if (last === undefined || last.at === null) return null;
  const limit = last.interval === null ? OLD_UNKNOWN : Math.max(OLD_AT_LEAST, last.interval * OLD_INTERVALS);
  return now - last.at > limit ? last.at : null;
}
