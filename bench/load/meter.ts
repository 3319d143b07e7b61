import { cpuSeconds, difference } from './proc.ts';

/** A stretch of measured time: wall clock, the broker's CPU and our own. */
export interface Stretch {
  readonly seconds: number;
  readonly brokerCpu: number | null;
  readonly loadCpu: number;
}

/** Starts measuring now; the returned function ends it and tells what passed. */
export function startMeter(brokerPid: number | null): () => Stretch {
  const started = performance.now();
  const own = process.cpuUsage();
  const broker = cpuSeconds(brokerPid);
  return () => {
    const spent = process.cpuUsage(own);
    return {
      seconds: (performance.now() - started) / 1000,
      brokerCpu: difference(cpuSeconds(brokerPid), broker),
      loadCpu: (spent.user + spent.system) / 1e6,
    };
  };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs `step` every turn of the event loop for `seconds`. */
export function runFor(seconds: number, step: () => void): Promise<void> {
  const end = performance.now() + seconds * 1000;
  return new Promise((resolve, reject) => {
    const next = (): void => {
      try {
        if (performance.now() >= end) {
          resolve();
          return;
        }
        step();
        setImmediate(next);
      } catch (error) {
        reject(error);
      }
    };
    next();
  });
}

/** Waits until `counter` has not moved for `quietMs`, at most `limitMs`; false when it was still moving. */
export async function settle(counter: () => number, quietMs: number, limitMs: number): Promise<boolean> {
  const limit = performance.now() + limitMs;
  let seen = counter();
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    if (performance.now() > limit) return false;
    await sleep(20);
    const now = counter();
    if (now !== seen) since = performance.now();
    seen = now;
  }
  return true;
}
