import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';

/** How long a wait may take before the test fails, in milliseconds. */
const DEFAULT_TIMEOUT = 10_000;

/** Settings of {@link startProcess}. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. Without it, standard input stays open for `write`. */
  readonly input?: string;
}

/** How a process ended. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program under test, with everything it has printed so far. */
export interface StartedProcess {
  readonly pid: number;
  /** Everything printed to standard output so far. */
  readonly stdout: string;
  /** Everything printed to standard error so far. */
  readonly stderr: string;
  /**
   * The first line, of either stream, that matches; also one printed before the call.
   *
   * @throws Error with all output when the process ends, or `timeout` milliseconds pass, without such a line.
   */
  waitForLine(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  /** Waits for the end. @throws Error with all output after `timeout` milliseconds. */
  waitForExit(timeout?: number): Promise<ExitStatus>;
  write(text: string): void;
  kill(signal?: NodeJS.Signals): void;
}

/** Where is said what has to be done at the end: a test, or a program that does it itself. */
export interface Cleanup {
  after(clean: () => unknown): void;
}

/** Starts a program; it is killed when the test ends, if it still runs. */
export function startProcess(
  t: Cleanup,
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): StartedProcess {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A program may end before it has read its input; the write then fails with EPIPE, and its exit status tells why.
  child.stdin.on('error', () => {});
  if (options.input !== undefined) child.stdin.end(options.input);
  const started = new Started(child, [command, ...args].join(' '));
  t.after(() => started.end());
  return started;
}

class Started implements StartedProcess {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly #closed: Promise<ExitStatus>;
  #status: ExitStatus | null = null;
  #failure: Error | null = null;
  readonly #watchers = new Set<() => void>();

  constructor(child: ChildProcess, title: string) {
    this.#child = child;
    this.#title = title;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#collect('stdout', text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => this.#collect('stderr', text));
    child.on('error', (error) => {
      this.#failure = error;
      this.#wake();
    });
    this.#closed = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#status = { code, signal };
        this.#wake();
        resolve(this.#status);
      });
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw this.#error('was not started', this.#failure);
    return this.#child.pid;
  }

  async waitForLine(pattern: RegExp, timeout = DEFAULT_TIMEOUT): Promise<RegExpExecArray> {
    return this.#until(timeout, `no line matched ${pattern}`, () => {
      for (const line of `${this.stdout}\n${this.stderr}`.split('\n')) {
        const match = new RegExp(pattern.source, pattern.flags.replace('g', '')).exec(line);
        if (match !== null) return match;
      }
      if (this.#status !== null) throw this.#error(`ended before a line matched ${pattern}`);
      return null;
    });
  }

  async waitForExit(timeout = DEFAULT_TIMEOUT): Promise<ExitStatus> {
    return this.#until(timeout, 'did not end', () => this.#status);
  }

  write(text: string): void {
    this.#child.stdin!.write(text);
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  /** Kills what still runs and waits until it is gone. */
  async end(): Promise<void> {
    if (this.#status !== null || this.#child.pid === undefined) return;
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #collect(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until<T>(timeout: number, complaint: string, look: () => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        act();
      };
      const check = (): void => {
        try {
          if (this.#failure !== null) throw this.#error('could not be started', this.#failure);
          const found = look();
          if (found !== null) settle(() => resolve(found));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const timer = setTimeout(() => settle(() => reject(this.#error(`${complaint} within ${timeout} ms`))), timeout);
      this.#watchers.add(check);
      check();
    });
  }

  #error(what: string, cause: Error | null = null): Error {
    const ended = this.#status === null ? '' : ` (exit code ${this.#status.code}, signal ${this.#status.signal})`;
    const text = `"${this.#title}" ${what}${ended}\nstdout:\n${this.stdout}\nstderr:\n${this.stderr}`;
    return cause === null ? new Error(text) : new Error(text, { cause });
  }
}
