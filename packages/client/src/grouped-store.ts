import type { ClientStore, StoredState, StoreOperation } from './store.ts';

/** What a durable store is written to. */
export interface StoreEngine {
  /** Opens it and reads what is there. @throws where it cannot be read, or another client has it */
  open(clientId: string): Promise<StoredState>;
  /** Writes a group of changes as one: fulfilled when they survive the end of the process. One group at a time. */
  write(operations: readonly StoreOperation[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * A store that writes in groups: what is noted in one go, and what comes while a group is being written, leaves as one.
 */
export class GroupedStore implements ClientStore {
  readonly #engine: StoreEngine;
  #failed: (error: Error) => void = () => undefined;
  #operations: StoreOperation[] = [];
  #callbacks: (() => void)[] = [];
  #writing: Promise<void> | undefined;
  #opening: Promise<StoredState> | undefined;
  #opened = false;
  #broken = false;

  constructor(engine: StoreEngine) {
    this.#engine = engine;
  }

  async open(clientId: string, failed: (error: Error) => void): Promise<StoredState> {
    this.#failed = failed;
    this.#opening = this.#engine.open(clientId);
    const state = await this.#opening;
    this.#opened = true;
    this.#start();
    return state;
  }

  add(operation: StoreOperation, then?: () => void): void {
    if (this.#broken) return;
    this.#operations.push(operation);
    if (then !== undefined) this.#callbacks.push(then);
    this.#start();
  }

  #start(): void {
    if (this.#opened && this.#operations.length > 0) this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    try {
      await null; // what is noted in the same go belongs to the same group
      while (this.#operations.length > 0) {
        const operations = this.#operations;
        const callbacks = this.#callbacks;
        this.#operations = [];
        this.#callbacks = [];
        await this.#engine.write(operations);
        for (const callback of callbacks) {
          try {
            callback();
          } catch (error) {
            void Promise.reject(error); // no fault of the store: an uncaught error, and the others are called back
          }
        }
      }
    } catch (error) {
      this.#broken = true;
      this.#failed(error as Error);
    } finally {
      this.#writing = undefined;
    }
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined); // whoever opens it is told
    await this.#writing;
    await this.#engine.close();
  }
}
