import { ApiProblem } from '../problem.ts';

/** Of so many milliseconds, one goes to requests that take long to answer. */
const SHARE = 4;
/** Milliseconds of work that may be saved up: a page that is opened asks for several things at once. */
const SAVED = 100;
/** What one request is charged at most: one may have waited for what others had begun. */
const DEAREST = 200;
/** Requests of one address that wait for their turn. */
const MOST_WAITING = 32;

interface Waiting {
  begin(): void;
  giveUp(): void;
  readonly isGone: () => boolean;
}

/**
 * Has requests that take milliseconds of the processor answered one at a time, and so that clients of the broker have most of
 * the time whatever is asked: each is followed by a pause, unless little was asked for lately. Addresses take turns.
 */
export class WorkQueue {
  readonly #now: () => number;
  readonly #later: (work: () => void, delay: number) => void;
  /** By address, those whose turn is next first. */
  readonly #waiting = new Map<string, Waiting[]>();
  /** Milliseconds of work that may be done now; below zero: that were too many. */
  #left = SAVED;
  #refilledAt: number;
  #isTaken = false;
  #isAsleep = false;

  /**
   * @param now milliseconds, never going back
   * @param later does something in a later turn of the loop, after so many milliseconds
   */
  constructor(now = () => performance.now(), later = inAnotherTurn) {
    this.#now = now;
    this.#later = later;
    this.#refilledAt = now();
  }

  /**
   * Fulfilled when it is the turn of a request from `host`, with what is to be called once it is answered.
   *
   * @param isGone whether nobody waits for the answer any more
   * @throws {ApiProblem} BUSY: too many wait already
   */
  async enter(host: string, isGone: () => boolean): Promise<() => void> {
    const own = this.#waiting.get(host) ?? [];
    if (own.length >= MOST_WAITING) throw BUSY;
    if (this.#isTaken || this.#isAsleep || !this.#mayWork()) {
      this.#waiting.set(host, own);
      await new Promise<void>((begin, reject) => {
        own.push({ begin, giveUp: () => reject(BUSY), isGone });
        if (!this.#isTaken) this.#sleep();
      });
    }
    return this.#begin();
  }

  #begin(): () => void {
    this.#isTaken = true;
    const begun = this.#now();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#isTaken = false;
      this.#left -= Math.min(DEAREST, this.#now() - begun);
      if (this.#waiting.size > 0) this.#sleep();
    };
  }

  #mayWork(): boolean {
    const now = this.#now();
    this.#left = Math.min(SAVED, this.#left + (now - this.#refilledAt) / SHARE);
    this.#refilledAt = now;
    return this.#left > 0;
  }

  /** Until the next may begin, and at least until clients had a turn. */
  #sleep(): void {
    if (this.#isAsleep) return;
    this.#isAsleep = true;
    const delay = this.#mayWork() ? 0 : Math.ceil(-this.#left * SHARE) + 1;
    this.#later(() => {
      this.#isAsleep = false;
      if (!this.#mayWork()) this.#sleep();
      else this.#wake();
    }, delay);
  }

  /** Addresses take turns; who is gone has none. */
  #wake(): void {
    for (const [host, own] of this.#waiting) {
      const next = own.shift()!;
      this.#waiting.delete(host);
      if (own.length > 0) this.#waiting.set(host, own);
      if (next.isGone()) {
        next.giveUp();
        continue;
      }
      this.#isTaken = true;
      next.begin();
      return;
    }
  }
}

const BUSY = new ApiProblem(
  503,
  'BUSY',
  `${MOST_WAITING} requests of your address wait already, because they take long to answer. Wait for answers before asking on.`,
);

function inAnotherTurn(work: () => void, delay: number): void {
  if (delay === 0) setImmediate(work);
  else setTimeout(work, delay).unref();
}
