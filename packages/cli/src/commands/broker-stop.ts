import type { Io } from '../command.ts';
import { exitCode } from '../exit-codes.ts';

/** Seconds a broker may take to stop. */
const STOP_LIMIT = 15;

/** What stopping does to the world beside its Io. */
export interface StopDeps {
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Seconds a broker may take to stop; default 15. */
  readonly stopLimit?: number;
}

/**
 * Closes a broker, or leaves where that takes too long.
 *
 * @param command that says so
 * @returns the exit code
 */
export async function closeInTime(
  command: string,
  running: { close(): Promise<void> },
  io: Io,
  deps: StopDeps,
): Promise<number> {
  const seconds = deps.stopLimit ?? STOP_LIMIT;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, 'late');
  });
  const outcome = await Promise.race([running.close(), late]);
  clearTimeout(timer);
  if (outcome !== 'late') return exitCode.ok;
  io.stderr.write(`${command}: not everything was closed within ${seconds} s; leaving anyway\n`);
  deps.exit(exitCode.failure);
  return exitCode.failure;
}

/** The first signal asks the broker to stop, the second ends the process at once. */
export class StopSignals {
  readonly first: Promise<string>;
  readonly dispose: () => void;

  constructor(io: Io, exit: (code: number) => void) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.first = promise;
    let isStopping = false;
    this.dispose = io.onSignal((signal) => {
      if (isStopping) exit(signal === 'SIGINT' ? exitCode.interrupted! : exitCode.terminated!);
      isStopping = true;
      resolve(signal);
    });
  }
}
