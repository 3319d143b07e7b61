import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FolderLock, lockFolder } from '../store/folder-lock.ts';
import { DATABASE_FILE } from '../store/schema.ts';
import { StoreToolError } from './tool-error.ts';

/** Where a new database is made before it takes its place, within the data folder and so on the same file system. */
const WORK_FOLDER = 'new.tmp';

/** Makes a data folder, if it is not there, that only its owner may look into. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StoreToolError(
      `cannot make the folder ${folder}: ${(error as Error).message}; choose one that this user may write to`,
      { cause: error },
    );
  }
}

/** Whether a folder holds a store, or the log of one. */
export function holdsStore(folder: string): boolean {
  return ['', '-wal'].some((ending) => existsSync(join(folder, `${DATABASE_FILE}${ending}`)));
}

/** Bytes of a file; 0 = it is not there. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Gives `work` the folder for itself, as long as it takes. @throws {FolderInUse} another process has it */
export async function withLock<T>(folder: string, work: () => T | Promise<T>): Promise<T> {
  const lock: FolderLock = lockFolder(folder);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/**
 * Lets `make` make a database under the path it is given, and puts it in its place in the folder when that is done: all of
 * it, durably, or nothing. To be called by who holds the folder's lock. The database must be closed when `make` is through,
 * and so must the one it replaces, without a log of its own.
 */
export async function replaceDatabase<T>(folder: string, make: (path: string) => T | Promise<T>): Promise<T> {
  const work = join(folder, WORK_FOLDER);
  rmSync(work, { recursive: true, force: true }); // of a process that was killed
  mkdirSync(work, { mode: 0o700 });
  try {
    const path = join(work, DATABASE_FILE);
    const result = await make(path);
    if (sizeOf(`${path}-wal`) > 0)
      throw new Error(`${path} was not closed: its log has ${sizeOf(`${path}-wal`)} bytes`);
    syncPath(path);
    renameSync(path, join(folder, DATABASE_FILE));
    syncPath(folder);
    return result;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Puts a file, or what a folder says of its files, on the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
