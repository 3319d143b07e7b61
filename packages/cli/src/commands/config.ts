import { configurationDocument, exampleConfig, type LoadedConfig, listSettings } from '@cauldron/broker/config';
import { checkExposure, exposureWarnings } from '@cauldron/broker/exposure';
import { type Command, type Io, type Parsed, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';
import { configFlag, loadCommandConfig, reportConfigError } from './config-file.ts';

const check: Command = {
  name: 'check',
  summary: 'say whether a configuration is right, without starting anything',
  usage: ['cauldron config check [-c FILE]'],
  flags: [configFlag],
  examples: [
    { does: 'Check a file before the broker is started with it', command: 'cauldron config check -c cauldron.toml' },
  ],
  run: async (parsed, io) =>
    withConfig(parsed, io, (loaded) => {
      const warnings = exposureWarnings(checkExposure(loaded.config, loaded));
      const place = loaded.file ?? 'no configuration file; defaults and environment';
      return [`${place}: no problems found`, ...warnings.map((text) => `WARNING: ${text}`), ''].join('\n');
    }),
};

const show: Command = {
  name: 'show',
  summary: 'print the configuration in force, and where each value came from',
  usage: ['cauldron config show [-c FILE]'],
  flags: [configFlag],
  examples: [
    { does: 'See what an environment variable changes', command: 'CAULDRON_LOG_LEVEL=debug cauldron config show' },
  ],
  run: async (parsed, io) => withConfig(parsed, io, showSettings),
};

const example: Command = {
  name: 'example',
  summary: 'print a configuration file with every setting, its meaning and its default',
  usage: ['cauldron config example'],
  flags: [],
  examples: [{ does: 'Start a configuration of your own', command: 'cauldron config example > cauldron.toml' }],
  run: async (_parsed, io) => print(io, exampleConfig()),
};

const docs: Command = {
  name: 'docs',
  summary: 'print the reference of the configuration as Markdown',
  usage: ['cauldron config docs'],
  flags: [],
  examples: [
    { does: 'Refresh the page in this repository', command: 'npx cauldron config docs > docs/configuration.md' },
  ],
  run: async (_parsed, io) => print(io, configurationDocument()),
};

/** `cauldron config`: what the broker's configuration may be, is, and whether it is right. */
export const config: Command = {
  name: 'config',
  summary: "check, show and explain the broker's configuration",
  usage: ['cauldron config check|show|example|docs'],
  flags: [],
  examples: [...check.examples, ...example.examples],
  subcommands: [check, show, example, docs],
  run: async () => {
    throw new UsageError('say what to do: check, show, example or docs');
  },
};

function withConfig(parsed: Parsed, io: Io, describe: (loaded: LoadedConfig) => string): number {
  try {
    return print(io, describe(loadCommandConfig(parsed, io)));
  } catch (error) {
    return reportConfigError(error, io);
  }
}

function showSettings(loaded: LoadedConfig): string {
  const rows = listSettings(loaded).map(({ key, value, from }) => [`${key} = ${JSON.stringify(value)}`, from] as const);
  const width = Math.max(...rows.map(([pair]) => pair.length));
  const lines = rows.map(([pair, from]) => `${pair.padEnd(width)}  # ${from}\n`);
  return `# ${loaded.file ?? 'no configuration file found'}\n${lines.join('')}`;
}

function print(io: Io, text: string): number {
  io.stdout.write(text);
  return exitCode.ok;
}
