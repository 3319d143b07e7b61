import { spawn } from 'node:child_process';

/** How a finished command ended; `output` holds stdout and stderr in the order they came. */
export interface RunResult {
  readonly code: number;
  readonly output: string;
  readonly milliseconds: number;
}

/**
 * Runs a command to its end and collects what it prints.
 *
 * @throws when the command cannot be started at all (for example, it is not installed).
 */
export function run(command: string, args: readonly string[], cwd: string): Promise<RunResult> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code: code ?? 1, output, milliseconds: performance.now() - started });
    });
  });
}

/** Runs a command that prints straight to this terminal; resolves with its exit code. */
export function runInherited(command: string, args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
