import type { DropReason } from '../ports.ts';

/** Messages that did not reach a session's client. */
export class SessionDrops {
  count = 0;
  #reason: DropReason | null = null;
  #at = 0;

  /**
   * Counts one.
   *
   * @param now milliseconds
   * @returns whether it is news: the first at this time, or for another reason than the one before
   */
  note(reason: DropReason, now: number): boolean {
    this.count += 1;
    if (this.#at === now && this.#reason === reason) return false;
    this.#at = now;
    this.#reason = reason;
    return true;
  }
}
