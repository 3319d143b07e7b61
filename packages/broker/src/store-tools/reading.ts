import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type OpenOptions, openDatabase, StoreRefused } from '../store/database.ts';
import { DATABASE_FILE } from '../store/schema.ts';
import { explained, StoreToolError } from './tool-error.ts';

/** A store that is open for reading, whether a broker runs on it or not. */
export interface ReadingStore {
  readonly folder: string;
  readonly db: DatabaseSync;
  /** Says whether what was read so far is right. @throws {StoreToolError} somebody began to write meanwhile */
  verify(): void;
}

/**
 * Opens a store for reading. Where there is no log, nobody has the store open: then the file alone is read, and nothing
 * is put beside it, as SQLite otherwise does even for readers.
 *
 * @throws {StoreRefused} there is no store, or it is none of this version; it is left as it is
 * @throws {StoreError} the disk fails
 */
export function openForReading(folder: string): ReadingStore {
  const path = join(resolve(folder), DATABASE_FILE);
  const alone = !existsSync(`${path}-wal`);
  const before = alone ? stateOf(path) : '';
  // Finding damage is the work of a check; other tools take what they get.
  const db = openExisting(path, { readOnly: true, immutable: alone, quickCheckBytes: 0 });
  return {
    folder: resolve(folder),
    db,
    verify: () => {
      if (alone && stateOf(path) !== before) {
        throw new StoreToolError(
          `somebody began to write to ${path} while it was read, so what was read may be wrong: run the command again`,
        );
      }
    },
  };
}

/** Opens a database that has to be there. @throws as `openDatabase`, with another word where there is none */
export function openExisting(path: string, options: OpenOptions = {}): DatabaseSync {
  try {
    return openDatabase(path, { ...options, create: false });
  } catch (error) {
    if (!(error instanceof StoreRefused) || error.reason !== 'missing') throw error;
    const advice = `name the data folder of a broker, the one with the file ${DATABASE_FILE}`;
    throw new StoreRefused('missing', `there is no store in ${dirname(path)}: ${advice}`, error);
  }
}

/** What changes when somebody writes to the store: its file, or that it has a log. */
function stateOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return `${stat?.ino} ${stat?.size} ${stat?.mtimeNs} ${existsSync(`${path}-wal`)}`;
}

/** Opens a store for reading, lets `work` read it within one transaction, and closes it. @throws as {@link openForReading} */
export function withReading<T>(folder: string, work: (store: ReadingStore) => T): T {
  const store = openForReading(folder);
  try {
    store.db.exec('BEGIN');
    const result = work(store);
    store.verify();
    return result;
  } catch (error) {
    throw explained(error, store.folder, 'cannot read the store');
  } finally {
    store.db.close();
  }
}
