import { parse } from 'smol-toml';
import type { Path } from './tree.ts';

/** Lines of keys in a TOML text. */
export interface KeyLocator {
  /** Line (from 1) where the key is written; undefined where it is not. */
  lineOf(path: Path): number | undefined;
  /** The same, or the line of the nearest table around it. */
  nearestLine(path: Path): number | undefined;
}

/**
 * Finds the line of every key: bare, quoted and dotted ones, tables, arrays of tables, inline tables and arrays over
 * several lines. smol-toml reports positions for syntax errors only.
 *
 * @param toml text that has been parsed without error; what is found in any other text means nothing
 */
export function locateKeys(toml: string): KeyLocator {
  const lines = new Scanner(toml).scan();
  return {
    lineOf: (path) => lines.get(JSON.stringify(path)),
    nearestLine(path) {
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(JSON.stringify(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return undefined;
    },
  };
}

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  /** How many elements each array of tables has so far. */
  readonly #counts = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(toml: string) {
    this.#text = toml;
  }

  scan(): ReadonlyMap<string, number> {
    let table: Path = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#text[this.#at] === '[') table = this.#header();
      else this.#pair(table);
    }
    return this.#lines;
  }

  /** `[a.b]` or `[[a.b]]`; answers the path that the keys below it start with. */
  #header(): Path {
    const line = this.#line;
    const isList = this.#text[this.#at + 1] === '[';
    this.#move(isList ? 2 : 1);
    const keys = this.#key();
    this.#skipTo(']');
    this.#move(isList ? 2 : 1);
    const path = this.#resolve(keys.slice(0, -1));
    path.push(keys.at(-1) ?? '');
    this.#note(path, line);
    const name = JSON.stringify(path);
    const count = this.#counts.get(name) ?? 0;
    if (isList) this.#counts.set(name, count + 1);
    const result = isList ? [...path, count] : this.#resolve(keys);
    this.#note(result, line);
    return result;
  }

  /** A name that stands for an array of tables means its last element. */
  #resolve(keys: readonly string[]): (string | number)[] {
    const path: (string | number)[] = [];
    for (const key of keys) {
      path.push(key);
      const count = this.#counts.get(JSON.stringify(path));
      if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  /** `a.b = value` below `table`. */
  #pair(table: Path): void {
    const line = this.#line;
    const path = [...table];
    for (const key of this.#key()) {
      path.push(key);
      this.#note(path, line);
    }
    this.#skipTo('=');
    this.#move(1);
    this.#value(path);
  }

  #note(path: Path, line: number): void {
    const name = JSON.stringify(path);
    if (!this.#lines.has(name)) this.#lines.set(name, line);
  }

  /** The parts of a key; stops at what ends it: `=`, `]`. */
  #key(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#skipSpace();
      const start = this.#at;
      const quote = this.#text[start];
      if (quote === '"' || quote === "'") this.#string();
      else this.#skipRun(/[^\s.=\]#,}]*/y);
      keys.push(unquote(this.#text.slice(start, this.#at)));
      this.#skipSpace();
      if (this.#text[this.#at] !== '.') return keys;
      this.#move(1);
    }
  }

  #value(path: Path): void {
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '[') this.#array(path);
    else if (first === '{') this.#inlineTable(path);
    else if (first === '"' || first === "'") this.#string();
    else this.#skipRun(/[^,\]}#\r\n]*/y);
  }

  #array(path: Path): void {
    this.#move(1);
    for (let index = 0; this.#more(']'); index++) {
      this.#note([...path, index], this.#line);
      this.#value([...path, index]);
    }
  }

  #inlineTable(path: Path): void {
    this.#move(1);
    while (this.#more('}')) this.#pair(path);
  }

  /** Moves to the next element; false when the closing bracket came, which is then behind us. */
  #more(closing: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] === ',') {
      this.#move(1);
      this.#skipBlank();
    }
    if (this.#at < this.#text.length && this.#text[this.#at] !== closing) return true;
    this.#move(1);
    return false;
  }

  #string(): void {
    const quote = this.#text[this.#at]!;
    const isLong = this.#text.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    this.#move(end.length);
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#move(quote === '"' && this.#text[this.#at] === '\\' ? 2 : 1);
    }
    this.#move(end.length);
    // A long string may end in one or two quotes of its own.
    if (isLong) while (this.#text[this.#at] === quote) this.#move(1);
  }

  #skipRun(characters: RegExp): void {
    characters.lastIndex = this.#at;
    this.#move(characters.exec(this.#text)?.[0].length ?? 0);
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#move(1);
  }

  #skipTo(character: string): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== character) this.#move(1);
  }

  /** White space, line ends and comments. */
  #skipBlank(): void {
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at]!;
      if (character === '#') this.#skipTo('\n');
      else if (/[\s\uFEFF]/.test(character)) this.#move(1);
      else return;
    }
  }

  #move(steps: number): void {
    for (const end = Math.min(this.#at + steps, this.#text.length); this.#at < end; this.#at++) {
      if (this.#text[this.#at] === '\n') this.#line++;
    }
  }
}

/** The name a written key stands for; escapes are read by the TOML parser itself. */
function unquote(written: string): string {
  if (!/^["']/.test(written)) return written;
  return Object.keys(parse(`${written} = 0`))[0] ?? '';
}
