/** Numbers, sizes and times as people read them. English, and the same everywhere, so that they can be compared and tested. */

// Made once: making one takes a hundred times as long as using it.
const WHOLE = new Intl.NumberFormat('en-US');
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DATE_TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const UNITS = ['', 'k', 'M', 'G', 'T'];
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** At most three digits that count: `0`, `7`, `7.3`, `950`, `1.20 k`, `12.5 M`. */
export function shortNumber(value: number): string {
  return scaled(value, 1000, UNITS);
}

/** The same of bytes: `512 B`, `1.50 KiB`. */
export function bytes(value: number): string {
  return scaled(value, 1024, BYTE_UNITS);
}

/** Of a second: `1.20 k/s`. */
export const perSecond = (value: number): string => `${shortNumber(value)}/s`;

function scaled(value: number, base: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return '–';
  let step = 0;
  let rest = Math.abs(value);
  while (rest >= base && step < units.length - 1) {
    rest /= base;
    step += 1;
  }
  const digits = step === 0 && Number.isInteger(rest) ? 0 : rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  const sign = value < 0 ? '-' : '';
  const text = step === 0 ? String(Number(rest.toFixed(digits))) : rest.toFixed(digits);
  return units[step] === '' ? `${sign}${text}` : `${sign}${text} ${units[step]}`;
}

/** With separators, all digits: `12,345`. */
export const wholeNumber = (value: number): string => WHOLE.format(value);

/** How long, seconds: `45 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86_400) return twoParts(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return twoParts(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

const twoParts = (large: number, unit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;

/** How long ago, from times in milliseconds: `now`, `12 s ago`. */
export function age(at: number, now: number): string {
  const seconds = (now - at) / 1000;
  return seconds < 1 ? 'now' : `${duration(seconds)} ago`;
}

/** Milliseconds: `0.42 ms`, `12 ms`, `1.50 s`. */
export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return value >= 10 ? `${Math.round(value)} ms` : `${Number(value.toFixed(2))} ms`;
}

/** Time of day of a moment in milliseconds since 1970: `14:03:21`. */
export const clockTime = (at: number): string => CLOCK.format(at);

/** Date and time: `21 Nov 2026, 14:03:21`. */
export const dateTime = (at: number): string => DATE_TIME.format(at);

/** `1 client`, `2 clients`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${wholeNumber(count)} ${count === 1 ? one : many}`;
