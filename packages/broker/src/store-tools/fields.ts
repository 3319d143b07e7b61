import { closest } from '../config/spelling.ts';

/** What is wrong with a line of an import, without the number of the line. */
export class LineProblem extends Error {
  override readonly name = 'LineProblem';
}

/** A kind of value: how it is read from JSON, and how it is described to people. */
export interface Kind<T> {
  /** What it is called in tables: `time`. */
  readonly name: string;
  /** What it takes, as the end of a sentence: `true or false`. */
  readonly takes: string;
  /** The value; undefined where it is of another kind. @throws {LineProblem} where it can be said better why not */
  readonly read: (value: unknown) => T | undefined;
}

/** One key of an object. */
export interface Field<T> {
  readonly kind: Kind<unknown>;
  /** What it means, for docs/store.md. */
  readonly help: string;
  /** What holds where it is left out; null = it must be there. */
  readonly absent: string | null;
  /** Never there: it carries the type of what is read. */
  readonly type?: T;
}

/** The keys an object may have. */
export type Shape = Readonly<Record<string, Field<unknown>>>;

/** What an object of a shape is read as. */
export type Values<S extends Shape> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

/** A key that must be there. */
export function required<T>(kind: Kind<T>, help: string): Field<T> {
  return { kind, help, absent: null };
}

/** A key that may be left out, or be null. @param absent what holds then */
export function optional<T>(kind: Kind<T>, absent: string, help: string): Field<T | undefined> {
  return { kind, help, absent };
}

/**
 * Reads an object that has the keys of a shape, and no others.
 *
 * @throws {LineProblem} naming the key and what it takes
 */
export function readObject<S extends Shape>(shape: S, value: object): Values<S> {
  const values: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(value)) {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (field === undefined) throw unknownKey(key, Object.keys(shape));
    if (given !== null) values[key] = readValue(field.kind, given, `"${key}"`);
  }
  for (const [key, { kind, absent }] of Object.entries(shape)) {
    if (values[key] === undefined && absent === null) {
      throw new LineProblem(`"${key}" is missing; it takes ${kind.takes}`);
    }
  }
  return values as Values<S>;
}

function readValue(kind: Kind<unknown>, given: unknown, name: string): unknown {
  try {
    const value = kind.read(given);
    if (value !== undefined) return value;
  } catch (error) {
    if (error instanceof LineProblem) throw new LineProblem(`${name}: ${error.message}`);
    throw error;
  }
  throw new LineProblem(`${name}: ${show(given)} is not accepted; it takes ${kind.takes}`);
}

function unknownKey(key: string, known: readonly string[]): LineProblem {
  const meant = closest(key, known);
  const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean "${meant}"?`;
  return new LineProblem(`unknown key "${key}"; ${hint}`);
}

const LONGEST_SHOWN = 60;

/** A value as it was written, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A list of one kind of values. */
export function listOf<T>(kind: Kind<T>, takes: string): Kind<T[]> {
  return {
    name: `list of ${kind.name}s`,
    takes,
    read: (value) =>
      Array.isArray(value) ? value.map((one, index) => readValue(kind, one, `[${index}]`) as T) : undefined,
  };
}

/** An object of a shape. */
export function objectOf<S extends Shape>(shape: S, takes: string): Kind<Values<S>> {
  return { name: 'object', takes, read: (value) => (isObject(value) ? readObject(shape, value) : undefined) };
}

/** Whether a JSON value is an object: neither a list nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number within bounds. */
export function whole(min: number, max: number, unit = ''): Kind<number> {
  const takes = `a whole number from ${min} to ${max}${unit}`;
  return {
    name: max === Number.MAX_SAFE_INTEGER ? 'number' : `${min} to ${max}`,
    takes,
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
  };
}
