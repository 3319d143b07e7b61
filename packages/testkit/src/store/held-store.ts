import type { Store, StoreEngine, StoreFailure, StoreRead, StoreReceiver } from '@cauldron/core';

type Request = { readonly operations: Uint8Array; readonly length: number } | { readonly read: StoreRead };

/**
 * A store whose answers wait until a test lets them go: what was not let go is lost when the broker is thrown away, as
 * with a process that is killed. Behind it is an engine, which outlives the broker.
 *
 * @example
 * const engine = new MemoryEngine();
 * const held = new TestBroker({ store: new HeldStore(engine) });
 * held.core.publish({ topic: 't', payload: new Uint8Array(1), qos: 1, retain: true, properties: undefined });
 * held.core.flush();
 * engine.content().retained // 0
 * held.settle();
 * engine.content().retained // 1
 */
export class HeldStore implements Store {
  readonly engine: StoreEngine;
  receiver!: StoreReceiver;
  #requests: Request[] = [];
  /** What the next writes and reads meet with; null = success. */
  failure: StoreFailure | null = null;

  constructor(engine: StoreEngine) {
    this.engine = engine;
  }

  take(size: number): Uint8Array {
    return new Uint8Array(size);
  }

  write(operations: Uint8Array, length: number): void {
    if (this.#requests.some((request) => 'operations' in request)) throw new Error('two groups at the same time');
    this.#requests.push({ operations: operations.slice(0, length), length });
  }

  read(request: StoreRead): void {
    this.#requests.push({ read: request });
  }

  /** Requests that were not answered yet. */
  get waiting(): number {
    return this.#requests.length;
  }

  /** Answers the oldest request; false where there is none. */
  releaseOne(): boolean {
    const request = this.#requests.shift();
    if (request === undefined) return false;
    const { receiver, failure } = this;
    if ('read' in request) {
      if (failure !== null) {
        receiver.readFailed(request.read, failure);
        return true;
      }
      const { entries, more } = this.engine.read(request.read);
      receiver.entriesRead(request.read, entries, more);
    } else if (failure !== null) {
      receiver.writeFailed(failure);
    } else {
      this.engine.apply(request.operations, request.length);
      receiver.written();
    }
    return true;
  }

  /**
   * The broker is gone: what it had asked for and not got is not done.
   *
   * @param applied but the group under way is: the process ended between its write and the answer
   */
  crash(applied = false): void {
    for (const request of this.#requests.splice(0)) {
      if (applied && 'operations' in request) this.engine.apply(request.operations, request.length);
    }
  }
}
