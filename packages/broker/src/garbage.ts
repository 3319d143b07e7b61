import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** With more than this in use, collecting all of it would take longer than the memory is worth, bytes. */
const TOO_MUCH = 268_435_456;

type Collect = (options: { type: 'major' | 'minor'; execution: 'sync'; flavor: 'regular' | 'last-resort' }) => void;

/**
 * Cleans up behind the start, at a time when nobody waits: gives memory back that V8 took for new objects while sessions
 * were rebuilt (tens of milliseconds), or, where much more is in use, only moves what was rebuilt out of the space of new
 * objects. The first message to arrive would otherwise pay for that. Where V8 does not offer it, nothing happens.
 */
export function releaseMemory(): void {
  const isLarge = process.memoryUsage().heapUsed > TOO_MUCH;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as Collect | undefined;
  setFlagsFromString('--no-expose-gc');
  if (!isLarge) {
    collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    return;
  }
  // An object moves to the old space when it has survived two collections.
  collect?.({ type: 'minor', execution: 'sync', flavor: 'regular' });
  collect?.({ type: 'minor', execution: 'sync', flavor: 'regular' });
}
