import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { type Gap, missingItem, readEnvironment } from './environment.ts';
import { ConfigError, type ConfigProblem } from './error.ts';
import { type KeyLocator, locateKeys } from './locate.ts';
import { describeProblems, type Origin } from './problems.ts';
import { type Environment, resolveSecrets } from './resolve-secrets.ts';
import { type Config, type ConfigInput, configSchema } from './schema.ts';
import { Secret } from './secret.ts';
import { formatPath, nodeAt, type Path, valueAt } from './tree.ts';

/** Values that a flag gives. */
export interface Override {
  /** How the flag is written, for error texts: `--port`. */
  readonly from: string;
  /** Its values. A list replaces what files and environment said of it. */
  readonly input: ConfigInput;
}

export interface LoadOptions {
  /** What a program has instead of the schema's defaults: everything else wins over it. */
  readonly defaults?: ConfigInput;
  /** TOML file to read. */
  readonly file?: string | undefined;
  /** Environment variables: those that start with `CAULDRON_`, and those that secrets name. Default: none. */
  readonly env?: Environment;
  /** Values of flags; a later one wins. */
  readonly overrides?: readonly Override[];
}

/** A configuration and where it came from. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read. */
  readonly file: string | undefined;
  /** Where the value at a path was given; undefined = it is the default. */
  originOf(path: Path): Origin | undefined;
}

/**
 * Puts a configuration together: the defaults, over them the file, over that environment variables, over those flags.
 * The result is frozen.
 *
 * @throws {ConfigError} with every problem that was found, each with its place
 */
export function loadConfig({ defaults = {}, file, env = {}, overrides = [] }: LoadOptions = {}): LoadedConfig {
  const layers = new Layers(file);
  layers.addEnvironment(env);
  for (const { from, input } of overrides) layers.addOverride(input, from);
  return { config: layers.validate(defaults, env), file, originOf: (path) => layers.originOf(path) };
}

/**
 * The configuration a program gives in code, with every default filled in; frozen.
 *
 * @param env environment variables that secrets may name
 * @throws {ConfigError} keys or values that the schema does not accept, secrets that cannot be had
 * @example parseConfig({ listeners: [{ port: 0 }], limits: { maxPacketSize: '1 MiB' } })
 */
export const parseConfig = (input: ConfigInput = {}, env: Environment = process.env): Config =>
  validate(input, env, () => ({}), []);

function validate(
  written: unknown,
  env: Environment,
  originOf: (path: Path) => Origin,
  problems: readonly ConfigProblem[],
): Config {
  const { input, problems: secrets } = resolveSecrets(written, env);
  const missing = secrets.map(({ path, message }) => ({ path: formatPath(path), message, ...originOf(path) }));
  const result = configSchema.safeParse(input);
  const refused = result.success ? [] : describeProblems(result.error.issues, input, originOf);
  // A secret that could not be had is no value, so that the schema refuses it as well.
  const others = refused.filter(({ path }) => !missing.some((secret) => secret.path === path));
  const found = [...problems, ...missing, ...others];
  if (!result.success || found.length > 0) throw new ConfigError('CONFIG_INVALID', found);
  return freeze(result.data);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

type Data = Record<string | number, unknown>;

/** The layers above the defaults, merged as they are added. */
class Layers {
  readonly #file: string | undefined;
  readonly #data: Data = {};
  readonly #locator: KeyLocator | undefined;
  /** Environment variable or flag of each value that did not come from the file, by path. */
  readonly #sources = new Map<string, string>();
  readonly #problems: ConfigProblem[] = [];

  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined) return;
    const toml = readText(file);
    this.#data = readToml(toml, file);
    this.#locator = locateKeys(toml);
  }

  addEnvironment(env: Environment): void {
    const { values, problems } = readEnvironment(env);
    this.#problems.push(...problems);
    for (const value of values) {
      const gap = this.#gapBefore(value.path);
      if (gap === undefined) this.#set(value.path, value.value, value.name);
      else this.#problems.push(missingItem(value, gap));
    }
  }

  addOverride(input: unknown, source: string, path: Path = []): void {
    if (Array.isArray(input)) this.#remove(path);
    const isWhole = typeof input !== 'object' || input === null || input instanceof Secret;
    if (isWhole || nodeAt(path)?.type === 'leaf') {
      if (input !== undefined) this.#set(path, input, source);
      return;
    }
    for (const [key, value] of Object.entries(input)) {
      this.addOverride(value, source, [...path, Array.isArray(input) ? Number(key) : key]);
    }
  }

  validate(defaults: ConfigInput, env: Environment): Config {
    return validate(filledIn(this.#data, defaults), env, (path) => this.#nearestOrigin(path), this.#problems);
  }

  originOf(path: Path): Origin | undefined {
    const source = this.#sources.get(formatPath(path));
    if (source !== undefined) return { source };
    return valueAt(this.#data, path) === undefined ? undefined : this.#inFile(this.#locator?.lineOf(path));
  }

  #nearestOrigin(path: Path): Origin {
    const source = this.#sources.get(formatPath(path));
    if (source !== undefined) return { source };
    return this.#file === undefined ? {} : this.#inFile(this.#locator?.nearestLine(path));
  }

  #inFile(line: number | undefined): Origin {
    return { ...(this.#file !== undefined && { file: this.#file }), ...(line !== undefined && { line }) };
  }

  /** The first list a path leads through whose end it goes past, and the length of that list. */
  #gapBefore(path: Path): Gap | undefined {
    for (const [at, step] of path.entries()) {
      if (typeof step !== 'number') continue;
      const list = valueAt(this.#data, path.slice(0, at));
      const length = Array.isArray(list) ? list.length : 0;
      if (step > length) return { list: path.slice(0, at), index: step, length };
    }
    return undefined;
  }

  /** Does nothing where something else than a table stands on the way: the schema then refuses that. */
  #set(path: Path, value: unknown, source: string): void {
    let place: unknown = this.#data;
    for (const [index, step] of path.slice(0, -1).entries()) {
      if (typeof place !== 'object' || place === null) return;
      const data = place as Data;
      if (!Object.hasOwn(data, step)) data[step] = typeof path[index + 1] === 'number' ? [] : {};
      place = data[step];
    }
    if (typeof place !== 'object' || place === null) return;
    (place as Data)[path.at(-1)!] = value;
    this.#sources.set(formatPath(path), source);
  }

  #remove(path: Path): void {
    const parent = valueAt(this.#data, path.slice(0, -1));
    if (typeof parent === 'object' && parent !== null) delete (parent as Data)[path.at(-1)!];
    const prefix = `${formatPath(path)}[`;
    for (const name of this.#sources.keys()) if (name.startsWith(prefix)) this.#sources.delete(name);
  }
}

/** `given` with the parts of `defaults` that it leaves out; a list counts as one part. */
function filledIn(given: unknown, defaults: unknown): unknown {
  if (given === undefined) return defaults;
  if (!isTable(given) || !isTable(defaults)) return given;
  const parts = Object.entries(defaults).map(([key, value]) => [key, filledIn(given[key], value)]);
  return { ...given, ...Object.fromEntries(parts) };
}

const isTable = (value: unknown): value is Data =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date || value instanceof Secret);

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const message = `cannot read the configuration file: ${(cause as Error).message}`;
    throw new ConfigError('CONFIG_UNREADABLE', [{ path: '', message, file }], { cause });
  }
}

function readToml(toml: string, file: string): Data {
  try {
    return parse(toml, { unsafeKeyBehaviour: 'throw' });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // The error itself stays here: it quotes lines of the file, which may hold secrets.
    const message = `not valid TOML: ${cause.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')}`;
    throw new ConfigError('CONFIG_SYNTAX', [{ path: '', message, file, line: cause.line }]);
  }
}
