import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreError } from '@cauldron/core';
import { asStoreError } from './failure.ts';
import { createSchema, migrate, migrations, versionOf } from './migrations.ts';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES } from './schema.ts';

/**
 * Why a database was not opened: `missing` (and was not to be created), `foreign` (a database of another program, or no
 * database), `newer` (of a later version of Cauldron), `older` (and was not to be changed), `damaged`.
 */
export type RefusalReason = 'missing' | 'foreign' | 'newer' | 'older' | 'damaged';

/** A database that was not opened, and was left as it is. The message says what to do. */
export class StoreRefused extends StoreError {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string, cause?: unknown) {
    super('io', message, cause);
    this.reason = reason;
  }
}

export interface OpenOptions {
  /** False: a database that is not there is refused. Default true. */
  readonly create?: boolean;
  /** True: nothing is written, so neither created nor migrated. Default false. */
  readonly readOnly?: boolean;
  /** True, with `readOnly`: nobody writes to the file, so it is read without locks and nothing is put beside it. Default false. */
  readonly immutable?: boolean;
  /**
   * True: this process has the database open already, so its file is not looked into before SQLite does: closing it would
   * drop the locks that the process holds on it, and another one could take the log away. Default false.
   */
  readonly again?: boolean;
  /** Statements for every connection to it. Default none. */
  readonly pragmas?: string;
  /** Kilobytes of pages kept in memory. Default 8,192. */
  readonly cacheKilobytes?: number;
  /** False: commits do not wait for the disk, and a power cut may take some. For tests and imports. Default true. */
  readonly synchronous?: boolean;
  /** Milliseconds to wait for a lock of another connection. Default 5,000. */
  readonly lockTimeout?: number;
  /** Up to this many bytes a database is checked through and through when it is opened. Default 16 MiB. */
  readonly quickCheckBytes?: number;
}

/**
 * Opens a store's database in write-ahead mode with `synchronous=FULL`, creates it where it is missing or empty, and
 * takes an older one to today's schema.
 *
 * @param path the file, `DATABASE_FILE` in a data folder
 * @throws {StoreRefused} for what is no store of this version; it is not touched
 * @throws {StoreError} where the disk fails or is full
 */
export function openDatabase(path: string, options: OpenOptions = {}): DatabaseSync {
  const { create = true, readOnly = false, synchronous = true, cacheKilobytes = 8192, lockTimeout = 5000 } = options;
  const found = inspectFile(path, options.again === true);
  if (found === 'new' && (!create || readOnly)) {
    throw new StoreRefused('missing', `there is no store at ${path}: nothing was opened`);
  }
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(options.immutable === true ? immutableUrl(path) : path, { readOnly, timeout: lockTimeout });
    db.exec(`PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${cacheKilobytes}`);
    if (!readOnly) db.exec(`PRAGMA synchronous = ${synchronous ? 'FULL' : 'OFF'}`);
    if (found === 'new' || (!readOnly && isEmpty(db))) createSchema(db, SCHEMA_VERSION);
    else checkVersion(db, path, readOnly);
    if (!readOnly) {
      db.exec('PRAGMA journal_mode = WAL');
      if (versionOf(db) < SCHEMA_VERSION) migrate(db, SCHEMA_VERSION, migrations);
    }
    if (found !== 'new') checkQuickly(db, path, options.quickCheckBytes ?? 16 * 1024 * 1024);
    if (options.pragmas !== undefined) db.exec(options.pragmas);
    return db;
  } catch (error) {
    if (readOnly) db?.close();
    else if (db !== null) closeUntouched(db, path);
    throw explain(error, path);
  }
}

/** Closes a connection to a store that is refused, and leaves its log where it is. */
export function closeUntouched(db: DatabaseSync, path: string): void {
  const witness = openWitness(path);
  db.close();
  witness.close();
}

/**
 * A connection for a store that turned out to be damaged: while it is open, and afterwards, the database stays as it is.
 * SQLite moves the log into the database when the last connection closes, and removes it; this one, which may not write, has
 * to be the last.
 */
export function openWitness(path: string): DatabaseSync {
  const witness = new DatabaseSync(path, { readOnly: true });
  try {
    // Reading takes the lock that tells the others they are not the last.
    witness.prepare('PRAGMA user_version').get();
  } catch {
    // Where not even the head of the file can be read, no other connection can move a log into it.
  }
  return witness;
}

function immutableUrl(path: string): URL {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return url;
}

/** Asking makes SQLite take back what was not completed: the making of a store that was cut off leaves nothing. */
function isEmpty(db: DatabaseSync): boolean {
  return Number(db.prepare('PRAGMA page_count').get()?.page_count) === 0;
}

const MAGIC = 'SQLite format 3\0';

/** Looks at the file before SQLite does: SQLite would throw a log away that has lost its database. */
function inspectFile(path: string, isKnown: boolean): 'new' | 'store' {
  const size = sizeOf(path);
  const logSize = sizeOf(`${path}-wal`) ?? 0;
  if (size === null || size === 0) {
    if (logSize === 0) return 'new';
    const what = size === null ? 'is missing' : 'is empty';
    throw damaged(path, `${path} ${what}, but its log ${path}-wal (${logSize} bytes) is there`);
  }
  if (isKnown) return 'store';
  const header = readHeader(path);
  // Its making was cut off before its pages were written.
  if (header.every((byte) => byte === 0) && (sizeOf(`${path}-journal`) ?? 0) > 0) return 'store';
  if (header.length < 100 || header.toString('latin1', 0, 16) !== MAGIC) {
    throw new StoreRefused('foreign', `${path} is no database: it was left as it is. ${WRONG_FOLDER}`);
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new StoreRefused(
      'foreign',
      `${path} is a database of another program and was left as it is. ${WRONG_FOLDER}`,
    );
  }
  return 'store';
}

const WRONG_FOLDER = 'Choose another data folder, or, if this is the right one, restore the file from a backup.';

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

function readHeader(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(100);
    return header.subarray(0, readSync(file, header, 0, 100, 0));
  } finally {
    closeSync(file);
  }
}

function checkVersion(db: DatabaseSync, path: string, readOnly: boolean): void {
  const version = versionOf(db);
  if (version > SCHEMA_VERSION) {
    throw new StoreRefused(
      'newer',
      `${path} was written by a newer version of Cauldron (its schema is ${version}, this one knows ${SCHEMA_VERSION}): ` +
        'start that version or a later one; the store was left as it is',
    );
  }
  if (readOnly && version < SCHEMA_VERSION) {
    throw new StoreRefused(
      'older',
      `${path} has schema ${version}, and ${SCHEMA_VERSION} is needed: start the broker on it once, which upgrades it`,
    );
  }
}

/** What can be told without reading everything: whether the tables are there; small databases are read through. */
function checkQuickly(db: DatabaseSync, path: string, quickCheckBytes: number): void {
  const tables = new Set(
    db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
      .all()
      .map((row) => row.name),
  );
  const lost = TABLES.filter((name) => !tables.has(name));
  if (lost.length > 0) throw damaged(path, `${path} has no table ${lost.join(', ')}`);
  if ((sizeOf(path) ?? 0) > quickCheckBytes) return;
  const finding = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (finding !== 'ok') throw damaged(path, `${path} is damaged: ${String(finding)}`);
}

/** A refusal with the way out. */
export function damaged(path: string, what: string, cause?: unknown): StoreRefused {
  const folder = dirname(path);
  return new StoreRefused(
    'damaged',
    `${what}. Nothing was changed. Look closer with \`cauldron store check ${folder}\`; then restore a backup, or save ` +
      `what is readable with \`cauldron store export ${folder}\` and import it into a new folder`,
    cause,
  );
}

function explain(error: unknown, path: string): Error {
  if (error instanceof StoreError) return error;
  const failure = asStoreError(error, path, `cannot open the store ${path}`);
  return isDamage(error) ? damaged(path, `${path} cannot be read: ${(error as Error).message}`, error) : failure;
}

/** Whether SQLite says that the file is not what it should be (SQLITE_CORRUPT, SQLITE_NOTADB). */
export function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' && ((code & 0xff) === 11 || (code & 0xff) === 26);
}
