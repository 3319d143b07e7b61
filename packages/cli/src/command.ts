/**
 * What a command of the `cauldron` program is: a table of flags and a function.
 * The parser (args.ts), the help (help.ts) and docs/cli.md all read the same table.
 */

/** One flag of a command. */
export interface Flag {
  /** Long name without dashes: `topic` is given as `--topic`. Also the key in {@link Parsed.values}. */
  readonly long: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /**
   * Metavar of the value; absent = boolean. A metavar of several words takes as many arguments
   * (`COMMAND PROPERTY VALUE` takes three), which arrive as one flat list.
   */
  readonly value?: string;
  /** May be given more than once; the value is then a list in the order given. Otherwise the last one wins. */
  readonly multiple?: boolean;
  /** The value may be left out: `--flag` alone is `true`, `--flag=x` is `x`. */
  readonly optional?: boolean;
  /** One sentence for people. */
  readonly help: string;
  /** Heading under which help lists it; absent = `Options`. */
  readonly group?: string;
}

/** Everything a command may touch of the outside world, so that tests can hand in their own. */
export interface Io {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
  /** Calls the handler at SIGINT and SIGTERM until the returned function is called. */
  onSignal(handler: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Calls the handler at SIGHUP, by which daemons are told to read their files again, until the returned function is called. */
  onReload?(handler: () => void): () => void;
}

/** The arguments of one run, read with the command's table. */
export interface Parsed {
  /** By long name; undefined = not given. */
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
}

/** One command, or a group of commands when `subcommands` is given. */
export interface Command {
  readonly name: string;
  /** One line, no full stop: what it does. */
  readonly summary: string;
  /** Synopsis lines, starting with `cauldron`. */
  readonly usage: readonly string[];
  readonly flags: readonly Flag[];
  readonly examples: readonly { readonly does: string; readonly command: string }[];
  readonly subcommands?: readonly Command[];
  /**
   * Runs to the end and answers the exit code.
   * @throws {UsageError} when the arguments make no sense; the caller prints it and exits with 2.
   */
  run(parsed: Parsed, io: Io): Promise<number>;
}

/** The user called the program in a way that cannot work: printed in one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
