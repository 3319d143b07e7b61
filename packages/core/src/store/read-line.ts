import { readEntries } from './entries.ts';
import type { Reader, Store, StoreRead } from './store.ts';

interface Reading {
  readonly request: StoreRead;
  readonly reader: Reader;
}

/** Who asked the store for what, in order: so come its answers. */
export class ReadLine {
  readonly #store: Store;
  #asked: Reading[] = [];
  #failed: Reading[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  ask(request: StoreRead, reader: Reader): void {
    this.#asked.push({ request, reader });
    this.#store.read(request);
  }

  answered(entries: Uint8Array, more: boolean): void {
    const { request, reader } = this.#asked.shift()!;
    reader.entriesRead(request, readEntries(entries), more);
  }

  failed(): void {
    this.#failed.push(this.#asked.shift()!);
  }

  /** Asks again what could not be read. */
  retry(): void {
    for (const { request, reader } of this.#failed.splice(0)) this.ask(request, reader);
  }
}
