import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProbeReading } from './probe.ts';

export interface BystanderSpec {
  readonly host: string;
  readonly port: number;
  /** Milliseconds between two messages. */
  readonly tickMs: number;
}

export interface BystanderReport {
  readonly reading: ProbeReading;
  readonly errors: readonly string[];
}

/** A QoS 0 pair in a process of its own, as the generator sees it. */
export class BystanderProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open({ host, port, tickMs }: BystanderSpec): Promise<BystanderProcess> {
    const script = fileURLToPath(new URL('./bystander.ts', import.meta.url));
    const bystander = new BystanderProcess(fork(script, [JSON.stringify({ host, port, tickMs })]));
    await bystander.#report();
    return bystander;
  }

  /** What it saw since the last call. Throws where it was disturbed more than by waiting. */
  async read(): Promise<ProbeReading> {
    const report = this.#report();
    this.#child.send('read');
    const { reading, errors } = await report;
    if (errors.length > 0) throw new Error(`the bystander: ${errors.join('; ')}`);
    return reading;
  }

  close(): void {
    this.#child.disconnect();
  }

  async #report(): Promise<BystanderReport> {
    const watch = new AbortController();
    const gone = once(this.#child, 'exit', watch).then(() => {
      throw new Error("the bystander's process has ended");
    });
    try {
      const [report] = await Promise.race([once(this.#child, 'message', watch), gone]);
      return report as BystanderReport;
    } finally {
      watch.abort();
    }
  }
}
