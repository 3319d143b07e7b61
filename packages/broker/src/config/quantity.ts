/** Units of size. Both families are understood; what we write ourselves is the binary one. */
const SIZES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Units of time, in seconds. */
const TIMES: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

const NUMBER_AND_UNIT = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i;

/**
 * Reads a size such as `16 MiB`, `512KiB` or `1 MB`; a number alone counts bytes. NaN when it is not one.
 *
 * @example parseBytes('16 MiB') // 16_777_216
 */
export const parseBytes = (text: string): number => parseQuantity(text, SIZES, 'b');

/**
 * Reads a time such as `10 s`, `500 ms`, `5 min`, `2 h` or `30 d`; a number alone counts seconds. NaN when it is not one.
 *
 * @returns seconds
 * @example parseSeconds('30 d') // 2_592_000
 */
export const parseSeconds = (text: string): number => parseQuantity(text, TIMES, 's');

function parseQuantity(text: string, units: Readonly<Record<string, number>>, defaultUnit: string): number {
  const match = NUMBER_AND_UNIT.exec(text);
  if (match === null) return Number.NaN;
  const unit = (match[2] || defaultUnit).toLowerCase();
  return Object.hasOwn(units, unit) ? Number(match[1]) * units[unit]! : Number.NaN;
}

/** The shortest exact way to write a number of bytes: `16 MiB`; undefined when that is the number itself. */
export const formatBytes = (bytes: number): string | undefined =>
  formatQuantity(bytes, [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ]);

/** The shortest exact way to write a number of seconds: `30 d`; undefined when that is the number itself. */
export const formatSeconds = (seconds: number): string | undefined =>
  formatQuantity(seconds, [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
  ]);

function formatQuantity(value: number, units: readonly (readonly [string, number])[]): string | undefined {
  const unit = units.find(([, size]) => value >= size && value % size === 0);
  return unit === undefined ? undefined : `${value / unit[1]} ${unit[0]}`;
}
