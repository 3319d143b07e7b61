import { resolve } from 'node:path';
import { copyDashboards } from './copy-dashboards.ts';
import { holdsStore, makeFolder, replaceDatabase, sizeOf, withLock } from './files.ts';
import { openForReading } from './reading.ts';
import { explained, StoreToolError } from './tool-error.ts';

export interface BackupSummary {
  /** The new folder's absolute path. */
  readonly folder: string;
  /** Size of the new database. */
  readonly bytes: number;
  /** How many dashboards were copied beside it. */
  readonly dashboards: number;
}

/**
 * Copies a store, as it is at one moment, and the dashboards into another folder, on which a broker can start. The store may be in use: its
 * broker goes on, only its log is not cut back until the copy is made. When this returns the copy is on the disk.
 *
 * @param to a folder without a store; made where it is not there
 * @throws {StoreRefused} there is no store, or it cannot be read
 * @throws {StoreToolError} `to` holds a store already
 * @throws {FolderInUse} something runs on `to`
 */
export async function backupStore(folder: string, to: string): Promise<BackupSummary> {
  const target = resolve(to);
  const store = openForReading(folder);
  try {
    if (target === store.folder) throw new StoreToolError(`${target} is the store itself: name another folder`);
    refuseStore(target);
    makeFolder(target);
    const copied = await withLock(target, async () => {
      refuseStore(target);
      // First, for with its database the copy is there: until then it can be made again.
      const dashboards = copyDashboards(store.folder, target);
      const bytes = await replaceDatabase(target, (path) => {
        // One statement is one transaction: it sees the store as it is when it begins. [SQLite: VACUUM INTO]
        store.db.prepare('VACUUM INTO ?').run(path);
        store.verify();
        return sizeOf(path);
      });
      return { bytes, dashboards };
    });
    return { folder: target, ...copied };
  } catch (error) {
    throw explained(error, store.folder, `cannot copy the store to ${target}`);
  } finally {
    store.db.close();
  }
}

function refuseStore(target: string): void {
  if (!holdsStore(target)) return;
  throw new StoreToolError(
    `${target} holds a store already, which a backup does not replace: name a folder that is new or empty`,
  );
}
