/** How a password file is read and replaced: whole, locked, and never over somebody else's change. */
import { type BigIntStats, constants } from 'node:fs';
import { access, type FileHandle, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PasswordFileError } from './password-file.ts';

/** Largest file, bytes: some 500,000 users. */
const MAX_FILE_SIZE = 128 * 1024 * 1024;
/** Milliseconds a writer waits for another one. */
const LOCK_WAIT = 5000;
/** Milliseconds after which a lock is of nobody, whoever wrote it: writers hold it for a blink. */
const LOCK_AGE = 10_000;
const PRIVATE_MODE = 0o600;

/** What was read, and by what to recognise that it is still that. */
export interface FileContent {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
  /** Changes with every change of the file. */
  readonly stamp: string;
}

/** Reads a file. @throws {PasswordFileError} that says why it cannot be read and what to do */
export async function readPasswordFile(path: string): Promise<FileContent> {
  try {
    const before = await stat(path, { bigint: true });
    if (!before.isFile()) throw new PasswordFileError(`${path} is not a file; name the file with the passwords`);
    if (before.size > MAX_FILE_SIZE) {
      throw new PasswordFileError(`${path} is larger than ${MAX_FILE_SIZE} bytes; a password file is not`);
    }
    const text = await readFile(path, 'utf8');
    return { text, mode: Number(before.mode) & 0o7777, stamp: stampOf(before) };
  } catch (error) {
    throw explained(error, path, 'read');
  }
}

/** A warning where others than owner and group can read the file, which lets them try passwords at leisure. */
export function modeWarning(path: string, mode: number): string | undefined {
  if ((mode & 0o007) === 0) return undefined;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return `${path} can be read by every user of this machine (mode ${shown}); "chmod 0600 ${path}" or 0640 keeps it to those who need it`;
}

/**
 * Changes a file: reads it under a lock, and replaces it in one step by what `change` makes of it.
 *
 * @param change the new text, or undefined to leave the file as it is; gets undefined where there is no file
 * @throws {PasswordFileError} the file cannot be written, or somebody who knows of no lock keeps changing it
 */
export async function changePasswordFile(
  path: string,
  change: (content: FileContent | undefined) => string | undefined | Promise<string | undefined>,
): Promise<void> {
  const target = await resolveLinks(path);
  await locked(target, async () => {
    // Editors and other tools know of no lock: what they wrote meanwhile is read again, not overwritten.
    for (let attempt = 0; attempt < 5; attempt++) {
      const content = await readIfThere(target);
      const text = await change(content);
      if (text === undefined || (await replaceFile(target, text, content))) return;
    }
    throw new PasswordFileError(`${path} was changed by somebody else again and again; try once more`);
  });
}

/** Links stay links: the file they lead to is replaced. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw explained(error, path, 'read');
  }
}

async function readIfThere(path: string): Promise<FileContent | undefined> {
  if ((await statIfThere(path)) === undefined) return undefined;
  return readPasswordFile(path);
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explained(error, path, 'read');
  }
}

/** @returns false where the file is not any more what was read, and was left alone */
async function replaceFile(path: string, text: string, before: FileContent | undefined): Promise<boolean> {
  // Only who holds the lock makes this file: one that is there was left behind.
  const temporary = `${path}.new`;
  try {
    const old = await statIfThere(path);
    // Replacing needs leave to write to the folder alone, but a file made read-only is meant to stay as it is.
    if (old !== undefined) await access(path, constants.W_OK);
    await unlinkIfThere(temporary);
    const file = await open(temporary, 'wx', PRIVATE_MODE);
    try {
      await fill(file, text, old);
    } finally {
      await file.close();
    }
    const now = await statIfThere(path);
    if ((now === undefined ? undefined : stampOf(now)) !== before?.stamp) {
      await unlink(temporary);
      return false;
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    await unlinkIfThere(temporary);
    throw explained(error, path, 'written');
  }
}

/** Writes it to the disk, with mode and owner of the file it will replace. */
async function fill(file: FileHandle, text: string, old: BigIntStats | undefined): Promise<void> {
  await file.writeFile(text);
  if (old !== undefined) {
    const made = await file.stat({ bigint: true });
    // Not kept, the broker or the administrator could not read the file afterwards, so it fails where it cannot be.
    if (made.uid !== old.uid || made.gid !== old.gid) await file.chown(Number(old.uid), Number(old.gid));
    await file.chmod(Number(old.mode) & 0o7777);
  }
  await file.sync();
}

/** So that the new name outlives a power cut too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function locked(path: string, work: () => Promise<void>): Promise<void> {
  const lock = `${path}.lock`;
  const deadline = Date.now() + LOCK_WAIT;
  while (!(await takeLock(lock, path))) {
    if (Date.now() > deadline) {
      throw new PasswordFileError(`${path} is being changed by somebody else; where nobody is, delete ${lock}`);
    }
    await sleep(20);
  }
  try {
    await work();
  } finally {
    await unlinkIfThere(lock);
  }
}

async function takeLock(lock: string, path: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', PRIVATE_MODE);
    try {
      await file.writeFile(`${process.pid}\n`);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explained(error, path, 'written');
    if (await isAbandoned(lock)) await unlinkIfThere(lock);
    return false;
  }
}

/** Whoever made the lock is gone, or cannot be at it any more. */
async function isAbandoned(lock: string): Promise<boolean> {
  const made = await statIfThere(lock);
  if (made === undefined) return false;
  if (Date.now() - Number(made.mtimeMs) > LOCK_AGE) return true;
  const pid = await readPid(lock);
  return pid !== undefined && !isAlive(pid);
}

async function readPid(lock: string): Promise<number | undefined> {
  try {
    const text = await readFile(lock, 'utf8');
    return /^\d+\n$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explained(error, lock, 'read');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explained(error, path, 'written');
  }
}

const stampOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string => `${ino}.${size}.${mtimeNs}.${ctimeNs}`;

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; "cauldron passwd -c FILE USER" begins one',
  EACCES: 'this user may not; look at the mode and owner of the file and its folder',
  EPERM: 'this user may not; look at the mode and owner of the file and its folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no room left; free some',
};

function explained(error: unknown, path: string, done: 'read' | 'written'): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof PasswordFileError || code === undefined || syscall === undefined) return error;
  const advice = ADVICE[code];
  const why = advice === undefined ? `: ${(error as Error).message}` : ` (${code}): ${advice}`;
  return new PasswordFileError(`${path} cannot be ${done}${why}`, {
    cause: error,
  });
}
