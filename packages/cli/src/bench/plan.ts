/** What a load consists of, before anything is connected. */
export interface Shape {
  readonly publishers: number;
  readonly subscribers: number;
  readonly topics: number;
}

/**
 * The topics of the `i`th of `members` clients: with as many topics as clients each has its own; with more topics each
 * has several; with fewer, several clients share one.
 */
export function topicsOf(i: number, members: number, topics: number): number[] {
  if (topics < members) return [i % topics];
  return Array.from({ length: Math.ceil((topics - i) / members) }, (_, n) => i + n * members);
}

/** How many subscribers get a message on each topic. */
export function audiences({ subscribers, topics }: Shape): number[] {
  const found = new Array<number>(topics).fill(0);
  for (let i = 0; i < subscribers; i++) for (const topic of topicsOf(i, subscribers, topics)) found[topic]! += 1;
  return found;
}

/** Milliseconds by which a message may be late because timers are no finer than that. */
const TIMER = 2;

/** When one publisher's messages are due, at an even rate. */
export class Pace {
  readonly #interval: number;
  #due: number;

  /**
   * @param start milliseconds on the clock
   * @param interval milliseconds between two messages
   */
  constructor(start: number, interval: number) {
    this.#due = start;
    this.#interval = interval;
  }

  /** Milliseconds until the next message is due; 0 = now. */
  wait(now: number): number {
    return Math.max(0, this.#due - now);
  }

  /**
   * Takes the message that is due. A late one counts from when it was due, so that a broker that holds up the publisher
   * does not look faster for it.
   *
   * @returns the time from which its latency counts
   */
  take(now: number): number {
    const due = this.#due;
    this.#due += this.#interval;
    return now - due < TIMER ? now : due;
  }
}

/** Bytes that a payload has at least. */
export const SMALLEST = 8;

/** Writes into a payload when it was sent. */
export function stamp(payload: Uint8Array, at: number): void {
  new DataView(payload.buffer, payload.byteOffset).setFloat64(0, at);
}

/** When a payload was sent; undefined where it is none of ours. */
export function stampOf(payload: Uint8Array): number | undefined {
  return payload.length < SMALLEST ? undefined : new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
}
