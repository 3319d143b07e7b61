import type { Parsed } from './command.ts';
import { UsageError } from './command.ts';

/** The value of a flag that takes one, or undefined. */
export function textOf(parsed: Parsed, long: string): string | undefined {
  const value = parsed.values[long];
  return typeof value === 'string' ? value : undefined;
}

/** The values of a flag that may be repeated; empty when it was not given. */
export function listOf(parsed: Parsed, long: string): readonly string[] {
  const value = parsed.values[long];
  if (value === undefined || typeof value === 'boolean') return [];
  return typeof value === 'string' ? [value] : value;
}

/** Whether a boolean flag was given. */
export const isSet = (parsed: Parsed, long: string): boolean => parsed.values[long] === true;

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Fractions are allowed. */
  readonly fraction?: boolean;
}

/**
 * The number a flag was given, or undefined.
 *
 * @throws {UsageError} when it is no plain decimal number in the range
 */
export function numberOf(parsed: Parsed, long: string, range: NumberRange): number | undefined {
  const text = textOf(parsed, long);
  return text === undefined ? undefined : toNumber(text, `--${long}`, range);
}

/**
 * Reads a decimal number for the flag or property called `what`.
 *
 * @throws {UsageError} when it is no plain decimal number in the range
 */
export function toNumber(text: string, what: string, range: NumberRange): number {
  const pattern = range.fraction === true ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/;
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || value < range.min || value > range.max) {
    const kind = range.fraction === true ? 'a number' : 'a whole number';
    const limit = Number.isFinite(range.max) ? `from ${range.min} to ${range.max}` : `of at least ${range.min}`;
    throw new UsageError(`${what} must be ${kind} ${limit}, not "${text}"`);
  }
  return value;
}

/**
 * One of a few words, or undefined.
 *
 * @throws {UsageError} when it is another
 */
export function choiceOf<T extends string>(parsed: Parsed, long: string, choices: readonly T[]): T | undefined {
  const text = textOf(parsed, long);
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new UsageError(`--${long} must be one of ${choices.join(', ')}, not "${text}"`);
  return found;
}
