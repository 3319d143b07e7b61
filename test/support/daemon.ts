import { connect } from 'node:net';
import { type Cleanup, type StartedProcess, startProcess } from './process.ts';
import { findTool } from './tools.ts';

/** A server that a test starts, stops, freezes and starts again on the same port. */
export class Daemon {
  readonly #t: Cleanup;
  readonly #port: number;
  readonly #command: readonly string[];
  #process: StartedProcess | undefined;

  /**
   * @param command the program, which stays in the foreground, and its arguments
   * @param port where it listens on 127.0.0.1
   */
  constructor(t: Cleanup, command: readonly string[], port: number) {
    this.#t = t;
    this.#command = command;
    this.#port = port;
  }

  /** Starts it and waits until it accepts connections. It is killed when the test ends, however the test ends. */
  async start(): Promise<void> {
    // The kernel ends it where the test's process is gone without having cleaned up.
    const started = startProcess(this.#t, findTool('setpriv'), ['--pdeathsig', 'KILL', ...this.#command]);
    this.#process = started;
    let ended = false;
    const exit = started.waitForExit(60_000).then(
      () => {
        ended = true;
      },
      () => {}, // It still runs after a minute, as it should.
    );
    while (!(await accepts(this.#port))) {
      if (ended) {
        await exit;
        throw new Error(`"${this.#command.join(' ')}" ended at once:\n${started.stdout}\n${started.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Freezes it: connections are made by the kernel, and nothing answers. */
  pause(): void {
    this.#running.kill('SIGSTOP');
  }

  resume(): void {
    this.#running.kill('SIGCONT');
  }

  /** Ends it at once and waits until it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#running;
    running.kill(signal);
    await running.waitForExit();
    this.#process = undefined;
  }

  /** Brings it back to answering, whatever a test did to it. */
  async restore(): Promise<void> {
    if (this.#process === undefined) await this.start();
    else this.resume();
  }

  get #running(): StartedProcess {
    if (this.#process === undefined) throw new Error(`"${this.#command[0]}" was not started`);
    return this.#process;
  }
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
