import { closeSync, fsyncSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StoreError } from '@cauldron/core';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import type { SnapshotParts } from './snapshot-reader.ts';
import type { CheckpointOptions, InjectedFailure } from './thread-messages.ts';
import { WorkerStore } from './worker-store.ts';

/** How a store is opened. */
export interface OpenStoreOptions {
  /** Handed to the engine: for SQLite, `SqliteModuleOptions`. Cloned into the store's thread. */
  readonly engineOptions?: unknown;
  /** When the write-ahead log is moved into the database. */
  readonly checkpoint?: CheckpointOptions;
  /** For tests: URL of a module with another engine (`EngineModule`). */
  readonly engine?: string;
  /** For tests: writes that fail. */
  readonly inject?: InjectedFailure;
  /** Most memory for objects in the store's thread, megabytes; default: Node's own. */
  readonly heapMegabytes?: number;
}

/**
 * Megabytes for new objects in the store's thread. What it makes is either garbage at once or stays until a fold, so
 * more only costs memory and caches: measured, 4 take 8 % less CPU a message than Node's default.
 */
const YOUNG_GENERATION = 4;

/** An open store. */
export interface OpenedStore {
  /** To be connected to its receiver before use. */
  readonly store: WorkerStore;
  /** The folder's absolute path. */
  readonly folder: string;
  /** What it holds, for `core.restore`, part by part: to be read once, before the first group is written. */
  readonly snapshot: SnapshotParts;
  /**
   * Waits for what is outstanding, moves the log into the database, and gives the folder free.
   *
   * @throws {StoreError} the engine could not close as it should; what was committed is safe
   */
  close(): Promise<void>;
}

const README_FILE = 'README.txt';
const README = `This folder holds the data of a Cauldron broker: sessions, queued and retained messages.
Whoever can read it can read those messages.

One broker at a time writes here. Do not copy, move or delete single files, least of all
those ending in -wal and -shm: they belong to the database of the same name and hold
messages that were acknowledged. To look into it, or to make a backup, also while the
broker runs, see: cauldron store --help
`;

/**
 * Opens the store in a folder, which is made where it is not there, for one broker.
 *
 * @throws {FolderInUse} another process has it
 * @throws {StoreRefused} it is no store of this version, or damaged; it is left as it is
 * @throws {StoreError} the disk fails, is full, or refuses access
 */
export async function openStore(folder: string, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const path = resolve(folder);
  makeFolder(path);
  const lock = lockFolder(path);
  try {
    writeReadme(path);
    const data = {
      folder: path,
      engine: options.engine ?? null,
      engineOptions: options.engineOptions ?? {},
      inject: options.inject ?? null,
      checkpoint: options.checkpoint ?? {},
    };
    const { heapMegabytes } = options;
    const old = heapMegabytes === undefined ? {} : { maxOldGenerationSizeMb: heapMegabytes };
    const limits = { maxYoungGenerationSizeMb: YOUNG_GENERATION, ...old };
    const store = await WorkerStore.open(data, limits);
    return { store, folder: path, snapshot: store.snapshot(), close: () => closeStore(store, lock) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function closeStore(store: WorkerStore, lock: FolderLock): Promise<void> {
  try {
    await store.close();
  } finally {
    lock.release();
  }
}

function makeFolder(path: string): void {
  try {
    makeWithParents(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new StoreError('full', `cannot make ${path}: ${message}`, error);
    const advice = 'choose a folder that this user may write to';
    throw new StoreError('io', `cannot make the data folder ${path}: ${message}; ${advice}`, error);
  }
}

/**
 * Only its owner may look in: it holds other people's messages. Not `recursive`: that never ends where a folder cannot
 * be made in one that is there, as below /proc.
 */
function makeWithParents(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found !== undefined) throw new Error(`${path} is not a folder`);
  const parent = dirname(path);
  if (parent !== path) makeWithParents(parent);
  mkdirSync(path, { mode: 0o700 });
  syncFolder(parent);
}

/** SQLite syncs the folder its files are in, and nobody else those above: a power cut could take the new folder away. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return; // A folder that may be written to and not be read: then it cannot be synced.
  }
  try {
    fsyncSync(file);
  } catch (error) {
    // A file system that knows no such thing.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    closeSync(file);
  }
}

function writeReadme(path: string): void {
  try {
    writeFileSync(join(path, README_FILE), README, { mode: 0o600, flag: 'wx' });
  } catch {
    // It is there already, or it cannot be: then whatever is wrong is told by what has to be written, if anything.
  }
}
