import { readFileSync } from 'node:fs';
import { maskUrl, Secret } from './secret.ts';
import { configTree, type Leaf, type Node, type Path, variantOf } from './tree.ts';

/** The environment that secrets may be read from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A secret that could not be had. */
export interface SecretProblem {
  readonly path: Path;
  readonly message: string;
}

/** What a configuration holds once its secrets have been read from where they are. */
export interface Resolved {
  /** A copy of the input with a {@link Secret} for every secret that was written in a way that is accepted. */
  readonly input: unknown;
  readonly problems: readonly SecretProblem[];
}

/** Reads every secret of a configuration from the text, the environment variable or the file that holds it. */
export function resolveSecrets(input: unknown, env: Environment): Resolved {
  const resolver = new Resolver(env);
  return { input: resolver.walk(configTree, input, []), problems: resolver.problems };
}

class Resolver {
  readonly problems: SecretProblem[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** What does not have the form the schema wants is left as it is: the schema refuses it. */
  walk(node: Node, value: unknown, path: Path): unknown {
    if (typeof value === 'string' || value instanceof Secret) {
      return node.type === 'leaf' ? this.#leaf(node, value, path) : value;
    }
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    if (node.type === 'leaf') return this.#leaf(node, value, path);
    if (node.type === 'list') {
      return Array.isArray(value) ? value.map((item, index) => this.walk(node.item, item, [...path, index])) : value;
    }
    const table = node.type === 'union' ? variantOf(node, value) : node;
    if (table === undefined || Array.isArray(value)) return value;
    return mapTable(value, (part, key) => {
      const field = table.fields.get(key);
      return field === undefined ? part : this.walk(field, part, [...path, key]);
    });
  }

  #leaf({ setting }: Leaf, value: object | string, path: Path): unknown {
    switch (setting.kind) {
      case 'secret':
        return this.#secret(value, path);
      case 'url': {
        const found = this.#secret(value, path);
        return found instanceof Secret ? new Secret(found.reveal(), maskUrl(found.reveal())) : found;
      }
      case 'secrets':
        return typeof value === 'string' || value instanceof Secret || Array.isArray(value)
          ? value
          : mapTable(value, (part, key) => this.#secret(part, [...path, key]));
      default:
        return value;
    }
  }

  #secret(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return this.#substituted(value, path);
    if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
    const entries = Object.entries(value);
    const [kind, name] = entries[0] ?? [];
    if (entries.length !== 1 || typeof name !== 'string' || name === '') return value;
    if (kind === 'env') return new Secret(this.#variable(name, path));
    return kind === 'file' ? new Secret(this.#file(name, path)) : value;
  }

  #substituted(text: string, path: Path): Secret {
    return new Secret(text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => this.#variable(name, path)));
  }

  /** An empty variable counts as not set, as everywhere. */
  #variable(name: string, path: Path): string {
    const value = this.#env[name];
    if (value !== undefined && value !== '') return value;
    return this.#missing(
      path,
      `the environment variable ${name} is not set; set it to the secret, or write it another way`,
    );
  }

  /** One line end at its end belongs to the file, not to the secret: editors put it there. */
  #file(name: string, path: Path): string {
    let text: string;
    try {
      text = readFileSync(name, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      return this.#missing(
        path,
        `the file ${name} cannot be read (${code}); put the secret there, readable for the broker`,
      );
    }
    return text === '' ? this.#missing(path, `the file ${name} is empty; put the secret there`) : text;
  }

  /** Something stands in for it, so that the schema does not complain a second time. */
  #missing(path: Path, message: string): string {
    this.problems.push({ path, message });
    return STAND_IN;
  }
}

/** Accepted nowhere it is used: a configuration with problems is refused. */
const STAND_IN = 'missing';

const mapTable = (table: object, change: (part: unknown, key: string) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(table).map(([key, part]) => [key, change(part, key)]));
