/** Something that is due at a time. It sits in at most one wheel, linked into its slot. */
export interface TimerEntry {
  /** Milliseconds on the core's clock. Set by the wheel. */
  dueAt: number;
  previous: TimerEntry | null;
  next: TimerEntry | null;
  /** Slot it sits in, -1 = not scheduled, -2 = about to be called. */
  slot: number;
  /** Called once when due; it may schedule itself again. */
  expire(now: number): void;
}

/** Marks an entry that was taken out of its slot to be called and was not yet. */
const DUE = -2;

/** The fields a new entry starts with. */
export class Timer implements TimerEntry {
  dueAt = 0;
  previous: TimerEntry | null = null;
  next: TimerEntry | null = null;
  slot = -1;
  readonly #expire: (now: number) => void;

  constructor(expire: (now: number) => void) {
    this.#expire = expire;
  }

  expire(now: number): void {
    this.#expire(now);
  }
}

/**
 * A hashed timing wheel: scheduling and cancelling cost the same however many entries there are, and nobody owns a timer
 * of the runtime. An entry due beyond one turn of the wheel stays in its slot until its turn has come.
 *
 *     slots: [0] [1] [2] ... [n-1]      slot = floor(dueAt / slotMs) mod n
 *                 ^ advanced to `now` by `advance`, which calls what is due
 */
export class TimerWheel {
  readonly #slots: (TimerEntry | null)[];
  readonly #slotMs: number;
  /** Number of the slot (not taken modulo) that was last advanced to. */
  #position: number;
  #size = 0;
  readonly #due: TimerEntry[] = [];

  /**
   * @param now milliseconds; the wheel starts here
   * @param slotMs milliseconds a slot spans: how late an entry may fire
   */
  constructor(now: number, slotMs = 250, slots = 1024) {
    this.#slotMs = slotMs;
    this.#slots = new Array<TimerEntry | null>(slots).fill(null);
    this.#position = Math.floor(now / slotMs);
  }

  get size(): number {
    return this.#size;
  }

  /** Schedules an entry at `dueAt` (milliseconds), or moves it there. It never fires early. */
  schedule(entry: TimerEntry, dueAt: number): void {
    this.cancel(entry);
    entry.dueAt = dueAt;
    // The first slot whose end is not before dueAt, and never the one already passed.
    const number = Math.max(Math.ceil(dueAt / this.#slotMs), this.#position + 1);
    const slot = number % this.#slots.length;
    const head = this.#slots[slot]!;
    entry.slot = slot;
    entry.next = head;
    entry.previous = null;
    if (head !== null) head.previous = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
  }

  /** Takes an entry out; nothing happens where it is not scheduled. */
  cancel(entry: TimerEntry): void {
    if (entry.slot < 0) {
      entry.slot = -1;
      return;
    }
    if (entry.previous === null) this.#slots[entry.slot] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
    entry.slot = -1;
    entry.previous = entry.next = null;
    this.#size -= 1;
  }

  /** Moves the wheel to `now` and calls every entry that became due. */
  advance(now: number): void {
    const target = Math.floor(now / this.#slotMs);
    // After a long pause one full turn visits every slot.
    const first = Math.max(this.#position + 1, target - this.#slots.length + 1);
    for (let number = first; number <= target; number++) {
      this.#position = number;
      this.#fire(number % this.#slots.length, now);
    }
    if (target > this.#position) this.#position = target;
  }

  #fire(slot: number, now: number): void {
    // What is due is taken out first, since `expire` may schedule into this very slot.
    const due = this.#due;
    let entry = this.#slots[slot]!;
    while (entry !== null) {
      const next: TimerEntry | null = entry.next;
      if (entry.dueAt <= now) {
        this.cancel(entry);
        entry.slot = DUE;
        due.push(entry);
      }
      entry = next!;
    }
    for (let i = 0; i < due.length; i++) {
      const next = due[i]!;
      // An earlier `expire` may have cancelled or moved it.
      if (next.slot !== DUE) continue;
      next.slot = -1;
      next.expire(now);
    }
    due.length = 0;
  }
}
