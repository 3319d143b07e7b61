import type { ConfigProblem } from './error.ts';
import type { Setting } from './setting.ts';
import { closest } from './spelling.ts';
import { configTree, formatPath, type Leaf, type Node, type Path } from './tree.ts';

/** One value that an environment variable gives. */
export interface EnvironmentValue {
  readonly name: string;
  readonly path: Path;
  readonly value: unknown;
}

const PREFIX = 'CAULDRON';
const INDEX = '<n>';

/**
 * The variable that sets the value at a path: words of the keys in capitals, joined by underscores.
 *
 * @example environmentName(['limits', 'maxPacketSize']) // 'CAULDRON_LIMITS_MAX_PACKET_SIZE'
 */
export function environmentName(path: Path): string {
  const words = path.map((step) => (typeof step === 'number' || step === INDEX ? String(step) : capitals(step)));
  return [PREFIX, ...words].join('_');
}

const capitals = (key: string): string =>
  key
    .replace('QoS', 'Qos')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toUpperCase();

/** Each variable by name, with `<n>` for the index of a list. */
const known = new Map<string, { path: Path; leaf: Leaf }>();
register(configTree, []);

function register(node: Node, path: Path): void {
  if (node.type === 'leaf') known.set(environmentName(path), { path, leaf: node });
  else if (node.type === 'list') register(node.item, [...path, INDEX]);
  else for (const [key, field] of node.fields) register(field, [...path, key]);
}

/** The names of all variables, `<n>` standing for an index. */
export const environmentNames = (): readonly string[] => [...known.keys()];

/**
 * Reads every variable that starts with `CAULDRON_`. An empty one counts as not set.
 *
 * @returns the values, list items in order, and the variables that mean nothing
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  values: EnvironmentValue[];
  problems: ConfigProblem[];
} {
  const values: EnvironmentValue[] = [];
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(env).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    const text = env[name];
    if (!name.startsWith(`${PREFIX}_`) || text === undefined || text === '' || isServiceLink(name, text)) continue;
    const index = /_(\d+)_/.exec(name)?.[1];
    const found = known.get(name.replace(/_\d+_/, `_${INDEX}_`));
    if (found === undefined) problems.push(unknownVariable(name, index));
    else {
      const path = found.path.map((step) => (step === INDEX ? Number(index) : step));
      values.push({ name, path, value: coerce(text, found.leaf.setting) });
    }
  }
  return { values, problems };
}

/** Kubernetes gives each container variables of this form for a service that is called `cauldron`. */
function isServiceLink(name: string, text: string): boolean {
  if (/^CAULDRON_PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$/.test(name))
    return name !== 'CAULDRON_PORT' || /^\w+:\/\//.test(text);
  return /^CAULDRON_SERVICE_(HOST|PORT(_.*)?)$/.test(name);
}

function unknownVariable(name: string, index: string | undefined): ConfigProblem {
  const names = environmentNames().map((known) => known.replace(INDEX, index ?? '0'));
  const suggestion = closest(name, names) ?? names.find((known) => known.endsWith(name.slice(PREFIX.length)));
  const problem = { path: name, source: name, message: 'unknown environment variable' };
  return suggestion === undefined ? problem : { ...problem, suggestion };
}

/** Text as the type the schema expects; what does not fit is left as text, which the schema then refuses. */
function coerce(text: string, setting: Setting): unknown {
  if (setting.kind === 'text') return text;
  if (setting.kind === 'boolean') return { true: true, false: false }[text.toLowerCase()] ?? text;
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

/** For error texts: which list item is missing before the one a variable names. */
export function missingItem(value: EnvironmentValue, length: number): ConfigProblem {
  const index = value.path.findIndex((step) => typeof step === 'number');
  const list = formatPath(value.path.slice(0, index));
  const message = `there is no ${list}[${Number(value.path[index]) - 1}] before it; number the entries of ${list} from 0 without a gap`;
  return {
    path: formatPath(value.path),
    source: value.name,
    message: `${message} (the file and the environment have ${length})`,
  };
}
