/** What was asked of a device, and what it says. Pure: who uses it says what time it is. */
export interface CommandState<T> {
  /** What the device (or, without feedback, the command topic) said last; null = nothing yet. */
  readonly reported: T | null;
  /** What was asked for and is not yet confirmed. */
  readonly wanted: T | null;
  /** Milliseconds: when {@link CommandState.wanted} was asked for. */
  readonly since: number;
  /** The last command was not answered in time, or could not be sent; null = nothing is wrong. */
  readonly problem: string | null;
}

/** Milliseconds a device has to answer. */
export const ANSWER_WITHIN = 4000;

export const nothingCommanded: CommandState<never> = { reported: null, wanted: null, since: 0, problem: null };

type Same<T> = (a: T, b: T) => boolean;

/** Somebody asks the device for something. */
export const asked = <T>(state: CommandState<T>, wanted: T, now: number): CommandState<T> => ({
  ...state,
  wanted,
  since: now,
  problem: null,
});

/** The device said how it stands. */
export function reported<T>(state: CommandState<T>, value: T, same: Same<T> = Object.is): CommandState<T> {
  const confirmed = state.wanted !== null && same(state.wanted, value);
  return {
    ...state,
    reported: value,
    wanted: confirmed ? null : state.wanted,
    // What it says now is news, whatever it did not answer before.
    problem: state.wanted === null || confirmed ? null : state.problem,
  };
}

/** The command could not be sent. */
export const refused = <T>(state: CommandState<T>, problem: string): CommandState<T> => ({
  ...state,
  wanted: null,
  problem,
});

/** Time passed: who does not answer has not done it. */
export function waited<T>(state: CommandState<T>, now: number): CommandState<T> {
  if (state.wanted === null || now - state.since < ANSWER_WITHIN) return state;
  return { ...state, wanted: null, problem: 'no answer from the device' };
}

/** What a control shows: what was asked for, otherwise what the device says. */
export const shownOf = <T>(state: CommandState<T>): T | null => state.wanted ?? state.reported;

/**
 * Lets values through at most once an interval, the first at once and the last one always.
 *
 * @example
 * const throttle = new Throttle(200, send, setTimeout, clearTimeout)
 */
export class Throttle<T> {
  readonly #interval: number;
  readonly #pass: (value: T) => void;
  readonly #start: (then: () => void, milliseconds: number) => number;
  #waiting: { value: T } | null = null;
  #running = false;

  /** @param interval milliseconds; @param start calls back once after that long */
  constructor(interval: number, pass: (value: T) => void, start: (then: () => void, milliseconds: number) => number) {
    this.#interval = interval;
    this.#pass = pass;
    this.#start = start;
  }

  push(value: T): void {
    if (this.#running) {
      this.#waiting = { value };
      return;
    }
    this.#pass(value);
    this.#wait();
  }

  #wait(): void {
    this.#running = true;
    this.#start(() => {
      this.#running = false;
      const next = this.#waiting;
      this.#waiting = null;
      if (next !== null) this.push(next.value);
    }, this.#interval);
  }
}

/** A value as a step of a slider allows it, in digits that no computing has spoilt: `0.30000000000000004` is `0.3`. */
export function stepped(value: number, min: number, max: number, step: number): number {
  const rounded = min + Math.round((value - min) / step) * step;
  return Number(Math.min(max, Math.max(min, rounded)).toFixed(10));
}

/** Sends one thing at a time, and of what comes meanwhile only the newest: nothing overtakes, and the last one counts. */
export class Latest<T> {
  readonly #send: (value: T) => Promise<void>;
  #next: { value: T } | null = null;
  #busy = false;

  /** @param send must not reject */
  constructor(send: (value: T) => Promise<void>) {
    this.#send = send;
  }

  push(value: T): void {
    this.#next = { value };
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#next !== null) {
      const { value } = this.#next;
      this.#next = null;
      await this.#send(value);
    }
    this.#busy = false;
  }
}
