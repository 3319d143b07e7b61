import type { Ledger } from '../routing/router.ts';
import type { Flushable, FlushSet } from './flush-set.ts';

/** What may be worked off for one connection before the others have their turn, as `Ledger` counts it: about a millisecond. */
const SHARE = 16_384;
/** The share of a connection that asked for too much just before, when it comes with more: several of them come at once. */
const SMALL_SHARE = 2048;

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
  /** Of that, what giving messages to their subscribers took. */
  #delivered = 0;
  #share = SHARE;
  #waiting: Worker[] = [];

  constructor(flushSet: FlushSet) {
    this.#flushSet = flushSet;
  }

  /** A connection begins to be worked for. @param greedy it asked for too much just before */
  begin(greedy = false): void {
    this.#done = 0;
    this.#delivered = 0;
    this.#share = greedy ? SMALL_SHARE : SHARE;
  }

  spend(work: number): void {
    this.#done += work;
  }

  deliver(count: number): void {
    this.#done += count;
    this.#delivered += count;
  }

  get usedUp(): boolean {
    return this.#done > this.#share;
  }

  /** The share went for what the connection asked for, and not because many listen to it. */
  get greedy(): boolean {
    return this.usedUp && this.#done - this.#delivered > this.#share / 2;
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
