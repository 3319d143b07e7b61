import { z } from 'zod';
import { configSchema } from './schema.ts';
import { absences, SECRET, type Setting, sections, settings } from './setting.ts';

/** A key path: names and list indices. */
export type Path = readonly (string | number)[];

/** One value of the configuration. */
export interface Leaf {
  readonly type: 'leaf';
  readonly setting: Setting;
  /** Undefined = none; `absent` then says what holds. */
  readonly default: unknown;
  readonly absent: string | undefined;
  /** The keys it takes the place of, where it is one way of several to say something. */
  readonly insteadOf: string | undefined;
}

/** A TOML table. */
export interface Table {
  readonly type: 'table';
  readonly help: string | undefined;
  readonly fields: ReadonlyMap<string, Node>;
  /** It may be left out, which means something else than all of its defaults. */
  readonly optional: boolean;
}

/** A table of one of several kinds, each with keys of its own; the value of one key says which. */
export interface Union {
  readonly type: 'union';
  /** The key that says which. */
  readonly key: string;
  readonly choice: Leaf;
  /** The kinds by the value of `key`. */
  readonly variants: ReadonlyMap<unknown, Table>;
}

/** A TOML array of tables. */
export interface List {
  readonly type: 'list';
  readonly help: string | undefined;
  readonly item: Table | Union;
  readonly default: readonly unknown[];
  /** It may not be empty. */
  readonly needsOne: boolean;
}

export type Node = Leaf | Table | Union | List;

/** The schema as a plain tree, for what has to know every key: documentation, environment, error texts. */
export const configTree: Table = readTable(configSchema);

function read(schema: z.core.$ZodType): Node {
  let inner = schema;
  let preset: unknown;
  let optional = false;
  let absence: { absent: string; insteadOf?: string } | undefined;
  while (!settings.has(inner)) {
    absence ??= absences.get(inner);
    optional ||= inner instanceof z.ZodOptional;
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) preset = inner.def.defaultValue;
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
      inner = inner.unwrap();
    } else if (inner instanceof z.ZodArray) {
      const defaults = (preset ?? []) as readonly unknown[];
      const item = readItem(inner.element);
      return { type: 'list', help: sections.get(inner)?.help, item, default: defaults, needsOne: defaults.length > 0 };
    } else {
      return readTable(inner, optional);
    }
  }
  const { absent, insteadOf } = absence ?? {};
  return { type: 'leaf', setting: settings.get(inner)!, default: preset, absent, insteadOf };
}

function readItem(schema: z.core.$ZodType): Table | Union {
  return schema instanceof z.ZodDiscriminatedUnion ? readUnion(schema) : readTable(schema);
}

function readUnion({ def }: z.ZodDiscriminatedUnion): Union {
  const key = def.discriminator;
  const tables = def.options.map((option) => readTable(option));
  const names = tables.map((table) => {
    const field = table.fields.get(key);
    if (field?.type !== 'leaf' || field.setting.kind !== 'choice') throw new TypeError(`a variant has no ${key}`);
    return field.setting.choices[0]!;
  });
  const setting: Setting = { kind: 'choice', help: `Which of the kinds below it is.`, choices: names };
  const choice: Leaf = { type: 'leaf', setting, default: undefined, absent: undefined, insteadOf: undefined };
  return { type: 'union', key, choice, variants: new Map(names.map((name, index) => [name, tables[index]!])) };
}

function readTable(schema: z.core.$ZodType, optional = false): Table {
  // A table whose value is put into another form once it has been accepted.
  if (schema instanceof z.ZodPipe) return readTable(schema.in, optional);
  if (!(schema instanceof z.ZodObject)) throw new TypeError('a value of the configuration schema has no Setting');
  const fields = Object.entries(schema.shape).map(([key, value]): [string, Node] => [key, read(value)]);
  return { type: 'table', help: sections.get(schema)?.help, fields: new Map(fields), optional };
}

/** The kind that a table of data is of; undefined where it does not say, or says one that there is not. */
export const variantOf = ({ key, variants }: Union, data: unknown): Table | undefined =>
  variants.get(valueAt(data, [key]));

/**
 * The node at a path, or undefined where the schema has none. An index leads from a list to its item.
 *
 * @param data what the path leads through, for tables of several kinds; without it the first kind that has the key counts
 */
export function nodeAt(path: Path, data?: unknown): Node | undefined {
  let node: Node | undefined = configTree;
  for (const [index, step] of path.entries()) {
    if (node?.type === 'union') node = fieldOfUnion(node, step, valueAt(data, path.slice(0, index)));
    else if (node?.type === 'table') node = node.fields.get(String(step));
    else if (node?.type === 'list' && typeof step === 'number') node = node.item;
    else if (node?.type === 'leaf') node = elementOf(node, step);
    else return undefined;
  }
  return node;
}

function fieldOfUnion(union: Union, step: string | number, data: unknown): Node | undefined {
  if (step === union.key) return union.choice;
  const variants = data === undefined ? [...union.variants.values()] : [variantOf(union, data)];
  return variants.find((variant) => variant?.fields.has(String(step)))?.fields.get(String(step));
}

/** What one text of a list, or one secret of a table, is; a secret that has parts stays one. */
function elementOf(leaf: Leaf, step: string | number): Leaf | undefined {
  const { setting } = leaf;
  if (setting.kind === 'secrets')
    return { ...leaf, setting: { ...setting, kind: 'secret', accepts: SECRET, example: '' } };
  if (setting.kind === 'secret' || setting.kind === 'url') return leaf;
  if (setting.kind !== 'texts' || typeof step !== 'number') return undefined;
  return {
    ...leaf,
    default: undefined,
    setting: { kind: 'text', help: setting.help, accepts: setting.element, example: '' },
  };
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
  const here = valueAt(data, path);
  if (node.type === 'leaf') yield [path, node];
  else if (node.type === 'table') {
    if (node.optional && here === undefined) return;
    for (const [key, field] of node.fields) yield* leavesOf(data, field, [...path, key]);
  } else if (node.type === 'union') {
    const variant = variantOf(node, here);
    if (variant !== undefined) yield* leavesOf(data, variant, path);
  } else {
    for (const index of Array.isArray(here) ? here.keys() : []) yield* leavesOf(data, node.item, [...path, index]);
  }
}
