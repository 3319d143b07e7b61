import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { type Cleanup, type ExitStatus, type StartedProcess, startProcess } from '../support/process.ts';

/** The `cauldron` command of this clone. */
export const CAULDRON = join(repositoryRoot, 'packages', 'cli', 'bin', 'cauldron.js');
/** Milliseconds a broker may take to start on a busy machine, with a large store. */
const START_TIMEOUT = 30_000;

/** What a broker is started with, again and again. */
export interface BrokerSetup {
  /** Where its configuration lies; its working folder. */
  readonly folder: string;
  /** Where it keeps its data; null = in memory. */
  readonly data: string | null;
  /** Seconds after a start before the wills of clients are published that were there when the broker was killed. */
  readonly restartWillDelay: number;
  /** Further lines of the section `data`, in TOML. */
  readonly config?: string;
}

/** A broker process that can be killed at any moment. */
export class BrokerUnderTest {
  readonly #process: StartedProcess;

  constructor(cleanup: Cleanup, { folder, data, restartWillDelay, config = '' }: BrokerSetup) {
    // Nothing is dropped in a run: what is not delivered is lost.
    const limits = '[limits]\nmaxQueuedMessages = 1000000000\nmaxQueuedBytes = "1000 GiB"\n';
    const rest = `[sys]\ninterval = 0\n[data]\nrestartWillDelay = ${restartWillDelay}\n${config}`;
    writeFileSync(join(folder, 'crash.toml'), `${limits}${rest}`);
    const place = data === null ? ['--memory'] : ['--data', data];
    const args = [CAULDRON, 'broker', '-c', 'crash.toml', '-h', '127.0.0.1', '-p', '0', ...place];
    this.#process = startProcess(cleanup, process.execPath, args, { cwd: folder });
  }

  /** @returns the port it listens on. @throws Error with everything it printed, where it ends before or never does */
  async listening(): Promise<number> {
    const [, port] = await this.#process.waitForLine(/^Cauldron listens on .*?:(\d+)(?= |$)/, START_TIMEOUT);
    return Number(port);
  }

  /** Whether it was asked to stop: then it may end by itself. */
  asked = false;

  askToStop(): void {
    this.asked = true;
    this.#process.kill('SIGTERM');
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Asks it to stop. @throws Error where it does not, or not with 0 */
  async stop(): Promise<void> {
    this.askToStop();
    const { code, signal } = await this.ended();
    if (code !== 0) throw new Error(`the broker ended with ${code ?? signal} when it was stopped: ${this.printed}`);
  }

  ended(): Promise<ExitStatus> {
    return this.#process.waitForExit(START_TIMEOUT);
  }

  /** Everything it printed. */
  get printed(): string {
    return `${this.#process.stdout}${this.#process.stderr}`;
  }
}
