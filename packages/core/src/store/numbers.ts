/** The numbers given out so far: one sequence for messages and places in queues, another for sessions. */
export class Numbers {
  last = 0;
  lastSession = 0;
  /** The last number that an earlier run gave out. */
  inherited = 0;

  /** The next number for a message or a place in a queue. */
  next(): number {
    this.last += 1;
    return this.last;
  }

  nextSession(): number {
    this.lastSession += 1;
    return this.lastSession;
  }

  /** Goes on behind the numbers of an earlier run. */
  continueFrom(last: number, lastSession: number): void {
    this.last = Math.max(this.last, last);
    this.inherited = this.last;
    this.lastSession = Math.max(this.lastSession, lastSession);
  }
}
