import type { ProcessReading, ProcessSource } from '../ports.ts';

/**
 * Milliseconds between two looks at the event loop. What stands still between two of them is seen the shorter by up to
 * that. Each look wakes an idle process: it costs some 0.1 % of a core with 100, and 0.3 % with 50.
 */
const GRAIN = 100;

/** This process, as the system and V8 have it. A reading takes some 15 microseconds. */
export class ProcessProbe implements ProcessSource {
  readonly #loop = new LoopDelay();

  read(): ProcessReading {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const { p99, max } = this.#loop.take();
    const cpu = (user + system) / 1000;
    return { residentMemory: rss, heapUsed, cpu, loopDelayP99: p99, loopDelayMax: max };
  }

  close(): void {
    this.#loop.stop();
  }
}

/**
 * How late the event loop gets to what is due, by a timer that looks how late it is itself. `monitorEventLoopDelay` of
 * Node does the same but forgets the interval in which it is reset, as it would be here every second: and with it
 * whatever kept the loop busy in the very turn that resets it.
 */
class LoopDelay {
  #before = performance.now();
  #delays: number[] = [];
  readonly #timer = setInterval(() => this.#look(), GRAIN).unref();

  #look(): void {
    const now = performance.now();
    this.#delays.push(Math.max(0, now - this.#before - GRAIN));
    this.#before = now;
  }

  /** Milliseconds, of all looks since the last call. */
  take(): { readonly p99: number; readonly max: number } {
    const sorted = this.#delays.sort((a, b) => a - b);
    this.#delays = [];
    const at = (part: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
    return { p99: at(0.99), max: at(1) };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
