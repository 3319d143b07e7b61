/** The `cauldron` program as a library: what tests and tools use. */
export type { Command, Flag, Io, Parsed } from './command.ts';
export { UsageError } from './command.ts';
export { exitCode, exitCodes } from './exit-codes.ts';
export { run, version } from './main.ts';
