import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';

/** What keeping dashboards needs of a disk. Tests have one that fails, and one whose power is cut. */
export interface FileOperations {
  /** Makes a folder that only its owner may look into; one that is there stays as it is. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, in any order. */
  list(path: string): Promise<readonly string[]>;
  /** Bytes of a file. */
  size(path: string): Promise<number>;
  read(path: string): Promise<string>;
  /** Makes a file or replaces what is in it; fulfilled when the bytes are on the disk. */
  write(path: string, text: string): Promise<void>;
  /** Takes the place of what is there, in one step. */
  rename(from: string, to: string): Promise<void>;
  /** One that is not there is removed already. */
  remove(path: string): Promise<void>;
  /** Fulfilled when the names in a folder are on the disk. */
  syncFolder(path: string): Promise<void>;
}

/** The disk of this machine. */
export const diskOperations: FileOperations = {
  makeFolder: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
  list: (path) => readdir(path),
  size: async (path) => (await stat(path)).size,
  read: (path) => readFile(path, 'utf8'),
  write: async (path, text) => {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncFolder: async (path) => {
    if (process.platform === 'win32') return; // folders cannot be opened there
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } catch (error) {
      // A file system that knows no such thing.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    } finally {
      await folder.close();
    }
  },
};
