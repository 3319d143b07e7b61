/** Replaces old hashes in a password file by better ones, after logins that showed the password. */
import { changePasswordFile } from './file-access.ts';
import type { PasswordHash } from './password-hash.ts';

/** A better hash of a password. */
export interface Upgrade {
  readonly username: string;
  /** The hash the password was checked with. */
  readonly from: PasswordHash;
  readonly to: PasswordHash;
}

export interface HashUpgraderOptions {
  readonly file: string;
  /** Milliseconds from the first upgrade to the write that brings all that came meanwhile. */
  readonly delay: number;
  /** Told after a write what of it stands in the file now, and what does not because its line was changed meanwhile. */
  readonly written: (done: readonly Upgrade[], skipped: readonly Upgrade[]) => void;
  /** Told once that the file cannot be written; nothing more is taken from then on. */
  readonly failed: (error: unknown) => void;
}

/**
 * The one writer of upgrades to a file. What comes while it waits or writes goes into the next write; a line that
 * somebody changed meanwhile stays as he wrote it.
 */
export class HashUpgrader {
  readonly #options: HashUpgraderOptions;
  #pending = new Map<string, Upgrade>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(options: HashUpgraderOptions) {
    this.#options = options;
  }

  /** Notes an upgrade for the next write. */
  add(upgrade: Upgrade): void {
    if (this.#isOver) return;
    this.#pending.set(upgrade.username, upgrade);
    this.#timer ??= setTimeout(() => this.flush(), this.#options.delay).unref();
  }

  /** Writes what was noted now; resolves when that is done, one way or the other. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.size > 0) {
      const upgrades = [...this.#pending.values()];
      this.#pending = new Map();
      this.#writing = this.#writing.then(() => this.#write(upgrades));
    }
    return this.#writing;
  }

  async #write(upgrades: readonly Upgrade[]): Promise<void> {
    if (this.#isOver) return;
    const { file, written, failed } = this.#options;
    const done = new Set<Upgrade>();
    try {
      await changePasswordFile(file, (content) => {
        done.clear();
        // Somebody took the file away: it is not for an upgrade to bring it back.
        return content === undefined ? undefined : replaceLines(content.text, upgrades, done);
      });
    } catch (error) {
      this.#isOver = true;
      this.#pending.clear();
      failed(error);
      return;
    }
    written(
      upgrades.filter((upgrade) => done.has(upgrade)),
      upgrades.filter((upgrade) => !done.has(upgrade)),
    );
  }
}

/**
 * Replaces whole lines, without understanding the others: a file may be large, and one that somebody is in the middle
 * of editing is not for an upgrade to judge.
 *
 * @returns the new text; undefined = none of the lines is there any more
 */
function replaceLines(text: string, upgrades: readonly Upgrade[], done: Set<Upgrade>): string | undefined {
  const byLine = new Map(upgrades.map((upgrade) => [`${upgrade.username}:${upgrade.from.text}`, upgrade]));
  const lines = text.split('\n').map((line) => {
    const upgrade = byLine.get(normalised(line));
    if (upgrade === undefined) return line;
    done.add(upgrade);
    return `${upgrade.username}:${upgrade.to.text}`;
  });
  return done.size === 0 ? undefined : lines.join('\n');
}

/** `user:hash` without the spaces that may stand around both. */
function normalised(line: string): string {
  const colon = line.indexOf(':');
  return `${line.slice(0, Math.max(colon, 0)).trim()}:${line.slice(colon + 1).trim()}`;
}
