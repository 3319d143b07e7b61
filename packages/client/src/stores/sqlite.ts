/** `@cauldron/client/sqlite`: keeps a client's accepted messages in a file. Node only. */
import { Worker } from 'node:worker_threads';
import { GroupedStore, type StoreEngine } from '../grouped-store.ts';
import type { ClientStore, StoredState, StoreOperation } from '../store.ts';
import type { ThreadAnswer, ThreadCommand } from './sqlite-thread.ts';

/**
 * A store in an SQLite file: what `enqueue` and `publish` accepted survives the end of the process, however sudden, and of
 * the machine, as far as its disk keeps what it was told to sync. It is written in a thread of its own, a transaction a
 * group of changes. One client at a time can have it.
 *
 * @param path of the file, made if it is missing; two more stand beside it while it is open (`-wal`, and sometimes `-shm`)
 * @throws {Error} when the client opens it: another one has it, another client identifier owns it, or it cannot be read
 * @example
 * const store = sqliteStore('outbox.db');
 * const client = createClient('mqtt://localhost', { clientId: 'till-7', store });
 */
export function sqliteStore(path: string): ClientStore {
  return new GroupedStore(new SqliteEngine(path));
}

/** Asks the thread; one question at a time is what a {@link GroupedStore} does. */
class SqliteEngine implements StoreEngine {
  readonly #path: string;
  #thread: Worker | undefined;
  #asked: PromiseWithResolvers<StoredState | undefined> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(clientId: string): Promise<StoredState> {
    // Without the program's own flags: some of them, such as --input-type, keep a thread from starting.
    const thread = new Worker(module('sqlite-thread'), { name: 'mqtt-store', execArgv: [] });
    this.#thread = thread;
    thread.on('message', ({ state, error }: ThreadAnswer) => {
      if (error === undefined) this.#asked?.resolve(state);
      else this.#fail(error);
    });
    thread.on('error', (error: Error) => this.#fail(error.message));
    thread.on('exit', () => this.#fail('its thread ended'));
    try {
      return (await this.#ask({ kind: 'open', path: this.#path, clientId }))!;
    } catch (error) {
      await thread.terminate();
      throw error;
    }
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    await this.#ask({ kind: 'write', operations });
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined || thread.threadId < 0) return;
    try {
      await this.#ask({ kind: 'close' });
    } finally {
      await thread.terminate();
    }
  }

  /** The thread keeps the program running only while it has something to do. */
  async #ask(command: ThreadCommand): Promise<StoredState | undefined> {
    const thread = this.#thread!;
    this.#asked = Promise.withResolvers();
    if (thread.threadId < 0) this.#fail('its thread ended');
    thread.ref();
    thread.postMessage(command);
    try {
      return await this.#asked.promise;
    } finally {
      thread.unref();
    }
  }

  #fail(why: string): void {
    this.#asked?.reject(new Error(`the store ${this.#path}: ${why}`));
  }
}

/** The module beside this one, in sources and when compiled. */
const module = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
