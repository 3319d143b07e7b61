import { StoreError, StoreToolError } from '@cauldron/broker/store';
import { type Flag, type Io, type Parsed, UsageError } from '../command.ts';
import { exitCode } from '../exit-codes.ts';

export const jsonFlag: Flag = { long: 'json', help: 'Print one JSON object, for programs.' };

/** The data folder, and at most `more` further arguments. @throws {UsageError} */
export function foldersOf({ positionals }: Parsed, more = 0): [folder: string, ...rest: string[]] {
  const [folder, ...rest] = positionals;
  if (folder === undefined) throw new UsageError('name the data folder of a broker, for example cauldron-data');
  if (rest.length > more) throw new UsageError(`"${rest[more]}" is one argument too many`);
  return [folder, ...rest];
}

/** Runs a tool's work; what it would not or could not do is told in its own words. @returns the exit code */
export async function reported(name: string, io: Io, work: () => number | Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreToolError || error instanceof StoreError)) throw error;
    io.stderr.write(`cauldron store ${name}: ${error.message}\n`);
    return exitCode.failure;
  }
}

/** `1,234 messages`, `1 message`. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

/** A size for people: `812 bytes`, `1.5 MiB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
