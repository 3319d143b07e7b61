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
/** The index of a list in a name. */
const INDICES = /_(\d+)(?=_)/g;

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
  if (node.type === 'list') register(node.item, [...path, INDEX]);
  else if (node.type === 'table') for (const [key, field] of node.fields) register(field, [...path, key]);
  else if (node.type === 'union') {
    register(node.choice, [...path, node.key]);
    for (const variant of node.variants.values()) register(variant, path);
  } else if (isSettable(node.setting)) {
    const name = environmentName(path);
    // Kinds of a table that share a key take the same for it.
    if (!known.has(name)) known.set(name, { path, leaf: node });
  }
}

/** Whether one environment variable can hold a value. */
export function isSettable({ kind }: Setting): boolean {
  return kind !== 'secrets';
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
    const indices = [...name.matchAll(INDICES)].map(([, index]) => Number(index));
    const found = known.get(name.replaceAll(INDICES, `_${INDEX}`));
    if (found === undefined) problems.push(unknownVariable(name, indices));
    else {
      const path = withIndices(found.path, indices);
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

/** A path with numbers for its `<n>`, in order; 0 where there are none left. */
function withIndices(path: Path, indices: readonly number[]): Path {
  let next = 0;
  return path.map((step) => (step === INDEX ? (indices[next++] ?? 0) : step));
}

function unknownVariable(name: string, indices: readonly number[]): ConfigProblem {
  const names = [...known.values()].map(({ path }) => environmentName(withIndices(path, indices)));
  const suggestion = closest(name, names) ?? names.find((known) => known.endsWith(name.slice(PREFIX.length)));
  const problem = { path: name, source: name, message: 'unknown environment variable' };
  return suggestion === undefined ? problem : { ...problem, suggestion };
}

/** Text as the type the schema expects; what does not fit is left as text, which the schema then refuses. */
function coerce(text: string, setting: Setting): unknown {
  if (setting.kind === 'text' || setting.kind === 'secret' || setting.kind === 'url') return text;
  if (setting.kind === 'texts') return text.split(',').map((part) => part.trim());
  if (setting.kind === 'boolean') return { true: true, false: false }[text.toLowerCase()] ?? text;
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

/** A list that is too short for what is to be set in it. */
export interface Gap {
  readonly list: Path;
  readonly index: number;
  readonly length: number;
}

/** For error texts: which list item is missing before the one a variable names. */
export function missingItem(value: EnvironmentValue, { list: path, index, length }: Gap): ConfigProblem {
  const list = formatPath(path);
  const message = `there is no ${list}[${index - 1}] before it; number the entries of ${list} from 0 without a gap`;
  return {
    path: formatPath(value.path),
    source: value.name,
    message: `${message} (the file and the environment have ${length})`,
  };
}
