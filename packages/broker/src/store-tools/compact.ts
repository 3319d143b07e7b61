import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { closeUntouched } from '../store/database.ts';
import { DATABASE_FILE } from '../store/schema.ts';
import { refuseDamage } from './check.ts';
import { holdsStore, replaceDatabase, sizeOf, withLock } from './files.ts';
import { openExisting, withReading } from './reading.ts';
import { explained, StoreToolError } from './tool-error.ts';

/** Bytes of a store's file with its log, before and after. */
export interface CompactSummary {
  readonly before: number;
  readonly after: number;
}

/**
 * Writes a store's file anew without the room that what is gone has left, and puts it in the old one's place at once. Needs
 * as much room as the new file takes. The store must be in order: a damaged one is left as it is.
 *
 * @throws {FolderInUse} a broker runs on it
 * @throws {StoreRefused} there is no store, or it cannot be opened
 * @throws {StoreToolError} it is damaged
 */
export async function compactStore(folder: string): Promise<CompactSummary> {
  const path = resolve(folder);
  const file = join(path, DATABASE_FILE);
  // Without this, taking the lock would leave its file in a folder that has nothing to do with us.
  if (!holdsStore(path)) openExisting(file).close();
  return withLock(path, async () => {
    withReading(path, ({ db }) => refuseDamage(path, db));
    const before = sizeOf(file) + sizeOf(`${file}-wal`);
    const db = openExisting(file);
    try {
      return await replaceDatabase(path, (copy) => {
        db.prepare('VACUUM INTO ?').run(copy);
        endLog(path, db);
        db.close();
        return { before, after: sizeOf(copy) };
      });
    } catch (error) {
      throw explained(error, path, 'cannot compact the store');
    } finally {
      if (db.isOpen) closeUntouched(db, file);
    }
  });
}

/** Takes the log into the file and removes it: beside the new file, it would be taken for that one's. */
function endLog(folder: string, db: DatabaseSync): void {
  try {
    db.exec('PRAGMA journal_mode = DELETE');
  } catch (error) {
    throw new StoreToolError(
      `something reads the store in ${folder}, perhaps an export or a backup: run the command again when it is through. ` +
        'Nothing was changed',
      { cause: error },
    );
  }
}
