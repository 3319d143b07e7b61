import type { z } from 'zod';
import type { ConfigProblem } from './error.ts';
import { accepts } from './setting.ts';
import { closest } from './spelling.ts';
import { configTree, formatPath, type Node, nodeAt, type Path, valueAt } from './tree.ts';

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
      return issue.keys.map((key) => ({ ...unknownKey(path, key), ...originOf([...path, key]) }));
    }
    const explains = issue.code === 'custom' && issue.params?.explains === true;
    const message = explains ? issue.message : wrongValue(path, valueAt(input, path));
    return [{ path: formatPath(path), message, ...originOf(path) }];
  });
}

function unknownKey(table: Path, key: string): ConfigProblem {
  const node = nodeAt(table);
  const siblings = node?.type === 'table' ? node.fields : new Map<string, Node>();
  const suggestion = closest(key, siblings.keys()) ?? elsewhere(key);
  const known = [...siblings.keys()].join(', ');
  const problem = { path: formatPath([...table, key]), message: 'unknown key' };
  return suggestion === undefined
    ? { ...problem, message: `unknown key; known here: ${known}` }
    : { ...problem, suggestion };
}

/** A key that exists, only in another section. */
function elsewhere(key: string): string | undefined {
  for (const [section, node] of configTree.fields) {
    if (node.type === 'table' && node.fields.has(key)) return `${section}.${key}`;
  }
  return undefined;
}

function wrongValue(path: Path, given: unknown): string {
  return `${given === undefined ? 'is missing' : `${show(given)} is not accepted`}; it takes ${expected(path)}`;
}

function expected(path: Path): string {
  const node = nodeAt(path);
  const name = formatPath(path);
  if (node?.type === 'leaf') return accepts(node.setting);
  if (node?.type === 'list') {
    return `a list ${node.needsOne ? 'with at least one table' : 'of tables'}, written [[${name}]] in TOML`;
  }
  return typeof path.at(-1) === 'string' ? `a table, written [${name}] in TOML` : 'a table';
}

const LONGEST_SHOWN = 60;

function show(value: unknown): string {
  if (value instanceof Date) return `the date ${value.toISOString()}`;
  const text = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
