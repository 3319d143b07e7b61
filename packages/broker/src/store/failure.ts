import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError, type StoreFailure } from '@cauldron/core';

/** SQLite's primary result codes that matter here. */
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
/** Errors of the operating system that mean "no room": the disk, a quota, the process's file size limit. */
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** Room below which a failed write is taken for a full disk, bytes. */
const SCARCE = 1024 * 1024;

/**
 * The failure that an error of SQLite or of the file system stands for.
 *
 * @param path the database, to see whether there is room where it lies
 * @param doing what could not be done, for the message
 */
export function asStoreError(error: unknown, path: string, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const kind = kindOf(error, path);
  const advice = kind === 'full' ? ': there is no room left; free some, and writing goes on by itself' : '';
  return new StoreError(kind, `${doing}: ${text}${advice}`, error);
}

function kindOf(error: unknown, path: string): StoreFailure['kind'] {
  const { errcode, code } = (error ?? {}) as { errcode?: unknown; code?: unknown };
  if (typeof code === 'string' && NO_ROOM.has(code)) return 'full';
  if (typeof errcode !== 'number') return 'io';
  const primary = errcode & 0xff;
  if (primary === SQLITE_FULL) return 'full';
  // SQLite tells ENOSPC from other failures, but neither a quota nor a file size limit.
  return primary === SQLITE_IOERR && !hasRoom(path) ? 'full' : 'io';
}

/** Whether the place of a database takes more: seen by writing where its log would go on. */
function hasRoom(path: string): boolean {
  const probe = `${path}-probe`;
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    if (bavail * bsize < SCARCE) return false;
    const file = openSync(probe, 'w');
    try {
      const end = Math.max(...[path, `${path}-wal`].map((one) => statSync(one, { throwIfNoEntry: false })?.size ?? 0));
      writeSync(file, new Uint8Array(4096), 0, 4096, end);
    } finally {
      closeSync(file);
      rmSync(probe, { force: true });
    }
    return true;
  } catch (error) {
    return !NO_ROOM.has(String((error as { code?: unknown }).code));
  }
}
