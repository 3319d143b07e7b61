/** Retained messages that were deleted from here, and can be brought back for a while. */
export interface Removal {
  /** What the broker calls it. */
  readonly undo: string;
  readonly topic: string;
  readonly subtree: boolean;
  readonly count: number;
  /** Milliseconds since 1970 until when it can be undone. */
  readonly until: number;
}

/** Entries that are remembered. */
const MOST = 20;

/** What can be undone, the newest first; kept as text, so that it outlives a reload of the page. */
export class Removals {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly #watchers = new Set<() => void>();
  static readonly KEY = 'cauldron-topics-removals';

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#storage = storage;
  }

  /** Those that can still be undone. @param now milliseconds since 1970 */
  list(now: number): readonly Removal[] {
    return this.#read().filter(({ until }) => until > now);
  }

  add(removal: Removal): void {
    this.#write([removal, ...this.#read()].slice(0, MOST));
  }

  /** It is undone, or cannot be any more. */
  drop(undo: string): void {
    this.#write(this.#read().filter((one) => one.undo !== undo));
  }

  /** Calls back with every change, until the function that comes back is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #read(): readonly Removal[] {
    try {
      const kept: unknown = JSON.parse(this.#storage.getItem(Removals.KEY) ?? '[]');
      return Array.isArray(kept) ? (kept as Removal[]) : [];
    } catch {
      return []; // whatever wrote it, it is no list
    }
  }

  #write(removals: readonly Removal[]): void {
    this.#storage.setItem(Removals.KEY, JSON.stringify(removals));
    for (const watcher of [...this.#watchers]) watcher();
  }
}
