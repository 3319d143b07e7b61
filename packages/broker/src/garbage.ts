import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** With more than this in use, collecting it would take longer than the memory is worth, bytes. */
const TOO_MUCH = 268_435_456;

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Gives memory back that starting left behind: rebuilding sessions makes V8 grow its space for new objects, which it keeps
 * although nothing is there any more. Takes tens of milliseconds, so it is for a time when nobody waits. Where V8 does not
 * offer it, nothing happens.
 */
export function releaseMemory(): void {
  if (process.memoryUsage().heapUsed > TOO_MUCH) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as Collect | undefined;
  setFlagsFromString('--no-expose-gc');
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
