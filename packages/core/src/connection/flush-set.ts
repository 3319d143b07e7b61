import type { Scheduler } from '../ports.ts';

/** Something with output to hand over at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/**
 * The connections that were written to in this turn of the event loop. Nobody else writes to a link: each connection is
 * flushed once, with everything the turn produced, acknowledgements included.
 */
export class FlushSet {
  #touched: Flushable[] = [];
  #spare: Flushable[] = [];
  #requested = false;
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Notes a connection; the caller makes sure it is noted once. */
  add(connection: Flushable): void {
    this.#touched.push(connection);
    if (this.#requested) return;
    this.#requested = true;
    this.#scheduler.requestFlush();
  }

  /** Flushes everything noted. What is noted meanwhile waits for the next flush. */
  flush(): void {
    this.#requested = false;
    const touched = this.#touched;
    this.#touched = this.#spare;
    this.#spare = touched;
    for (let i = 0; i < touched.length; i++) touched[i]!.flush();
    touched.length = 0;
  }
}
