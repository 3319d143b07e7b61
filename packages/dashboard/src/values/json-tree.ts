/**
 * A JSON document as a tree to open level by level, and what is different from another one: children are worked out when
 * they are asked for.
 */
import { pathBelow } from './json-path.ts';

/** `inside`: something below is different. Without a comparison everything is `same`. */
export type Change = 'same' | 'inside' | 'added' | 'removed' | 'changed';

export interface JsonNode {
  /** null = the whole document. */
  readonly key: string | number | null;
  /** JSON path: `$.a[0]`. */
  readonly path: string;
  /** What is here; of something removed: what was here. */
  readonly value: unknown;
  readonly change: Change;
  /** What was here before, where it is `changed` or `inside`. */
  readonly before: unknown;
}

/** How many values were added, removed and changed; a value is everything that is no list and no object. */
export interface ChangeCount {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

/**
 * Reads JSON; whole numbers that are too large for `number` become `bigint`, so that they are shown as they are.
 *
 * @returns undefined where the text is no JSON
 */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: /\d{16}/.test(text) ? JSON.parse(text, exact as Reviver) : JSON.parse(text) };
  } catch {
    return undefined; // that is the answer
  }
}

type Reviver = (this: unknown, key: string, value: unknown) => unknown;

/** Engines that do not give the source of a number keep what is nearest to it. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

/** A value as JSON, on one line or with `indent` spaces a level. */
export function jsonText(value: unknown, indent = 0): string {
  const raw = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;
  const exactly = (_: string, one: unknown): unknown =>
    typeof one === 'bigint' ? (raw === undefined ? Number(one) : raw(String(one))) : one;
  return JSON.stringify(value, exactly, indent) ?? '';
}

/** The root of a document, compared with another one where there is one. */
export function rootNode(value: unknown, before?: { readonly value: unknown }): JsonNode {
  const root = { key: null, path: '$', value };
  return before === undefined
    ? { ...root, change: 'same', before: undefined }
    : { ...root, change: changeOf(value, before.value), before: before.value };
}

/** A list or an object with something in it or not. */
export const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Entries right below. */
export const sizeOf = (value: unknown): number =>
  Array.isArray(value) ? value.length : isContainer(value) ? Object.keys(value).length : 0;

/** What is right below; of a comparison also what was there and is there no more, at the end. */
export function childrenOf(node: JsonNode): JsonNode[] {
  if (!isContainer(node.value)) return [];
  if (node.change === 'inside') {
    return Array.isArray(node.value) ? comparedItems(node, node.before as unknown[]) : comparedEntries(node);
  }
  const change = node.change === 'added' || node.change === 'removed' ? node.change : 'same';
  return entriesOf(node.value).map(([key, value]) => childOf(node, key, value, change));
}

/** Counts what is different below a node, itself included. */
export function countChanges(node: JsonNode): ChangeCount {
  if (node.change === 'same') return { added: 0, removed: 0, changed: 0 };
  if (node.change === 'changed') return { added: 0, removed: 0, changed: 1 };
  const children = childrenOf(node);
  if (node.change !== 'inside' && children.length === 0) {
    return { added: Number(node.change === 'added'), removed: Number(node.change === 'removed'), changed: 0 };
  }
  return children.map(countChanges).reduce(
    (sum, one) => ({
      added: sum.added + one.added,
      removed: sum.removed + one.removed,
      changed: sum.changed + one.changed,
    }),
    { added: 0, removed: 0, changed: 0 },
  );
}

function comparedEntries(node: JsonNode): JsonNode[] {
  const now = node.value as Record<string, unknown>;
  const before = node.before as Record<string, unknown>;
  const here = Object.keys(now).map((key) =>
    Object.hasOwn(before, key) ? compared(node, key, now[key], before[key]) : childOf(node, key, now[key], 'added'),
  );
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(now, key));
  return [...here, ...gone.map((key) => childOf(node, key, before[key], 'removed'))];
}

/**
 * What both lists begin and end with is the same, however much was put in or taken out in between:
 *
 *     before   a b c d          a b c d
 *     now      a x y c d        a d
 *                ~ +              - -
 */
function comparedItems(node: JsonNode, before: readonly unknown[]): JsonNode[] {
  const now = node.value as readonly unknown[];
  const shorter = Math.min(now.length, before.length);
  let head = 0;
  while (head < shorter && isSame(now[head], before[head])) head += 1;
  let tail = 0;
  while (tail < shorter - head && isSame(now.at(-1 - tail), before.at(-1 - tail))) tail += 1;
  const here = now.map((value, at) => {
    if (at < head || at >= now.length - tail) return childOf(node, at, value, 'same');
    return at < before.length - tail ? compared(node, at, value, before[at]) : childOf(node, at, value, 'added');
  });
  const gone = before.slice(Math.max(head, now.length - tail), before.length - tail);
  const from = Math.max(head, now.length - tail);
  const removed = gone.map((value, at) => childOf(node, from + at, value, 'removed'));
  return [...here.slice(0, now.length - tail), ...removed, ...here.slice(now.length - tail)];
}

const entriesOf = (value: object): (readonly [string | number, unknown])[] =>
  Array.isArray(value) ? value.map((one, at) => [at, one] as const) : Object.entries(value);

const childOf = (node: JsonNode, key: string | number, value: unknown, change: Change): JsonNode => ({
  key,
  path: pathBelow(node.path, key),
  value,
  change,
  before: undefined,
});

const compared = (node: JsonNode, key: string | number, value: unknown, before: unknown): JsonNode => ({
  ...childOf(node, key, value, changeOf(value, before)),
  before,
});

function changeOf(value: unknown, before: unknown): Change {
  if (isSame(value, before)) return 'same';
  const alike = isContainer(value) && isContainer(before) && Array.isArray(value) === Array.isArray(before);
  return alike ? 'inside' : 'changed';
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}
