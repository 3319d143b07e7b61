import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '@cauldron/core';

const LOCK_FILE = 'lock.db';
const HOLDER_FILE = 'lock.json';
const SQLITE_BUSY = 5;

/** Who holds a folder, as far as is known. */
export interface LockHolder {
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/** Another process, or another store of this one, writes to the folder. */
export class FolderInUse extends StoreError {
  readonly folder: string;
  /** Null where the holder has not said who it is. */
  readonly holder: LockHolder | null;

  constructor(folder: string, holder: LockHolder | null) {
    const who = holder === null ? 'another process' : `process ${holder.pid} (since ${holder.since})`;
    super('io', `the data folder ${folder} is in use by ${who}: stop that one, or choose another folder`);
    this.folder = folder;
    this.holder = holder;
  }
}

/** The right to write to a data folder. */
export interface FolderLock {
  /** Gives it back; a second time does nothing. */
  release(): void;
}

/**
 * Takes the right to write to a data folder: one holder at a time. Who only reads needs none. The lock is one of the
 * operating system on a small file, so it goes with its process, however that ends; the file itself stays and means
 * nothing. Not to be relied upon across machines that share a folder over a network.
 *
 * @throws {FolderInUse} naming the folder and the holder
 * @throws {StoreError} where the lock's file cannot be made
 */
export function lockFolder(folder: string): FolderLock {
  const db = takeLock(folder);
  const holder: LockHolder = { pid: process.pid, since: new Date().toISOString() };
  try {
    writeFileSync(join(folder, HOLDER_FILE), `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  } catch {
    // It only makes a message better. On a full disk the broker is to start all the same.
  }
  return {
    release: () => {
      if (db.isOpen) db.close();
    },
  };
}

/** SQLite's exclusive lock, which an open transaction on an otherwise empty database holds. */
function takeLock(folder: string): DatabaseSync {
  const path = join(folder, LOCK_FILE);
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    // No journal file beside it: nothing is ever written.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db?.close();
    if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) throw new FolderInUse(folder, readHolder(folder));
    const text = error instanceof Error ? error.message : String(error);
    throw new StoreError('io', `cannot lock the data folder ${folder} (${path}): ${text}. Is it writable?`, error);
  }
}

function readHolder(folder: string): LockHolder | null {
  try {
    const { pid, since } = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8')) as Partial<LockHolder>;
    return typeof pid === 'number' && typeof since === 'string' ? { pid, since } : null;
  } catch {
    // Being written just now, or not at all: the refusal stands without the name.
    return null;
  }
}
