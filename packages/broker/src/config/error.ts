/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** The key, for example `limits.maxPacketSize`; empty when the file as a whole is meant. */
  readonly path: string;
  /** What was given and what is accepted. */
  readonly message: string;
  /** The file it stands in; absent = it came from elsewhere. */
  readonly file?: string;
  /** Line in that file, from 1. */
  readonly line?: number;
  /** The flag or environment variable it came from, where it was not a file. */
  readonly source?: string;
  /** The likely spelling of an unknown name. */
  readonly suggestion?: string;
}

/**
 * - `CONFIG_UNREADABLE`: the file could not be read; `cause` says why.
 * - `CONFIG_SYNTAX`: the file is not TOML.
 * - `CONFIG_INVALID`: keys or values that the schema does not accept, secrets that are not where they should be.
 * - `CONFIG_UNSAFE`: anybody who reaches the broker could do anything, and nobody said that this is wanted.
 */
export type ConfigErrorCode = 'CONFIG_UNREADABLE' | 'CONFIG_SYNTAX' | 'CONFIG_INVALID' | 'CONFIG_UNSAFE';

/** A configuration that cannot be used. The message holds every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly problems: readonly ConfigProblem[];

  constructor(code: ConfigErrorCode, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.code = code;
    this.problems = problems;
  }
}

/** `cauldron.toml:3: limits.maxPacktSize: unknown key; did you mean maxPacketSize?` */
export function formatProblem(problem: ConfigProblem): string {
  const { path, message, file, line, source, suggestion } = problem;
  const place = file === undefined ? source : line === undefined ? file : `${file}:${line}`;
  const text = [place, path === source ? '' : path, message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
  return suggestion === undefined ? text : `${text}; did you mean ${suggestion}?`;
}
