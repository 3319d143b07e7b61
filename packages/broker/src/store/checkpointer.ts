import { once } from 'node:events';
import { statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { siblingModule } from './sibling-module.ts';
import type { CheckpointOptions, LogStats } from './thread-messages.ts';

const MEBIBYTE = 1024 * 1024;
const PAGE = 4096;
/** Pages that a group takes in the log besides its own bytes: inner pages, counters, half-filled ones. About. */
const PAGES_PER_GROUP = 4;
/** Bytes that are moved within a few milliseconds. */
const LITTLE = MEBIBYTE;
/** Milliseconds that groups wait at most when the log has grown too long. */
const LONGEST_WAIT = 1000;

/**
 * Moves SQLite's write-ahead log into the database without stalling commits. Done inside a commit, as SQLite does by
 * itself, it takes as long as writing and syncing thousands of scattered pages; so a second thread does it:
 *
 *     store's thread   commit commit commit commit commit commit | rest | commit (starts the log anew) ...
 *     second thread           [ move all there is, sync ........]
 *
 * The rest is what was committed meanwhile: few pages, moved between two commits. Only a commit that finds everything
 * moved starts the log anew, so without that step the log would never end.
 *
 * The caller calls `wrote` behind each group; everything happens between groups.
 */
export class Checkpointer {
  readonly #path: string;
  readonly #moveAt: number;
  readonly #waitAt: number;
  readonly #db: DatabaseSync;
  readonly #moveNow: StatementSync;
  readonly #idle: NodeJS.Timeout;
  #thread: Worker | null = null;
  #moving = false;
  /** The log is not to be moved any more: the disk did not take what was moved. */
  #resting = false;
  /** Bytes in the log that are not in the database yet, about. */
  #unmoved = 0;
  /** Of these, what could not be moved because of a reader when it was tried last. */
  #held = 0;
  #checkpoints = 0;
  #failures = 0;

  /** @param path the database, which is in WAL mode and open */
  constructor(path: string, options: CheckpointOptions = {}) {
    this.#path = path;
    this.#moveAt = options.moveAt ?? 16 * MEBIBYTE;
    this.#waitAt = options.waitAt ?? 256 * MEBIBYTE;
    this.#db = new DatabaseSync(path, { timeout: LONGEST_WAIT });
    this.#db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = FULL');
    this.#moveNow = this.#db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    this.#idle = setTimeout(() => this.#whenIdle(), options.idleAfter ?? 1000);
    // What a crash left in the log.
    this.#unmoved = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  get stats(): LogStats {
    return { logBytes: this.#unmoved, checkpoints: this.#checkpoints, checkpointFailures: this.#failures };
  }

  /** A group of `bytes` bytes was committed. */
  wrote(bytes: number): void {
    this.#unmoved += bytes + PAGES_PER_GROUP * PAGE;
    if (this.#resting) return;
    this.#idle.refresh();
    if (this.#unmoved - this.#held >= this.#waitAt) this.#wait();
    else if (this.#unmoved - this.#held >= this.#moveAt) this.#start();
  }

  /** A group was not written. Where the disk is full, a log that is moved as a whole makes room: it starts anew. */
  writeFailed(): void {
    if (!this.#moving && !this.#resting && this.#unmoved > 0) this.#moveRest();
  }

  /** Moves what is left and closes. To be called when the engine's own connection is closed. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#db.close();
    const thread = this.#thread;
    if (thread === null) return;
    this.#thread = null;
    thread.postMessage('close');
    await once(thread, 'exit');
  }

  /** Moves nothing by itself any more: the store could not be read, and stays as it is. */
  rest(): void {
    this.#resting = true;
    clearTimeout(this.#idle);
  }

  #whenIdle(): void {
    if (this.#moving || this.#unmoved === 0) return;
    // A little is done sooner than handed over.
    if (this.#unmoved < LITTLE) this.#moveRest();
    else this.#start();
  }

  #start(): void {
    if (this.#moving) return;
    this.#moving = true;
    this.#thread ??= this.#startThread();
    this.#thread.postMessage('move');
  }

  #startThread(): Worker {
    // Where the thread dies, its file is not to be closed after it: that would drop the process's locks on the database.
    const options = { workerData: this.#path, name: 'store-checkpoint', trackUnmanagedFds: false };
    const thread = new Worker(siblingModule('checkpoint-thread'), options);
    thread.on('message', ({ unsynced }: { readonly failed: string | null; readonly unsynced: boolean }) => {
      this.#moving = false;
      if (unsynced) {
        // SQLite takes those pages for moved, and the system may have dropped them: a log that starts anew would be the
        // end of them. It stays until the next start, which moves all of it again.
        this.#failures++;
        this.rest();
        return;
      }
      // Also where the thread failed: what is wrong shows here again, and is tried again later.
      if (this.#thread !== null) this.#moveRest();
    });
    thread.on('error', () => {
      // The next time starts another; if they all die, the log grows until `#wait`, which needs none.
      this.#moving = false;
      this.#failures++;
      this.#thread = null;
    });
    return thread;
  }

  /** Between two groups: what was committed while the thread was moving. */
  #moveRest(): void {
    try {
      this.#moved(this.#moveNow.get());
    } catch {
      // No room in the database, or the disk fails: the log keeps what was committed. Groups go on as long as the log
      // can grow and fail with the reason when it cannot; the next idle time or the next full log tries again.
      this.#failures++;
      this.#held = this.#unmoved;
    }
  }

  /** The log has grown too long: the disk takes groups faster than it takes their pages. */
  #wait(): void {
    try {
      this.#moved(this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get());
    } catch {
      // As in `#moveRest`.
      this.#failures++;
      this.#held = this.#unmoved;
    }
  }

  #moved(result: Record<string, unknown> | undefined): void {
    const { busy, log, checkpointed } = result as { busy: number; log: number; checkpointed: number };
    if (busy === 0 && log === checkpointed) {
      this.#checkpoints++;
      this.#unmoved = 0;
    } else if (log >= 0) {
      this.#unmoved = Math.max(1, log - checkpointed) * PAGE;
    }
    // A reader, such as a backup, keeps the rest in the log: worth another try when as much has come again.
    this.#held = this.#unmoved;
  }
}
