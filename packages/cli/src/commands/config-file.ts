import { existsSync } from 'node:fs';
import {
  ConfigError,
  DEFAULT_DATA_DIRECTORY,
  type LoadedConfig,
  loadConfig,
  type Override,
} from '@cauldron/broker/config';
import type { Flag, Io, Parsed } from '../command.ts';
import { exitCode } from '../exit-codes.ts';

/** Where a configuration is looked for when no `-c` names one, in this order. */
export const CONFIG_FILES: readonly string[] = ['./cauldron.toml', '/etc/cauldron/cauldron.toml'];

export const configFlag: Flag = {
  long: 'config',
  short: 'c',
  value: 'FILE',
  help: `Configuration file. Without it: ${CONFIG_FILES.join(', else ')}, else none.`,
};

/** The file to read: the one `-c` names, else the first of `candidates` that exists, else none. */
export function chooseConfigFile(parsed: Parsed, candidates: readonly string[] = CONFIG_FILES): string | undefined {
  const { config } = parsed.values;
  return typeof config === 'string' ? config : candidates.find((file) => existsSync(file));
}

/**
 * The configuration of the commands: as everywhere, except that data is kept in a folder unless something says otherwise.
 *
 * @param candidates files to look for where `-c` names none
 * @throws {ConfigError} with every problem that was found
 */
export function loadCommandConfig(
  parsed: Parsed,
  io: Io,
  overrides: readonly Override[] = [],
  candidates?: readonly string[],
): LoadedConfig {
  const defaults = { data: { directory: DEFAULT_DATA_DIRECTORY } };
  return loadConfig({ defaults, file: chooseConfigFile(parsed, candidates), env: io.env, overrides });
}

/**
 * Tells what is wrong with a configuration, a line for each problem, and answers the exit code.
 * @throws the error itself when it is of another kind
 */
export function reportConfigError(error: unknown, io: Io): number {
  if (!(error instanceof ConfigError)) throw error;
  io.stderr.write(`${error.message}\n`);
  return error.code === 'CONFIG_UNREADABLE' ? exitCode.failure : exitCode.usage;
}
