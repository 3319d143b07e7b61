import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** The least a database writes; a write in place, so that nothing but the data has to reach the disk. */
const BLOCK_BYTES = 4096;
const BLOCKS = 16;
/** While a load runs its disk is asked this rarely, so as not to become part of the load. */
const PAUSE_MS = 40;

/** Times in microseconds, in the order they were measured. */
export type FsyncTimes = readonly number[];

/** Writes a block and makes it reach the disk, `times` times, in a file of its own in `folder`. Blocks the caller. */
export function timeFsync(folder: string, times: number): number[] {
  const probe = new FsyncProbe(folder);
  try {
    return Array.from({ length: times }, () => probe.once());
  } finally {
    probe.close();
  }
}

/** Measures from a thread of its own until the returned function is called, which gives the times. */
export function watchFsync(folder: string): () => Promise<FsyncTimes> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), { workerData: { folder, stop } satisfies WatchOrder });
  const times = new Promise<FsyncTimes>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  // Whoever asks gets the error; until then it must not end the process.
  times.catch(() => {});
  return () => {
    Atomics.store(stop, 0, 1);
    Atomics.notify(stop, 0);
    return times;
  };
}

interface WatchOrder {
  readonly folder: string;
  readonly stop: Int32Array;
}

class FsyncProbe {
  readonly #file: string;
  readonly #fd: number;
  readonly #block = Buffer.alloc(BLOCK_BYTES, 'x');
  #turn = 0;

  constructor(folder: string) {
    this.#file = path.join(folder, `fsync-probe-${process.pid}`);
    this.#fd = openSync(this.#file, 'w');
    for (let i = 0; i < BLOCKS; i++) writeSync(this.#fd, this.#block, 0, BLOCK_BYTES, i * BLOCK_BYTES);
    fsyncSync(this.#fd);
  }

  once(): number {
    const started = performance.now();
    writeSync(this.#fd, this.#block, 0, BLOCK_BYTES, (this.#turn++ % BLOCKS) * BLOCK_BYTES);
    fdatasyncSync(this.#fd);
    return (performance.now() - started) * 1000;
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.#file, { force: true });
  }
}

function watch({ folder, stop }: WatchOrder): number[] {
  const probe = new FsyncProbe(folder);
  const times: number[] = [];
  while (Atomics.wait(stop, 0, 0, PAUSE_MS) === 'timed-out') times.push(probe.once());
  probe.close();
  return times;
}

if (!isMainThread && workerData?.folder !== undefined) parentPort!.postMessage(watch(workerData as WatchOrder));
