import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const { O_APPEND, O_CREAT, O_RDWR } = constants;

/** Lines that may wait for the disk. */
export const MAX_WAITING = 10_000;
/** Milliseconds until a failed write is tried again. */
const RETRY_AFTER = 1000;

export interface AuditFileEvents {
  /** Writing fails; said once until it works again. */
  failing(error: Error): void;
  recovered(): void;
  /** The first line after some had to be dropped. */
  dropped(lines: number): string;
}

/** Why lines are not in the file. */
export class AuditFileError extends Error {
  readonly code: string | undefined;

  constructor(path: string, doing: string, cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause);
    super(`the audit log ${path} cannot be ${doing}: ${said}; check the folder, its owner and the room on the disk`, {
      cause,
    });
    this.name = 'AuditFileError';
    this.code = (cause as NodeJS.ErrnoException).code;
  }
}

/**
 * A file that lines are appended to, without anybody waiting for the disk: one write at a time, what comes meanwhile
 * goes with the next one. When {@link MAX_WAITING} lines wait, more are counted and dropped, which a line says where they
 * are missing. What a failed write left half done is gone on with, so that every line is whole.
 */
export class AuditFile {
  readonly path: string;
  readonly #events: AuditFileEvents;
  #handle: FileHandle;
  #waiting: string[] = [];
  #dropped = 0;
  /** What is being written, and how much of it the file has. */
  #batch: Buffer | null = null;
  #written = 0;
  #writing: Promise<void> | null = null;
  #failing = false;
  #retry: NodeJS.Timeout | undefined;
  #reopening: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(path: string, handle: FileHandle, events: AuditFileEvents) {
    this.path = path;
    this.#handle = handle;
    this.#events = events;
  }

  /**
   * Opens the file, which is made for its owner alone (0600) where it is not there; one that is there keeps its mode.
   *
   * @throws {AuditFileError}
   */
  static async open(path: string, events: AuditFileEvents): Promise<AuditFile> {
    const handle = await openAppending(path);
    return new AuditFile(path, handle, events);
  }

  /** Lines that wait for the disk. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Appends a line, some time soon. @param line without its end */
  append(line: string): void {
    if (this.#closed) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#dropped += 1;
      return;
    }
    this.#noteDropped();
    this.#waiting.push(line);
    this.#begin();
  }

  /**
   * Goes on in a new file of the same name: the old one was moved away.
   *
   * @throws {AuditFileError} and goes on in the old one
   */
  reopen(): Promise<void> {
    const done = this.#reopening.then(() => this.#reopen());
    this.#reopening = done.catch(() => {});
    return done;
  }

  /** Writes what waits, as far as it can be, and closes. A disk that hangs makes it wait: the caller sets a limit. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reopening;
    this.#noteDropped();
    this.#begin();
    await this.#writing;
    clearTimeout(this.#retry);
    await this.#handle.close();
  }

  async #reopen(): Promise<void> {
    const handle = await openAppending(this.path);
    await this.#writing;
    // A line that the old file has a part of is written to the new one as a whole.
    if (this.#batch !== null) this.#written = this.#batch.lastIndexOf(0x0a, this.#written - 1) + 1;
    const old = this.#handle;
    this.#handle = handle;
    await old.close();
    this.#begin();
  }

  #begin(): void {
    if (this.#writing !== null || (this.#waiting.length === 0 && this.#batch === null)) return;
    clearTimeout(this.#retry);
    this.#writing = this.#writeAll();
  }

  /** Says where lines are missing. */
  #noteDropped(): void {
    if (this.#dropped > 0) this.#waiting.push(this.#events.dropped(this.#dropped));
    this.#dropped = 0;
  }

  /** Writes until nothing waits, or it fails. Never rejects. */
  async #writeAll(): Promise<void> {
    try {
      for (;;) {
        if (this.#batch === null) {
          if (this.#waiting.length === 0) break;
          this.#batch = Buffer.from(`${this.#waiting.join('\n')}\n`);
          this.#written = 0;
          this.#waiting = [];
        }
        await this.#writeBatch(this.#batch);
        this.#batch = null;
        if (this.#failing) this.#events.recovered();
        this.#failing = false;
        this.#noteDropped();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#writing = null; // in the same step as the last look at what waits
    }
  }

  async #writeBatch(batch: Buffer): Promise<void> {
    while (this.#written < batch.length) {
      const { bytesWritten } = await this.#handle.write(batch, this.#written);
      this.#written += bytesWritten;
    }
  }

  #failed(error: unknown): void {
    if (!this.#failing) this.#events.failing(new AuditFileError(this.path, 'written', error));
    this.#failing = true;
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.#begin(), RETRY_AFTER);
    this.#retry.unref();
  }
}

async function openAppending(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, O_APPEND | O_CREAT | O_RDWR, 0o600);
    await endLastLine(handle);
    return handle;
  } catch (error) {
    await handle?.close();
    throw new AuditFileError(path, 'opened', error);
  }
}

/** A crash may have left half a line, which the next one must not continue. */
async function endLastLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  if (last[0] !== 0x0a) await handle.write('\n');
}
