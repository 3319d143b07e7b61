/** A point in time, finer than a Date. */
export interface Moment {
  /** Milliseconds since 1970, whole. */
  readonly ms: number;
  /** Nanoseconds within the current second, 0..999,999,999. */
  readonly nanoseconds: number;
}

let offset = performance.timeOrigin;

/** The wall clock with the resolution of the monotonic one; follows the wall clock when that is set. */
export function now(): Moment {
  const wall = Date.now();
  let time = offset + performance.now();
  if (Math.abs(time - wall) > 2) {
    offset += wall - time;
    time = wall;
  }
  const seconds = Math.floor(time / 1000);
  return { ms: Math.floor(time), nanoseconds: Math.floor((time - seconds * 1000) * 1e6) };
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAY = 86_400_000;

const pad = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);
const hour12 = (date: Date): number => date.getHours() % 12 || 12;

/** Days since 1 January, in local time: 0..365. */
const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) / DAY,
  );

/** Week number where weeks start on `first` (0 = Sunday) and the days before the first such day are week 0. */
const week = (date: Date, first: 0 | 1): number =>
  Math.floor((dayOfYear(date) + 7 - ((date.getDay() - first + 7) % 7)) / 7);

/** ISO 8601: the year and the week that hold this week's Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 3 - ((date.getDay() + 6) % 7));
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

/** `+hhmm` of the local time zone at that time. */
export function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${pad(size % 60)}`;
}

const zoneName = (date: Date): string =>
  new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find((part) => part.type === 'timeZoneName')?.value ?? '';

/** The conversions of strftime(3) in the C locale, in local time, and `N`: nanoseconds. */
const conversions: Readonly<Record<string, (date: Date, moment: Moment) => string>> = {
  a: (d) => days[d.getDay()]!.slice(0, 3),
  A: (d) => days[d.getDay()]!,
  b: (d) => months[d.getMonth()]!.slice(0, 3),
  B: (d) => months[d.getMonth()]!,
  c: (d, m) => each('a b e T Y', d, m),
  C: (d) => pad(Math.floor(d.getFullYear() / 100)),
  d: (d) => pad(d.getDate()),
  D: (d, m) => each('m/d/y', d, m),
  e: (d) => pad(d.getDate(), 2, ' '),
  F: (d, m) => each('Y-m-d', d, m),
  g: (d) => pad(isoWeek(d).year % 100),
  G: (d) => String(isoWeek(d).year),
  h: (d) => months[d.getMonth()]!.slice(0, 3),
  H: (d) => pad(d.getHours()),
  I: (d) => pad(hour12(d)),
  j: (d) => pad(dayOfYear(d) + 1, 3),
  k: (d) => pad(d.getHours(), 2, ' '),
  l: (d) => pad(hour12(d), 2, ' '),
  m: (d) => pad(d.getMonth() + 1),
  M: (d) => pad(d.getMinutes()),
  n: () => '\n',
  N: (_, m) => pad(m.nanoseconds, 9),
  p: (d) => (d.getHours() < 12 ? 'AM' : 'PM'),
  P: (d) => (d.getHours() < 12 ? 'am' : 'pm'),
  r: (d, m) => each('I:M:S p', d, m),
  R: (d, m) => each('H:M', d, m),
  s: (_, m) => String(Math.floor(m.ms / 1000)),
  S: (d) => pad(d.getSeconds()),
  t: () => '\t',
  T: (d, m) => each('H:M:S', d, m),
  u: (d) => String(d.getDay() || 7),
  U: (d) => pad(week(d, 0)),
  V: (d) => pad(isoWeek(d).week),
  w: (d) => String(d.getDay()),
  W: (d) => pad(week(d, 1)),
  x: (d, m) => each('m/d/y', d, m),
  X: (d, m) => each('H:M:S', d, m),
  y: (d) => pad(d.getFullYear() % 100),
  Y: (d) => String(d.getFullYear()),
  z: (d) => zone(d),
  Z: (d) => zoneName(d),
  '%': () => '%',
};

/** Replaces every letter by its conversion and keeps all else. */
function each(letters: string, date: Date, moment: Moment): string {
  return letters.replace(/[a-z]/gi, (letter) => conversions[letter]!(date, moment));
}

/** Whether {@link strftime} knows the conversion. */
export const isConversion = (letter: string): boolean => Object.hasOwn(conversions, letter);

/**
 * One conversion of strftime(3) in local time.
 *
 * @throws {RangeError} for a letter that {@link isConversion} does not know
 */
export function strftime(letter: string, moment: Moment): string {
  const conversion = conversions[letter];
  if (conversion === undefined) throw new RangeError(`strftime has no conversion ${letter}`);
  return conversion(new Date(moment.ms), moment);
}
