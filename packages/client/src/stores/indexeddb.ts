/** `@cauldron/client/indexeddb`: keeps a client's accepted messages in the browser. */
import { GroupedStore, type StoreEngine } from '../grouped-store.ts';
import type { ClientStore, StoredMessage, StoredState, StoreOperation } from '../store.ts';

type Kept = Omit<StoredMessage, 'packetId' | 'received' | 'sent'>;
/** Packet identifier and place in the sending order. */
type Sent = readonly [packetId: number, sent: number];

/** Layout of the database. Higher numbers are for later versions of this file, which browsers then refuse to open here. */
const VERSION = 1;
/** Milliseconds to wait for a page that is just being left, such as this one before it was reloaded. */
const PATIENCE = 1000;
const STORES = ['meta', 'messages', 'sent', 'received', 'inbound'] as const;
type StoreName = (typeof STORES)[number];

/**
 * A store in IndexedDB: what `enqueue` and `publish` accepted survives reloads, closed tabs and the end of the browser.
 * Each group of changes is one transaction with `durability: 'strict'`. One page at a time can have it, which Web Locks
 * see to (in secure contexts). Browsers may delete what pages keep when the disk is full, unless
 * `navigator.storage.persist()` was granted.
 *
 * @param name of the database: each client of an origin needs one of its own
 * @throws {Error} when the client opens it: another page has it, another client identifier owns it, or the browser refuses
 * @example
 * const store = indexedDbStore('orders');
 * const client = createClient('/mqtt', { clientId: 'till-7', store });
 */
export function indexedDbStore(name: string): ClientStore {
  return new GroupedStore(new IndexedDbEngine(name));
}

class IndexedDbEngine implements StoreEngine {
  readonly #name: string;
  #database: IDBDatabase | undefined;
  #unlock: () => void = () => undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async open(clientId: string): Promise<StoredState> {
    this.#unlock = await lock(this.#name);
    try {
      this.#database = await openDatabase(this.#name);
      return await this.#read(clientId);
    } catch (error) {
      await this.close();
      throw failure(this.#name, error);
    }
  }

  async #read(clientId: string): Promise<StoredState> {
    const { transaction, done } = this.#begin('readwrite');
    const all = <T>(from: StoreName) => transaction.objectStore(from).getAll() as IDBRequest<T[]>;
    const keys = (from: StoreName) => transaction.objectStore(from).getAllKeys() as IDBRequest<number[]>;
    const owner = transaction.objectStore('meta').get('clientId');
    owner.onsuccess = () => {
      if (owner.result === undefined) transaction.objectStore('meta').put(clientId, 'clientId');
    };
    const messages = all<Kept>('messages');
    const sent = all<Sent>('sent');
    const sentKeys = keys('sent');
    const received = keys('received');
    const inbound = keys('inbound');
    await done;
    if (owner.result !== undefined && owner.result !== clientId) {
      throw new Error(
        `it belongs to the client identifier "${owner.result}", not "${clientId}"; give each client a store of its own`,
      );
    }
    const progress = new Map(sentKeys.result.map((key, at) => [key, sent.result[at]!]));
    const released = new Set(received.result);
    return {
      messages: messages.result.map((message) => {
        const [packetId, place] = progress.get(message.key) ?? [0, 0];
        return { ...message, packetId, sent: place, received: released.has(message.key) };
      }),
      inbound: inbound.result,
    };
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    try {
      const { transaction, done } = this.#begin('readwrite');
      for (const operation of operations) apply(transaction, operation);
      await done;
    } catch (error) {
      throw failure(this.#name, error);
    }
  }

  #begin(mode: IDBTransactionMode): { transaction: IDBTransaction; done: Promise<void> } {
    const transaction = this.#database!.transaction(STORES, mode, { durability: 'strict' });
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    return { transaction, done };
  }

  async close(): Promise<void> {
    this.#database?.close();
    this.#unlock();
  }
}

function apply(transaction: IDBTransaction, operation: StoreOperation): void {
  const into = (name: StoreName) => transaction.objectStore(name);
  switch (operation.kind) {
    case 'put': {
      const { packetId, received, sent, ...kept } = operation.message;
      into('messages').put(kept);
      if (packetId > 0) into('sent').put([packetId, sent], kept.key);
      if (received) into('received').put(1, kept.key);
      return;
    }
    case 'sent': {
      const { key, packetId, sent } = operation;
      into('received').delete(key);
      if (packetId > 0) into('sent').put([packetId, sent], key);
      else into('sent').delete(key);
      return;
    }
    case 'received':
      into('received').put(1, operation.key);
      return;
    case 'delete':
      for (const name of ['messages', 'sent', 'received'] as const) into(name).delete(operation.key);
      return;
    case 'inbound':
      into('inbound').put(1, operation.packetId);
      return;
    case 'inbound-done':
      into('inbound').delete(operation.packetId);
      return;
    case 'inbound-clear':
      into('inbound').clear();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      for (const store of STORES) {
        request.result.createObjectStore(store, store === 'messages' ? { keyPath: 'key' } : {});
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Takes the store for this page; returns what gives it back. Where there are no locks, nobody is kept out. */
async function lock(name: string): Promise<() => void> {
  const { locks } = navigator;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  if (locks === undefined) return release;
  const signal = AbortSignal.timeout(PATIENCE);
  const { promise, resolve, reject } = Promise.withResolvers<() => void>();
  const hold = (): Promise<void> => {
    resolve(release);
    return released;
  };
  locks.request(`mqtt-store:${name}`, { signal }, hold).catch((error) => {
    const inUse =
      'another page has it, maybe this one in another tab; close that, or give each client a store of its own';
    reject(failure(name, signal.aborted ? new Error(inUse, { cause: error }) : error));
  });
  return promise;
}

const failure = (name: string, cause: unknown): Error =>
  new Error(`the store "${name}" in IndexedDB: ${(cause as Error | null)?.message ?? 'its database was closed'}`, {
    cause,
  });
