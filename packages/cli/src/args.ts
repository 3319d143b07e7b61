import type { Flag, Parsed } from './command.ts';
import { UsageError } from './command.ts';
import { didYouMean } from './spelling.ts';

type Values = Record<string, string | boolean | string[]>;

/** How a flag is written for people: `--topic` or, where it only has a letter, `-t`. */
export const flagName = (flag: Flag): string => `--${flag.long}`;

/**
 * Reads arguments with a command's table: `--topic foo`, `--topic=foo`, `-t foo`, `-tfoo`, bundles of letters (`-vN`),
 * and `--` after which nothing is a flag. Flags and positionals may be mixed. `--help` is understood everywhere.
 *
 * @throws {UsageError} an unknown flag (with the likely spelling), a missing value, a value where none is taken
 * @example
 * parseArgs(['-vt', 'a/b'], [{ long: 'topic', short: 't', value: 'TOPIC', help: '' }, { long: 'verbose', short: 'v', help: '' }])
 * // { values: { verbose: true, topic: 'a/b' }, positionals: [] }
 */
export function parseArgs(args: readonly string[], flags: readonly Flag[]): Parsed {
  return new ArgumentReader(args, flags).read();
}

const HELP: Flag = { long: 'help', help: 'Show this help.' };

class ArgumentReader {
  readonly #args: readonly string[];
  readonly #byLong: ReadonlyMap<string, Flag>;
  readonly #byShort: ReadonlyMap<string, Flag>;
  readonly #values: Values = {};
  readonly #positionals: string[] = [];
  #at = 0;

  constructor(args: readonly string[], flags: readonly Flag[]) {
    this.#args = args;
    this.#byLong = new Map([HELP, ...flags].map((flag) => [flag.long, flag]));
    this.#byShort = new Map(flags.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag]])));
  }

  read(): Parsed {
    while (this.#at < this.#args.length) {
      const arg = this.#args[this.#at++]!;
      if (arg === '--') {
        this.#positionals.push(...this.#args.slice(this.#at));
        break;
      }
      if (arg.startsWith('--')) this.#long(arg.slice(2));
      else if (arg.length > 1 && arg.startsWith('-')) this.#letters(arg.slice(1));
      else this.#positionals.push(arg);
    }
    return { values: this.#values, positionals: this.#positionals };
  }

  #long(text: string): void {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const attached = equals < 0 ? undefined : text.slice(equals + 1);
    const flag = this.#byLong.get(name);
    if (flag === undefined) {
      throw new UsageError(
        `unknown flag --${name}${didYouMean(name, [...this.#byLong.keys()], (found) => `--${found}`)}`,
      );
    }
    if (flag.value === undefined) {
      if (attached !== undefined) throw new UsageError(`--${name} takes no value, but got "${attached}"`);
      this.#values[flag.long] = true;
    } else {
      this.#take(flag, `--${name}`, attached);
    }
  }

  /** `-v`, `-vN`, `-tfoo`, `-vtfoo`, `-t=foo` means the value `=foo`, as getopt reads it. */
  #letters(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const letter = text[i]!;
      const flag = this.#byShort.get(letter);
      if (flag === undefined) throw this.#unknownLetter(letter, text);
      if (flag.value !== undefined) {
        const attached = text.slice(i + 1);
        this.#take(flag, `-${letter}`, attached === '' ? undefined : attached);
        return;
      }
      this.#values[flag.long] = true;
    }
  }

  #unknownLetter(letter: string, text: string): UsageError {
    const word = text.split('=')[0]!;
    if (text.length > 1 && this.#byLong.has(word))
      return new UsageError(`unknown flag -${text}; did you mean --${text}?`);
    const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
    const hint = this.#byShort.has(other) ? `; did you mean -${other} (${flagName(this.#byShort.get(other)!)})?` : '';
    return new UsageError(`unknown flag -${letter}${text.length > 1 ? ` in -${text}` : ''}${hint}`);
  }

  #take(flag: Flag, written: string, attached: string | undefined): void {
    if (attached === undefined && flag.optional === true) {
      this.#values[flag.long] = true;
      return;
    }
    const words = flag.value!.split(' ');
    const taken: string[] = attached === undefined ? [] : [attached];
    // `-D PACKET user-property NAME VALUE` is the one flag of the MQTT tools whose length depends on its second word.
    const needed = () => words.length + (words.length > 1 && taken[1] === 'user-property' ? 1 : 0);
    while (taken.length < needed()) {
      const next = this.#args[this.#at++];
      if (next === undefined) {
        throw new UsageError(
          `${written} needs ${words.length > 1 ? `${needed()} values: ` : 'a value: '}${flag.value}`,
        );
      }
      taken.push(next);
    }
    this.#store(flag, taken);
  }

  #store(flag: Flag, taken: readonly string[]): void {
    if (flag.multiple !== true) {
      this.#values[flag.long] = taken.length > 1 ? [...taken] : taken[0]!;
      return;
    }
    const list = this.#values[flag.long];
    if (Array.isArray(list)) list.push(...taken);
    else this.#values[flag.long] = [...taken];
  }
}
