import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { type StartedProcess, startProcess } from './process.ts';
import { findTool } from './tools.ts';

export interface DaemonOptions {
  /** The program, which stays in the foreground, and its arguments. */
  readonly command: readonly string[];
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Ends it at once, and its children. Default SIGKILL. */
  readonly stopSignal?: NodeJS.Signals;
  /** The account it runs as; default: this process's. */
  readonly user?: string | undefined;
}

/** A server that a test starts, stops, freezes and starts again on the same port. */
export class Daemon {
  readonly #options: DaemonOptions;
  #process: StartedProcess | undefined;
  #frozen: number[] = [];
  #cleaning: (() => unknown)[] = [];

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  /** Starts it and waits until it accepts connections. */
  async start(): Promise<void> {
    const { command, port, user } = this.#options;
    const as = user === undefined ? [] : ['--reuid', user, '--regid', user, '--clear-groups'];
    // The kernel ends it where the test's process is gone without having cleaned up.
    const args = [...as, '--pdeathsig', 'KILL', ...command];
    const started = startProcess({ after: (clean) => this.#cleaning.push(clean) }, findTool('setpriv'), args);
    this.#process = started;
    let isOver = false;
    const end = started.waitForExit(30_000).finally(() => {
      isOver = true;
    });
    // It goes on running after that time, as it should.
    end.catch(() => {});
    while (!(await accepts(port))) {
      if (isOver) throw new Error(`"${command.join(' ')}" does not listen:\n${started.stdout}\n${started.stderr}`);
      await pause(20);
    }
  }

  /** Freezes it and its children: connections are made by the kernel, and nothing answers. */
  pause(): void {
    const { pid } = this.#running;
    process.kill(pid, 'SIGSTOP');
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    this.#frozen = [pid];
    for (const child of children) {
      this.#frozen.push(child);
      process.kill(child, 'SIGSTOP');
    }
  }

  resume(): void {
    for (const pid of this.#frozen.splice(0)) resumeProcess(pid);
  }

  /** Ends it at once and waits until it is gone. */
  async stop(): Promise<void> {
    const running = this.#running;
    running.kill(this.#options.stopSignal ?? 'SIGKILL');
    this.resume();
    await running.waitForExit();
    this.#process = undefined;
  }

  /** Brings it back to answering, whatever a test did to it. */
  async restore(): Promise<void> {
    if (this.#process === undefined) await this.start();
    else this.resume();
  }

  /** Ends what still runs; to be called when the test is over. */
  async end(): Promise<void> {
    try {
      if (this.#process !== undefined) await this.stop();
    } finally {
      for (const clean of this.#cleaning.splice(0)) await clean();
    }
  }

  get #running(): StartedProcess {
    if (this.#process === undefined) throw new Error(`"${this.#options.command[0]}" does not run`);
    return this.#process;
  }
}

function resumeProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    // A child that was just ending when it was frozen is gone, and needs no waking.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
