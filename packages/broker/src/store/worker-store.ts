import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Store, StoreError, type StoreFailure, type StoreRead, type StoreReceiver } from '@cauldron/core';
import { GroupBuffers } from './group-buffers.ts';
import { RecentTimes, type TimeSummary } from './recent-times.ts';
import { siblingModule } from './sibling-module.ts';
import { type SnapshotParts, SnapshotReader } from './snapshot-reader.ts';
import {
  type LogStats,
  type StoreAnswer,
  type StoreCommand,
  type StoreThreadData,
  toError,
  toFailure,
} from './thread-messages.ts';

/** What a store has done since it was opened. */
export interface StoreStats extends LogStats {
  readonly commits: number;
  readonly failedWrites: number;
  /** Bytes of groups committed. */
  readonly bytes: number;
  readonly reads: number;
  /** The latest commits as the store's thread saw them: applying and syncing. */
  readonly commit: TimeSummary;
  /** The latest commits as the core saw them: from `write` to `written`. */
  readonly roundTrip: TimeSummary;
  /** Why upkeep last failed; null = it never did. */
  readonly upkeepFailure: StoreFailure | null;
}

/**
 * A store whose engine runs in a thread of its own. Groups, and the answers to reads, change hands without being copied;
 * every completion arrives in a turn of its own, in the order asked. When the thread dies, everything outstanding and
 * everything asked later fails with kind `io`.
 */
export class WorkerStore implements Store {
  readonly #worker: Worker;
  readonly #buffers = new GroupBuffers();
  readonly #reads: StoreRead[] = [];
  readonly #commit = new RecentTimes();
  readonly #roundTrip = new RecentTimes();
  #receiver: StoreReceiver | null = null;
  #afterCompletion: () => void = () => {};
  /** Bytes of the group that is being written, or -1. */
  #writing = -1;
  #writtenAt = 0;
  #snapshot: SnapshotReader | null = null;
  /** Why nothing can be asked any more. */
  #ended: StoreFailure | null = null;
  #opened: PromiseWithResolvers<void> = Promise.withResolvers();
  #drained: PromiseWithResolvers<void> | null = null;
  #closed: PromiseWithResolvers<void> | null = null;
  #counts = { commits: 0, failedWrites: 0, bytes: 0, reads: 0 };
  #log: LogStats = { logBytes: 0, checkpoints: 0, checkpointFailures: 0 };
  #upkeepFailure: StoreFailure | null = null;

  private constructor(data: StoreThreadData, limits: WorkerOptions['resourceLimits']) {
    const own = limits === undefined ? {} : { resourceLimits: limits };
    // Without the program's own flags: some of them, such as --input-type, keep a thread from starting.
    const options = { ...own, workerData: data, name: 'store', execArgv: [], env: environment() };
    this.#worker = new Worker(siblingModule('worker'), options);
    this.#worker.on('message', (answer: StoreAnswer) => this.#onAnswer(answer));
    let death: string | null = null;
    this.#worker.on('error', (error) => {
      death = describeDeath(error);
    });
    // Not at the error already: what was answered before it is delivered first.
    this.#worker.on('exit', (code) => this.#end(death ?? `it exited with code ${code}`));
  }

  /**
   * Starts the thread and opens the engine in it. The caller holds the folder's lock.
   *
   * @throws {StoreError} what the engine refuses with, or why there is no thread
   */
  static async open(data: StoreThreadData, limits?: WorkerOptions['resourceLimits']): Promise<WorkerStore> {
    const store = new WorkerStore(data, limits);
    try {
      await store.#opened.promise;
    } catch (error) {
      await store.#worker.terminate();
      throw error;
    }
    return store;
  }

  /**
   * Says who gets the completions. To be called before anything is written or read.
   *
   * @param afterCompletion called behind every call on the receiver, such as to flush what it made ready to be sent
   */
  connect(receiver: StoreReceiver, afterCompletion: () => void = () => {}): void {
    this.#receiver = receiver;
    this.#afterCompletion = afterCompletion;
  }

  take(size: number): Uint8Array {
    return this.#buffers.take(size);
  }

  /** @throws {Error} while another group is being written: that is a mistake of the caller */
  write(operations: Uint8Array, length: number): void {
    if (this.#writing >= 0) throw new Error('A group is being written already: wait for written or writeFailed.');
    this.#writing = length;
    this.#writtenAt = performance.now();
    if (this.#ended !== null) {
      setImmediate(() => this.#failOutstanding());
      return;
    }
    const owned = operations.buffer instanceof ArrayBuffer ? operations.buffer : operations.slice().buffer;
    const start = owned === operations.buffer ? operations.byteOffset : 0;
    this.#ask({ type: 'write', operations: owned as ArrayBuffer, start, length }, [owned as ArrayBuffer]);
  }

  read(request: StoreRead): void {
    this.#reads.push(request);
    if (this.#ended !== null) setImmediate(() => this.#failOutstanding());
    else this.#ask({ type: 'read', request });
  }

  /**
   * What the store holds, as operations, part by part: a few are on their way while one is worked on. To be read once,
   * before the first group is written.
   *
   * @throws {StoreError} while it is read: the store is damaged, or its thread died
   */
  snapshot(): SnapshotParts {
    if (this.#snapshot !== null) throw new Error('The snapshot of a store is read once.');
    const reader = new SnapshotReader(() => {
      if (this.#ended !== null) reader.end(this.#ended);
      else this.#ask({ type: 'snapshot', window: reader.window });
    });
    this.#snapshot = reader;
    return reader.parts();
  }

  get stats(): StoreStats {
    return {
      ...this.#counts,
      ...this.#log,
      commit: this.#commit.summary,
      roundTrip: this.#roundTrip.summary,
      upkeepFailure: this.#upkeepFailure,
    };
  }

  /** Why the store's thread ended; null = it runs. */
  get ended(): StoreFailure | null {
    return this.#ended;
  }

  /**
   * Waits for what is outstanding, moves the log into the database and ends the thread. Later requests fail.
   *
   * @throws {StoreError} the engine could not close as it should; what was committed is safe
   */
  async close(): Promise<void> {
    if (this.#closed === null && this.#ended === null) await this.#close();
    else await this.#closed?.promise;
  }

  async #close(): Promise<void> {
    this.#closed = Promise.withResolvers();
    // Whoever calls close a second time waits for the same; nobody doing so is no reason to end the process.
    this.#closed.promise.catch(() => {});
    this.#snapshot?.release();
    while (this.#outstanding) {
      this.#drained ??= Promise.withResolvers();
      await this.#drained.promise;
    }
    if (this.#ended !== null) this.#closed.resolve();
    else this.#ask({ type: 'close' });
    await this.#closed.promise;
    await this.#worker.terminate();
  }

  get #outstanding(): boolean {
    return this.#writing >= 0 || this.#reads.length > 0;
  }

  #ask(command: StoreCommand, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(command, transfer);
  }

  #onAnswer(answer: StoreAnswer): void {
    switch (answer.type) {
      case 'opened':
        this.#opened.resolve();
        return;
      case 'openFailed':
        this.#opened.reject(toError(answer.failure));
        return;
      case 'written':
        this.#buffers.give(answer.operations);
        this.#log = answer.log;
        this.#commit.note(answer.milliseconds);
        this.#written();
        break;
      case 'writeFailed':
        this.#buffers.give(answer.operations);
        this.#writeFailed(answer.failure);
        break;
      case 'entries':
        this.#counts.reads++;
        this.#receiver?.entriesRead(this.#reads.shift()!, answer.entries, answer.more);
        break;
      case 'readFailed':
        this.#receiver?.readFailed(this.#reads.shift()!, answer.failure);
        break;
      case 'part':
        this.#snapshot?.take(answer.operations);
        return;
      case 'snapshotEnd':
        this.#snapshot?.end(answer.failure);
        return;
      case 'upkeepFailed':
        this.#upkeepFailure = answer.failure;
        return;
      case 'closed':
        this.#onClosed(answer.failure === null ? null : toError(answer.failure));
        return;
    }
    this.#completed();
  }

  #written(): void {
    this.#counts.commits++;
    this.#counts.bytes += this.#writing;
    this.#writing = -1;
    this.#roundTrip.note(performance.now() - this.#writtenAt);
    this.#receiver?.written();
  }

  #writeFailed(failure: StoreFailure): void {
    this.#counts.failedWrites++;
    this.#writing = -1;
    this.#receiver?.writeFailed(failure);
  }

  #completed(): void {
    this.#afterCompletion();
    if (this.#drained === null || this.#outstanding) return;
    this.#drained.resolve();
    this.#drained = null;
  }

  #onClosed(failure: StoreError | null): void {
    this.#ended = { kind: 'io', message: 'the store is closed' };
    if (failure === null) this.#closed?.resolve();
    else this.#closed?.reject(failure);
  }

  /** The thread is gone. */
  #end(why: string): void {
    if (this.#ended !== null) return;
    const message = `the store's thread ended: ${why}. Nothing more is written; restart the broker`;
    this.#ended = { kind: 'io', message };
    this.#opened.reject(new StoreError('io', message));
    this.#snapshot?.end(this.#ended);
    this.#failOutstanding();
    this.#closed?.resolve();
  }

  /** Fails all that was asked so far; what the receiver asks meanwhile fails in a turn of its own. */
  #failOutstanding(): void {
    if (!this.#outstanding || this.#ended === null) return;
    const reads = this.#reads.splice(0);
    if (this.#writing >= 0) this.#writeFailed(this.#ended);
    for (const request of reads) this.#receiver?.readFailed(request, this.#ended);
    this.#completed();
  }
}

/** A program that keeps compiled code for its next start keeps the thread's too: that takes most of the thread's start. */
function environment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir(); // a folder for this version of Node in the one that was asked for
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}

function describeDeath(error: unknown): string {
  const { message } = toFailure(error);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && !message.includes(code) ? `${message} (${code})` : message;
}
