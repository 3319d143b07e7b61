import type { MessagePort } from 'node:worker_threads';
import { StoreError, type StoreRead } from '@cauldron/core';
import type { Checkpointer } from './checkpointer.ts';
import {
  type InjectedFailure,
  type LogStats,
  SNAPSHOT_WINDOW,
  type StoreAnswer,
  type StoreCommand,
  toFailure,
} from './thread-messages.ts';
import type { WorkerEngine } from './worker-engine.ts';

/** Milliseconds without a command after which upkeep is done. */
const IDLE = 20;
/** Milliseconds between steps of upkeep while commands keep coming. */
const UPKEEP_INTERVAL = 250;
/** Milliseconds until upkeep that failed is tried again. */
const UPKEEP_RETRY = 1000;

const NO_LOG: LogStats = { logBytes: 0, checkpoints: 0, checkpointFailures: 0 };

/**
 * Runs an engine for the main thread: commands are answered one by one in the order they came, upkeep is done where
 * there are none, and in rare small steps where there always are.
 */
export class StoreThread {
  readonly #port: MessagePort;
  readonly #engine: WorkerEngine;
  readonly #checkpointer: Checkpointer | null;
  readonly #inject: InjectedFailure | null;
  readonly #idle: NodeJS.Timeout;
  #writes = 0;
  /** When the next step of upkeep is due although commands keep coming; Infinity = there was nothing left to do. */
  #upkeepDue = 0;
  #closed = false;
  /** The store could not be read: it stays as it is. */
  #unreadable = false;

  constructor(
    port: MessagePort,
    engine: WorkerEngine,
    checkpointer: Checkpointer | null,
    inject: InjectedFailure | null,
  ) {
    this.#port = port;
    this.#engine = engine;
    this.#checkpointer = checkpointer;
    this.#inject = inject;
    this.#idle = setTimeout(() => this.#whenIdle(), IDLE);
    port.on('message', (command: StoreCommand) => this.#handle(command));
  }

  #handle(command: StoreCommand): void {
    switch (command.type) {
      case 'write':
        this.#write(command.operations, command.start, command.length);
        break;
      case 'read':
        this.#read(command.request);
        break;
      case 'snapshot':
        this.#snapshot(command.window);
        break;
      case 'close':
        void this.#close();
        return;
    }
    this.#idle.refresh();
  }

  #write(operations: ArrayBuffer, start: number, length: number): void {
    try {
      const begun = performance.now();
      this.#failIfAsked();
      this.#engine.apply(new Uint8Array(operations, start, length), length);
      const milliseconds = performance.now() - begun;
      this.#answer({ type: 'written', operations, milliseconds, log: this.#checkpointer?.stats ?? NO_LOG }, [
        operations,
      ]);
    } catch (error) {
      this.#answer({ type: 'writeFailed', operations, failure: toFailure(error) }, [operations]);
      this.#checkpointer?.writeFailed();
      return;
    }
    // Behind the answer: nobody waits for it but the next group.
    this.#checkpointer?.wrote(length);
    const now = performance.now();
    if (this.#upkeepDue === Number.POSITIVE_INFINITY) this.#upkeepDue = now + UPKEEP_INTERVAL;
    else if (now >= this.#upkeepDue) this.#upkeep();
  }

  #failIfAsked(): void {
    this.#writes++;
    if (this.#inject === null) return;
    const { write, times = 1, kind } = this.#inject;
    if (this.#writes < write || this.#writes >= write + times) return;
    throw new StoreError(kind, `write ${this.#writes} failed because a test asked for it`);
  }

  #read(request: StoreRead): void {
    try {
      const { entries, more } = this.#engine.read(request);
      const owned = ownedBytes(entries);
      this.#answer({ type: 'entries', entries: owned, more }, [owned.buffer]);
    } catch (error) {
      this.#answer({ type: 'readFailed', failure: toFailure(error) });
    }
  }

  #snapshot(window: Int32Array<SharedArrayBuffer>): void {
    try {
      this.#engine.snapshot((operations) => {
        for (let sent = 0; (sent = Atomics.load(window, 0)) >= SNAPSHOT_WINDOW; ) Atomics.wait(window, 0, sent);
        Atomics.add(window, 0, 1);
        // A copy: the engine may go on using its buffer.
        const copy = operations.slice();
        this.#answer({ type: 'part', operations: copy }, [copy.buffer]);
      });
      this.#answer({ type: 'snapshotEnd', failure: null });
    } catch (error) {
      this.#unreadable = true;
      this.#checkpointer?.rest();
      this.#answer({ type: 'snapshotEnd', failure: toFailure(error) });
    }
  }

  /** One step at a time, so that a command waits for no more than one. */
  #whenIdle(): void {
    if (!this.#closed && this.#upkeep()) setImmediate(() => this.#whenIdle());
  }

  /** @returns whether there is more to do at once */
  #upkeep(): boolean {
    if (this.#unreadable) return false;
    try {
      const more = this.#engine.maintain();
      this.#upkeepDue = more ? performance.now() + UPKEEP_INTERVAL : Number.POSITIVE_INFINITY;
      return more;
    } catch (error) {
      this.#answer({ type: 'upkeepFailed', failure: toFailure(error) });
      this.#upkeepDue = performance.now() + UPKEEP_RETRY;
      return false;
    }
  }

  async #close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    let failure = null;
    try {
      this.#engine.close();
    } catch (error) {
      failure = toFailure(error);
    }
    try {
      await this.#checkpointer?.close();
    } catch (error) {
      failure ??= toFailure(error);
    }
    this.#answer({ type: 'closed', failure });
    this.#port.close();
  }

  #answer(answer: StoreAnswer, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(answer, transfer);
  }
}

/** The bytes in memory of their own, which can be handed over. */
function ownedBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return whole ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
