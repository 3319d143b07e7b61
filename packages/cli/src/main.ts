import { readFileSync } from 'node:fs';
import { parseArgs } from './args.ts';
import type { Command, Io } from './command.ts';
import { UsageError } from './command.ts';
import { commands } from './commands.ts';
import { exitCode } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { didYouMean } from './spelling.ts';

/**
 * Runs the program with its arguments (without `node` and the script) and answers the exit code. Never throws: what
 * goes wrong is told in one line on stderr.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const known = commands.some(({ name }) => name === args[0]);
    const more = known ? ` ("cauldron help ${args[0]}" shows how it is used)` : '';
    io.stderr.write(`cauldron${known ? ` ${args[0]}` : ''}: ${error.message}${more}\n`);
    return exitCode.usage;
  }
}

async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    io.stderr.write(overview(commands));
    return exitCode.usage;
  }
  if (first === '--help' || (first === '-h' && rest.length === 0)) return print(io, overview(commands));
  if (first === '--version') return print(io, `cauldron ${version()}\n`);
  if (first === 'help') return help(rest, io);
  return runCommand(await find(first), rest, io);
}

async function help(names: readonly string[], io: Io): Promise<number> {
  if (names.length === 0) return print(io, overview(commands));
  let command = await find(names[0]!);
  for (const name of names.slice(1)) command = subcommand(command, name);
  return print(io, commandHelp(command));
}

async function find(name: string): Promise<Command> {
  const entry = commands.find((command) => command.name === name);
  if (entry !== undefined) return entry.load();
  const names = [...commands.map((command) => command.name), 'help'];
  if (name.startsWith('-'))
    throw new UsageError(`the command comes first (${names.join(', ')}), then its flags; got ${name}`);
  throw new UsageError(`unknown command "${name}"${didYouMean(name, names) || '; "cauldron --help" lists them'}`);
}

function subcommand(command: Command, name: string): Command {
  const subcommands = command.subcommands ?? [];
  const found = subcommands.find((sub) => sub.name === name);
  if (found !== undefined) return found;
  const names = subcommands.map((sub) => sub.name);
  throw new UsageError(`unknown command "${command.name} ${name}"${didYouMean(name, names)}`);
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = args;
  if (command.subcommands !== undefined && first !== undefined && !first.startsWith('-')) {
    return runCommand(subcommand(command, first), rest, io);
  }
  const parsed = parseArgs(args, command.flags);
  if (parsed.values.help === true) return print(io, commandHelp(command));
  return command.run(parsed, io);
}

function print(io: Io, text: string): number {
  io.stdout.write(text);
  return exitCode.ok;
}

/** The version of this package. */
export function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The process itself as what a command may touch. */
export const processIo: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  // Asked for only when it is read: an open standard input would keep the process alive.
  get stdin() {
    return process.stdin;
  },
  env: process.env,
  onSignal(handler) {
    const interrupt = () => handler('SIGINT');
    const terminate = () => handler('SIGTERM');
    process.on('SIGINT', interrupt).on('SIGTERM', terminate);
    return () => {
      process.off('SIGINT', interrupt).off('SIGTERM', terminate);
    };
  },
  onReload(handler) {
    process.on('SIGHUP', handler);
    return () => void process.off('SIGHUP', handler);
  },
};

/** Runs the program on the process's own arguments. What nobody foresaw ends it with a line that says so, and the stack. */
export async function start(): Promise<void> {
  // A report that Node writes when it crashes must not hold the environment, where secrets may be.
  if (process.report !== undefined) process.report.excludeEnv = true;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever reads our output may stop reading (`| head -1`). A command that goes on printing watches for it itself.
    if (error.code === 'EPIPE') return;
    process.stderr.write(`cauldron: cannot write to standard output: ${error.message}\n`);
    process.exit(exitCode.failure);
  });
  try {
    process.exitCode = await run(process.argv.slice(2), processIo);
  } catch (error) {
    process.stderr.write(`cauldron: an error of the program itself, please report it: ${(error as Error).stack}\n`);
    process.exitCode = exitCode.failure;
  }
}
