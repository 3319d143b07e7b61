import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks. */
const LOOK_EVERY = 2000;
/** Milliseconds in which files have to stay as they are before their change is told of. */
const SETTLED_AFTER = 500;

export interface FileWatcherOptions {
  /** Milliseconds between two looks; default 2000. */
  readonly interval?: number;
  /** Milliseconds in which a file has to stay as it is before its change is told of; default 500. */
  readonly settledAfter?: number;
}

interface Watched {
  readonly files: readonly string[];
  readonly changed: () => void;
  /** What each file looked like, in one text; null = it was not looked at yet. */
  seen: string | null;
}

/**
 * Tells when files change, by looking at them now and then: that works for files that are replaced, for links that are
 * turned over (as Kubernetes does with secrets) and on network file systems, where notifications do not. A file that
 * vanishes or appears has changed as well. One that is being written is left alone until nothing is added any more: half a
 * list of users, or of what is denied, is a list too. Keeps no process alive.
 */
export class FileWatcher {
  readonly #watched = new Set<Watched>();
  readonly #interval: number;
  readonly #settledAfter: number;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  constructor(options: FileWatcherOptions = {}) {
    this.#interval = options.interval ?? LOOK_EVERY;
    this.#settledAfter = options.settledAfter ?? SETTLED_AFTER;
  }

  /**
   * Calls `changed` once for all changes that one look finds among `files`; changes are counted from the first look,
   * which is waited for.
   *
   * @param changed must not throw
   * @returns what ends it
   */
  async watch(files: readonly string[], changed: () => void): Promise<() => void> {
    const watched: Watched = { files, changed, seen: await lookAt(files) };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => void this.look(), this.#interval).unref();
    return () => {
      this.#watched.delete(watched);
      if (this.#watched.size === 0) this.close();
    };
  }

  /** Looks now; resolves when everybody whose files changed was told. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const all = [...this.#watched];
    const found = await Promise.all(all.map(({ files }) => lookAt(files)));
    const changed = all.map((watched, index) => ({ watched, now: found[index] })).filter(differs);
    if (changed.length === 0) return;
    await sleep(this.#settledAfter);
    for (const { watched, now } of changed) {
      // What goes on changing is looked at again the next time.
      if ((await lookAt(watched.files)) !== now || !this.#watched.has(watched)) continue;
      watched.seen = now;
      watched.changed();
    }
  }

  /** Watches nothing any more. */
  close(): void {
    this.#watched.clear();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

const differs = ({ watched, now }: { readonly watched: Watched; readonly now: string | undefined }): boolean =>
  now !== watched.seen;

async function lookAt(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map(lookAtOne))).join('\n');
}

async function lookAtOne(file: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(file, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
