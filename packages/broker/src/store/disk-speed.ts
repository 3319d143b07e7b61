import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How long a disk takes to make an append durable, milliseconds. */
export interface SyncTimes {
  readonly median: number;
  readonly p99: number;
  /** Of the appends measured. */
  readonly appends: number;
  /** Bytes each. */
  readonly size: number;
}

/**
 * Measures how long the disk under a folder takes to append and sync (`fdatasync`): what every commit costs at least.
 * Blocks meanwhile: for a start, or a benchmark.
 *
 * @throws the file system's error
 */
export function measureSync(folder: string, appends = 50, size = 4096): SyncTimes {
  const path = join(folder, `sync-${process.pid}.tmp`);
  const bytes = new Uint8Array(size).fill(0x55);
  const times = new Float64Array(appends);
  const file = openSync(path, 'wx', 0o600);
  try {
    for (let i = 0; i < appends; i++) {
      const begun = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      times[i] = performance.now() - begun;
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  times.sort();
  return { median: times[appends >> 1] ?? 0, p99: times[Math.floor(appends * 0.99)] ?? 0, appends, size };
}
