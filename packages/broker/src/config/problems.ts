import type { z } from 'zod';
import type { ConfigProblem } from './error.ts';
import { accepts, type Setting } from './setting.ts';
import { closest } from './spelling.ts';
import { configTree, formatPath, type Node, nodeAt, type Path, valueAt, variantOf } from './tree.ts';

/** Where a value was given: a line of a file, or a flag or environment variable. Empty = in the program's own call. */
export type Origin = Pick<ConfigProblem, 'file' | 'line' | 'source'>;

/**
 * What the schema did not accept, in words that say what was given and what is accepted.
 *
 * @param input what was validated
 * @param originOf where the value at a path came from
 */
export function describeProblems(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  originOf: (path: Path) => Origin,
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ ...unknownKey(path, key, input), ...originOf([...path, key]) }));
    }
    const explains = issue.code === 'custom' && issue.params?.explains === true;
    const problem = explains ? { message: issue.message } : wrongValue(path, input);
    return [{ path: formatPath(path), ...problem, ...originOf(path) }];
  });
}

function unknownKey(table: Path, key: string, input: unknown): ConfigProblem {
  const siblings = fieldsOf(nodeAt(table, input), valueAt(input, table));
  const suggestion = closest(key, siblings.keys()) ?? elsewhere(key);
  const known = [...siblings.keys()].join(', ');
  const problem = { path: formatPath([...table, key]), message: 'unknown key' };
  return suggestion === undefined
    ? { ...problem, message: `unknown key; known here: ${known}` }
    : { ...problem, suggestion };
}

function fieldsOf(node: Node | undefined, data: unknown): ReadonlyMap<string, Node> {
  const table = node?.type === 'union' ? variantOf(node, data) : node;
  return table?.type === 'table' ? table.fields : new Map();
}

/** A key that exists, only in another section. */
function elsewhere(key: string): string | undefined {
  for (const [section, node] of configTree.fields) {
    if (node.type === 'table' && node.fields.has(key)) return `${section}.${key}`;
  }
  return undefined;
}

function wrongValue(path: Path, input: unknown): Pick<ConfigProblem, 'message' | 'suggestion'> {
  const given = valueAt(input, path);
  const node = nodeAt(path, input);
  const shown = node?.type === 'leaf' && isSecret(node.setting) ? 'what is given' : show(given, node);
  const message = `${given === undefined ? 'is missing' : `${shown} is not accepted`}; it takes ${expected(path, node)}`;
  const suggestion = typeof given === 'string' && node?.type === 'leaf' ? likely(given, node.setting) : undefined;
  return suggestion === undefined ? { message } : { message, suggestion: JSON.stringify(suggestion) };
}

const isSecret = ({ kind }: Setting): boolean => kind === 'secret' || kind === 'url' || kind === 'secrets';

function likely(given: string, setting: Setting): string | undefined {
  return setting.kind === 'choice' ? closest(given, setting.choices.map(String)) : undefined;
}

function expected(path: Path, node: Node | undefined): string {
  const name = path.filter((step) => typeof step === 'string').join('.');
  if (node?.type === 'leaf') return accepts(node.setting);
  if (node?.type === 'list') {
    return `a list ${node.needsOne ? 'with at least one table' : 'of tables'}, written [[${name}]] in TOML`;
  }
  return typeof path.at(-1) === 'string' ? `a table, written [${name}] in TOML` : 'a table';
}

const LONGEST_SHOWN = 60;

/** What was given, in short. Of tables and lists, and of what stands in their place, only what it is: there may be secrets in it. */
function show(value: unknown, node: Node | undefined): string {
  if (value instanceof Date) return `the date ${value.toISOString()}`;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'a list';
  if (typeof value === 'object' && value !== null) return 'a table';
  if (typeof value === 'string' && node?.type !== 'leaf') return 'a text';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
