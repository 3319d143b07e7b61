import { sleep } from './meter.ts';
import type { Failures } from './peer.ts';

const STALL_MS = 20_000;
const POLL_MS = 5;

/**
 * Waits until `counter` has reached `goal`. False when it has not moved for `stallMs`; throws when the load broke down.
 */
export async function reached(
  counter: () => number,
  goal: number,
  failures: Failures,
  stallMs: number = STALL_MS,
): Promise<boolean> {
  let seen = counter();
  let since = performance.now();
  while (seen < goal) {
    throwOn(failures);
    if (performance.now() - since > stallMs) return false;
    await sleep(POLL_MS);
    const now = counter();
    if (now !== seen) since = performance.now();
    seen = now;
  }
  return true;
}

/** Lets the load run by itself for `seconds`; throws as soon as it broke down. */
export async function runBy(seconds: number, failures: Failures): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  for (let left = seconds; left > 0; left = (end - performance.now()) / 1000) {
    await sleep(Math.min(100, 1000 * left));
    throwOn(failures);
  }
}

function throwOn(failures: Failures): void {
  if (failures.total > 0) throw new Error(`the load broke down: ${failures.list().join('; ')}`);
}
