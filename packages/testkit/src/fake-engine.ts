import { StoreError, type StoreRead } from '@cauldron/core';

/** How a fake engine misbehaves. Everything may be left out. */
export interface FakeEngineOptions {
  /** Opening fails with this message. */
  readonly refuse?: string;
  /** Milliseconds that every group takes. */
  readonly delay?: number;
  /** How the thread dies when a group is applied. */
  readonly die?: 'throw' | 'exit' | 'memory';
  /** Steps of upkeep there are to do. */
  readonly upkeep?: number;
  /** Upkeep fails with this message. */
  readonly upkeepFails?: string;
  /** Parts of the snapshot, 4 bytes each: their number. */
  readonly parts?: number;
  /** The snapshot fails with this message behind its parts. */
  readonly snapshotFails?: string;
  /** Closing fails with this message. */
  readonly closeFails?: string;
  /** Reads of this session fail. */
  readonly unreadable?: number;
}

/** What a read of a fake engine answers, as JSON. */
export interface FakeEngineState {
  /** First byte of every group applied. */
  readonly groups: readonly number[];
  /** Bytes of them all. */
  readonly bytes: number;
  readonly upkeepDone: number;
  readonly partsSent: number;
  readonly session: number;
}

/** An engine for a store's thread that keeps a record of what was asked of it: reads answer with that record. */
export function openEngine(_folder: string, given: unknown): FakeEngine {
  return new FakeEngine(given as FakeEngineOptions);
}

class FakeEngine {
  readonly databasePath = null;
  readonly #options: FakeEngineOptions;
  readonly #groups: number[] = [];
  #bytes = 0;
  #upkeepDone = 0;
  #partsSent = 0;

  constructor(options: FakeEngineOptions) {
    this.#options = options;
    if (options.refuse !== undefined) throw new StoreError('io', options.refuse);
  }

  apply(operations: Uint8Array, length: number): void {
    const { delay, die } = this.#options;
    if (delay !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay);
    if (die !== undefined) endThread(die);
    this.#groups.push(operations[0] ?? -1);
    this.#bytes += length;
  }

  read(request: StoreRead): { entries: Uint8Array; more: boolean } {
    if (request.session === this.#options.unreadable) throw new StoreError('io', `session ${request.session} is lost`);
    const state: FakeEngineState = {
      groups: this.#groups,
      bytes: this.#bytes,
      upkeepDone: this.#upkeepDone,
      partsSent: this.#partsSent,
      session: request.session,
    };
    return { entries: new TextEncoder().encode(JSON.stringify(state)), more: request.limit === 1 };
  }

  snapshot(visit: (operations: Uint8Array) => void): void {
    const reused = new Uint8Array(4);
    for (let i = 0; i < (this.#options.parts ?? 0); i++) {
      reused.fill(i);
      visit(reused);
      this.#partsSent++;
    }
    if (this.#options.snapshotFails !== undefined) throw new StoreError('io', this.#options.snapshotFails);
  }

  maintain(): boolean {
    if (this.#options.upkeepFails !== undefined) throw new StoreError('full', this.#options.upkeepFails);
    const total = this.#options.upkeep ?? 0;
    if (this.#upkeepDone < total) this.#upkeepDone++;
    return this.#upkeepDone < total;
  }

  close(): void {
    if (this.#options.closeFails !== undefined) throw new StoreError('io', this.#options.closeFails);
  }
}

/** Not by a throw out of `apply`, which is an answer: behind the engine's back, or by what no code can catch. */
function endThread(how: 'throw' | 'exit' | 'memory'): void {
  if (how === 'exit') process.exit(3);
  if (how === 'throw') {
    queueMicrotask(() => {
      throw new Error('the engine has lost its mind');
    });
    return;
  }
  const hoard: unknown[] = [];
  for (;;) hoard.push(new Array(10_000).fill(hoard.length));
}
