import type { Ledger } from '../routing/router.ts';
import type { Flushable, FlushSet } from './flush-set.ts';

/** What may be worked off for one connection before the others have their turn, as `Ledger` counts it: about a millisecond. */
const SHARE = 16_384;

/** What packets cost by themselves, beside what they have the router do. A unit is some 70 ns. */
export const Work = {
  publish: 1,
  /** One that is answered. */
  acknowledgedPublish: 4,
  /** A topic that was not published to lately. */
  newTopic: 32,
  /** Any other packet that is no acknowledgement. */
  packet: 8,
} as const;

/** A connection that was stopped amid its packets. */
export interface Worker {
  /** Goes on; may stop again. */
  workOn(): void;
}

/**
 * Keeps turns of the event loop short, whatever clients send. A read holds thousands of packets, and a packet may cost a
 * thousand times its neighbour: topics that thousands of filters match, SUBSCRIBEs with as many filters. A connection
 * that used up its share stops, unread bytes and all, and goes on in a later turn; those that wait share one turn's work
 * among them, in the order they stopped.
 */
export class TurnShare implements Flushable, Ledger {
  readonly #flushSet: FlushSet;
  #done = 0;
  #waiting: Worker[] = [];

  constructor(flushSet: FlushSet) {
    this.#flushSet = flushSet;
  }

  /** A connection begins to be worked for. */
  begin(): void {
    this.#done = 0;
  }

  spend(work: number): void {
    this.#done += work;
  }

  get usedUp(): boolean {
    return this.#done > SHARE;
  }

  /** {@link Worker.workOn} is called in a later turn. */
  later(worker: Worker): void {
    if (this.#waiting.length === 0) this.#flushSet.add(this);
    this.#waiting.push(worker);
  }

  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let next = 0;
    let spent = 0;
    while (next < waiting.length && spent <= SHARE) {
      waiting[next]!.workOn();
      next += 1;
      spent += this.#done;
    }
    if (next === waiting.length) return;
    if (this.#waiting.length === 0) this.#flushSet.add(this);
    this.#waiting = [...waiting.slice(next), ...this.#waiting];
  }
}
