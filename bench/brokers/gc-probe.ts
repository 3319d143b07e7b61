/**
 * Loaded into a Node broker with `--expose-gc --import`: on SIGUSR2 it collects all garbage and writes the heap in use to
 * the file that BENCH_PROBE_FILE names. It does nothing until asked, so it costs the broker nothing while it is measured.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.BENCH_PROBE_FILE;

if (isMainThread && file !== undefined) {
  process.on('SIGUSR2', () => {
    // Twice: the first run may leave what finalizers and weak references release.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    // Memory outside V8's heap (typed arrays) belongs to the structures too.
    writeFileSync(`${file}.new`, JSON.stringify({ heapBytes: heapUsed + external }));
    renameSync(`${file}.new`, file);
  });
}
