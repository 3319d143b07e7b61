import { z } from 'zod';
import { configSchema } from './schema.ts';
import { absences, type Setting, sections, settings } from './setting.ts';

/** A key path: names and list indices. */
export type Path = readonly (string | number)[];

/** One value of the configuration. */
export interface Leaf {
  readonly type: 'leaf';
  readonly setting: Setting;
  /** Undefined = none; `absent` then says what holds. */
  readonly default: unknown;
  readonly absent: string | undefined;
}

/** A TOML table. */
export interface Table {
  readonly type: 'table';
  readonly help: string | undefined;
  readonly fields: ReadonlyMap<string, Node>;
}

/** A TOML array of tables. */
export interface List {
  readonly type: 'list';
  readonly help: string | undefined;
  readonly item: Table;
  readonly default: readonly unknown[];
  /** It may not be empty. */
  readonly needsOne: boolean;
}

export type Node = Leaf | Table | List;

/** The schema as a plain tree, for what has to know every key: documentation, environment, error texts. */
export const configTree: Table = readTable(configSchema);

function read(schema: z.core.$ZodType): Node {
  let inner = schema;
  let preset: unknown;
  let absent: string | undefined;
  while (!settings.has(inner)) {
    absent ??= absences.get(inner)?.absent;
    if (inner instanceof z.ZodDefault) preset = inner.def.defaultValue;
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
      inner = inner.unwrap();
    } else if (inner instanceof z.ZodArray) {
      const item = readTable(inner.element);
      const defaults = (preset ?? []) as readonly unknown[];
      return { type: 'list', help: sections.get(inner)?.help, item, default: defaults, needsOne: defaults.length > 0 };
    } else {
      return readTable(inner);
    }
  }
  return { type: 'leaf', setting: settings.get(inner)!, default: preset, absent };
}

function readTable(schema: z.core.$ZodType): Table {
  if (!(schema instanceof z.ZodObject)) throw new TypeError('a value of the configuration schema has no Setting');
  const fields = Object.entries(schema.shape).map(([key, value]): [string, Node] => [key, read(value)]);
  return { type: 'table', help: sections.get(schema)?.help, fields: new Map(fields) };
}

/** The node at a path, or undefined where the schema has none. An index leads from a list to its item. */
export function nodeAt(path: Path): Node | undefined {
  let node: Node | undefined = configTree;
  for (const step of path) {
    if (node?.type === 'table') node = node.fields.get(String(step));
    else if (node?.type === 'list' && typeof step === 'number') node = node.item;
    else return undefined;
  }
  return node;
}

/** `listeners[0].maxPacketSize`, as error texts write a path. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const key = /^[\w-]+$/.test(step) ? step : JSON.stringify(step);
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** The value at a path of any data, or undefined. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** Every leaf of the schema that `data` may hold, with its path; list items as many as `data` has. */
export function* leavesOf(data: unknown, node: Node = configTree, path: Path = []): Generator<[Path, Leaf]> {
  if (node.type === 'leaf') yield [path, node];
  else if (node.type === 'table') {
    for (const [key, field] of node.fields) yield* leavesOf(data, field, [...path, key]);
  } else {
    const items = valueAt(data, path);
    for (const index of Array.isArray(items) ? items.keys() : []) yield* leavesOf(data, node.item, [...path, index]);
  }
}
