/**
 * The text of a password file: `user:hash` lines, where a user may have two, one for the password and one for SCRAM.
 * Comments, blank lines and the order of lines outlive every change.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { looksHashed, parseHash } from './formats.ts';
import { HashSyntaxError, type PasswordHash } from './password-hash.ts';
import { ScramVerifier } from './scram-verifier.ts';

/** A password file that cannot be used or changed. The message names file and line, never what stands there. */
export class PasswordFileError extends Error {
  override readonly name = 'PasswordFileError';
}

/** What a file holds of one user. At least one of the two is there. */
export interface StoredUser {
  readonly username: string;
  readonly password: PasswordHash | undefined;
  readonly scram: ScramVerifier | undefined;
}

/** Longest user name in a file, bytes; mosquitto's tool has the same limit. */
const MAX_USERNAME_LENGTH = 65_535;
/** Longest line, characters: no hash needs as much. */
const MAX_LINE_LENGTH = MAX_USERNAME_LENGTH + 1024;

/** Lines read before others have their turn: a few milliseconds. */
const LINES_A_TURN = 500;

type Slot = 'password' | 'scram';

interface Entry {
  readonly username: string;
  readonly hash: PasswordHash;
}

/** A line: what somebody wrote that is no entry, or an entry as it was written. */
type Line = { readonly text: string; readonly entry?: Entry };

/** Whether a name can stand in a password file. @returns what is wrong with it, or undefined */
export function usernameProblem(username: string): string | undefined {
  if (username === '') return 'a user name must not be empty';
  if (username.includes(':')) return 'a user name must not hold a colon, which ends it in a password file';
  if (/\p{Cc}/u.test(username)) return 'a user name must not hold control characters';
  if (username !== username.trim()) return 'a user name must not begin or end with a space';
  if (username.startsWith('#')) return 'a user name must not begin with #, which begins a comment';
  if (Buffer.byteLength(username) > MAX_USERNAME_LENGTH)
    return `a user name must not exceed ${MAX_USERNAME_LENGTH} bytes`;
  return undefined;
}

/** A password file that was read, and that can be changed. */
export class PasswordFile {
  readonly #lines: (Line | undefined)[] = [];
  /** Where the lines of a user are. */
  readonly #users = new Map<string, Partial<Record<Slot, number>>>();

  /**
   * Reads the text of a file, some lines at a time: a long one takes most of a second, in which others have their turns.
   *
   * @param name of the file, for errors
   * @throws {PasswordFileError} naming the first line that cannot be used
   */
  static async parse(text: string, name: string): Promise<PasswordFile> {
    const file = new PasswordFile();
    const fail = (line: number, what: string): never => {
      throw new PasswordFileError(`${name}:${line}: ${what}`);
    };
    for (const [index, line] of splitLines(text).entries()) {
      const number = index + 1;
      if (number % LINES_A_TURN === 0) await nextTurn();
      if (line.length > MAX_LINE_LENGTH) fail(number, `the line is longer than ${MAX_LINE_LENGTH} characters`);
      if (isNoEntry(line)) file.#lines.push({ text: line });
      else file.#append(line, readEntry(line, number, name), (what) => fail(number, what));
    }
    return file;
  }

  /** Names of the users, in the order of the file. */
  get usernames(): string[] {
    return [...this.#users.keys()];
  }

  get size(): number {
    return this.#users.size;
  }

  user(username: string): StoredUser | undefined {
    const places = this.#users.get(username);
    if (places === undefined) return undefined;
    const hashAt = (place: number | undefined) => (place === undefined ? undefined : this.#lines[place]!.entry!.hash);
    const scram = hashAt(places.scram);
    return {
      username,
      password: hashAt(places.password),
      scram: scram instanceof ScramVerifier ? scram : undefined,
    };
  }

  /**
   * Sets the password of a user, or its SCRAM verifier: the line that is there is replaced, otherwise one is added at
   * the end.
   *
   * @throws {PasswordFileError} where the name cannot stand in a file
   */
  set(username: string, hash: PasswordHash): void {
    const problem = usernameProblem(username);
    if (problem !== undefined) throw new PasswordFileError(problem);
    const slot = slotOf(hash);
    const line: Line = { text: `${username}:${hash.text}`, entry: { username, hash } };
    const places = this.#users.get(username) ?? {};
    this.#users.set(username, places);
    const place = places[slot];
    if (place !== undefined) {
      this.#lines[place] = line;
      return;
    }
    places[slot] = this.#lines.length;
    this.#lines.push(line);
  }

  /** Takes one line of a user away. @returns false where there was none */
  unset(username: string, slot: Slot): boolean {
    const places = this.#users.get(username);
    const place = places?.[slot];
    if (places === undefined || place === undefined) return false;
    this.#lines[place] = undefined;
    delete places[slot];
    if (places.password === undefined && places.scram === undefined) this.#users.delete(username);
    return true;
  }

  /** Takes a user away. @returns false where there was none */
  remove(username: string): boolean {
    const password = this.unset(username, 'password');
    return this.unset(username, 'scram') || password;
  }

  /** The text to write. */
  toString(): string {
    return this.#lines.map((line) => (line === undefined ? '' : `${line.text}\n`)).join('');
  }

  #append(text: string, entry: Entry, fail: (what: string) => never): void {
    const slot = slotOf(entry.hash);
    const places = this.#users.get(entry.username) ?? {};
    if (places[slot] !== undefined) {
      const what = slot === 'scram' ? 'a SCRAM verifier' : 'a password';
      fail(`the user of line ${places[slot] + 1} has ${what} there already; delete one of the two lines`);
    }
    places[slot] = this.#lines.length;
    this.#users.set(entry.username, places);
    this.#lines.push({ text, entry });
  }
}

/** A line of a file with plain passwords, or one that is hashed already. */
export type PlainLine = {
  readonly text: string;
  readonly plain?: { readonly username: string; readonly password: string };
};

/**
 * Reads a file in which some or all passwords are plain.
 *
 * @throws {PasswordFileError} naming the first line that is neither plain nor hashed
 */
export function readPlainLines(text: string, name: string): PlainLine[] {
  return splitLines(text).map((line, index) => {
    if (isNoEntry(line)) return { text: line };
    const [username, password] = splitEntry(line, index + 1, name);
    if (looksHashed(password)) {
      readEntry(line, index + 1, name);
      return { text: line };
    }
    if (password === '') throw new PasswordFileError(`${name}:${index + 1}: the user has an empty password`);
    return { text: line, plain: { username, password } };
  });
}

const slotOf = (hash: PasswordHash): Slot => (hash instanceof ScramVerifier ? 'scram' : 'password');

function splitLines(text: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const isNoEntry = (line: string): boolean => line.trim() === '' || line.startsWith('#');

function splitEntry(line: string, number: number, name: string): [username: string, rest: string] {
  const colon = line.indexOf(':');
  if (colon < 0) throw new PasswordFileError(`${name}:${number}: the line is not written like user:hash`);
  const username = line.slice(0, colon).trim();
  const problem = usernameProblem(username);
  if (problem !== undefined) throw new PasswordFileError(`${name}:${number}: ${problem}`);
  return [username, line.slice(colon + 1).trim()];
}

function readEntry(line: string, number: number, name: string): Entry {
  const [username, text] = splitEntry(line, number, name);
  if (!looksHashed(text)) {
    const fix = `"cauldron passwd --upgrade ${name}" hashes plain passwords`;
    throw new PasswordFileError(`${name}:${number}: the password is not hashed in a form that is known; ${fix}`);
  }
  try {
    return { username, hash: parseHash(text) };
  } catch (error) {
    if (!(error instanceof HashSyntaxError)) throw error;
    throw new PasswordFileError(`${name}:${number}: ${error.message}`, { cause: error });
  }
}
