/** What stands in for a secret wherever it could be read. */
export const HIDDEN = '***';

/**
 * A text that must not be seen: a password, a key, a URL with one in it. However it is printed (text, JSON, `inspect`),
 * it is not; only {@link Secret.reveal} gives it, at the place that needs it.
 */
export class Secret {
  readonly #value: string;
  readonly #shown: string;

  /** @param shown what may be seen of it; default `***` */
  constructor(value: string, shown: string = HIDDEN) {
    this.#value = value;
    this.#shown = shown;
  }

  /** The text itself. Not for logs, errors or anything that outlives its use. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.#shown;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.#shown;
  }
}

/** How a secret is written: as it is (`${NAME}` in it stands for an environment variable), or where it is to be found. */
export type SecretInput = string | Secret | { readonly env: string } | { readonly file: string };

/**
 * A URL without its passwords: the one before the host, and what looks like one behind the question mark. It rather hides
 * too much than too little, since passwords often hold characters that ought to be escaped.
 *
 * @example maskUrl('postgres://broker:soup@db/users') // 'postgres://broker:***@db/users'
 */
export function maskUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z\d+.-]*:\/\/[^:@/?#]*):.*@/is, `$1:${HIDDEN}@`)
    .replaceAll(/([?&][^=&#]*(?:pass|secret|token|key)[^=&#]*=)[^&#]*/gi, `$1${HIDDEN}`);
}

/** A value with every {@link Secret} in it as plain text, and nothing that is undefined. */
export type Plain<T> = T extends Secret
  ? string
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Plain<Exclude<T[K], undefined>> }
      : T;

/**
 * A part of the configuration as plain data, for whoever needs its secrets: a copy in which they are text, and in which
 * keys without a value are left out.
 */
export function plain<T>(value: T): Plain<T> {
  if (value instanceof Secret) return value.reveal() as Plain<T>;
  if (Array.isArray(value)) return value.map(plain) as Plain<T>;
  if (typeof value !== 'object' || value === null) return value as Plain<T>;
  const given = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(given.map(([key, part]) => [key, plain(part)])) as Plain<T>;
}
