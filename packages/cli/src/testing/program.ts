import { PassThrough } from 'node:stream';
import type { Io } from '../command.ts';
import { run } from '../main.ts';

/** A run of the program. */
export interface Program {
  /** Fulfilled with the exit code. */
  readonly code: Promise<number>;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  /** What it has written so far. */
  out(): string;
  err(): string;
}

/** Runs the program in this process, with streams and signals of its own. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  stdout.on('data', (chunk: Buffer) => out.push(chunk));
  stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const handlers = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const io: Io = {
    stdin,
    stdout,
    stderr,
    env,
    onSignal(handler) {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
  };
  const code = run(args, io);
  const signal = (name: 'SIGINT' | 'SIGTERM') => {
    for (const handler of handlers) handler(name);
  };
  return {
    code,
    signal,
    stdin,
    stdout,
    out: () => Buffer.concat(out).toString(),
    err: () => Buffer.concat(err).toString(),
  };
}
