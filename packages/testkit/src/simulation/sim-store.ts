import { type Store, StoreError, type StoreFailure, type StoreRead, type StoreReceiver } from '@cauldron/core';
import type { MemoryEngine } from '../store/memory-engine.ts';
import type { Invariant } from './ledger.ts';
import type { Random } from './random.ts';

/** The durable store of a run. */
export interface StoreOptions {
  /** The longest an answer takes while there are faults, milliseconds. */
  readonly slowestAnswer: number;
  /** Topics whose publishers are acknowledged from memory: a crash may lose what they were told is accepted. */
  readonly acksFromMemory: readonly string[];
  /** Seconds. */
  readonly restartWillDelay: number;
  /** Messages of a queue that are in memory too. */
  readonly memoryWindow: number;
  /** What is in flight to clients that are here may wait a moment for their acknowledgements. */
  readonly patient: boolean;
  /** How often in 1,000 packets that a client gets the broker crashes. */
  readonly crashesAfterPackets: number;
}

/** What a simulated store needs of the world around it. */
export interface StoreWorld {
  /** Milliseconds. */
  readonly now: number;
  readonly random: Random;
  /** The longest an answer takes while there are faults, milliseconds. */
  readonly slowestAnswer: number;
  readonly calm: boolean;
  /** What the store meets with at the moment; null = it works. A full one can still be read. */
  readonly storeFailure: StoreFailure | null;
  fail(invariant: Invariant, message: string): void;
  at(time: number, run: () => void): void;
}

type Request = { readonly operations: Uint8Array } | { readonly read: StoreRead };

/**
 * The store of one life of a broker: it answers later, in the order asked, from an engine that outlives it. What was not
 * answered when the broker crashed is lost, but for a group that happened to reach the disk.
 */
export class SimStore implements Store {
  readonly #world: StoreWorld;
  readonly #engine: MemoryEngine;
  receiver!: StoreReceiver;
  #requests: Request[] = [];
  #answerAt = 0;
  #dead = false;

  constructor(world: StoreWorld, engine: MemoryEngine) {
    this.#world = world;
    this.#engine = engine;
  }

  take(size: number): Uint8Array {
    return new Uint8Array(size).fill(0xee); // as it was used before
  }

  write(operations: Uint8Array, length: number): void {
    if (this.#requests.some((request) => 'operations' in request)) throw new Error('two groups at the same time');
    this.#ask({ operations: operations.slice(0, length) });
    operations.fill(0xdd); // it is the store's now
  }

  read(request: StoreRead): void {
    this.#ask({ read: request });
  }

  #ask(request: Request): void {
    const { now, random, calm, slowestAnswer } = this.#world;
    this.#requests.push(request);
    const delay = random.below(calm ? 4 : random.chance(50) ? 20 : slowestAnswer);
    this.#answerAt = Math.max(this.#answerAt, now + delay);
    this.#world.at(this.#answerAt, () => this.#answer());
  }

  #answer(): void {
    if (this.#dead) return;
    const request = this.#requests.shift()!;
    const failure = this.#world.storeFailure;
    if ('operations' in request) {
      if (failure !== null) {
        this.receiver.writeFailed(failure);
        return;
      }
      this.#apply(request.operations);
      this.receiver.written();
    } else if (failure?.kind === 'io') {
      this.receiver.readFailed(request.read, failure);
    } else {
      const { entries, more } = this.#engine.read(request.read);
      this.receiver.entriesRead(request.read, entries, more);
    }
  }

  #apply(operations: Uint8Array): void {
    try {
      this.#engine.apply(operations, operations.length);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#world.fail('no-error', error.message);
    }
  }

  /**
   * The broker is gone.
   *
   * @returns whether the group that was under way reached the disk all the same
   */
  crash(): boolean {
    this.#dead = true;
    const group = this.#requests.find((request) => 'operations' in request);
    const reached = group !== undefined && this.#world.storeFailure === null && this.#world.random.chance(50);
    if (reached && 'operations' in group) this.#apply(group.operations);
    return reached;
  }
}
