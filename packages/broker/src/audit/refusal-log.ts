import { printable } from './printable.ts';
import { Repeats } from './repeats.ts';

/** Something that was refused. */
export interface RefusalNote {
  /** What was refused: `login`, `publish`, ... */
  readonly kind: string;
  /** Whose it was: the host of the peer, or its client identifier; the same party is spoken of once a minute. */
  readonly party: string;
  /** Why, without what differs from one to the next: a reason code, or a word. */
  readonly why: string | number;
  readonly level: 'info' | 'warn';
  /** The whole line; it is shortened, and control characters in it are escaped. */
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** The log the lines go to. */
export interface RefusalSink {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const WINDOW = 60_000;
const KEYS = 1000;
/** Lines a second, over all; more are counted. */
const LINES_PER_SECOND = 20;
const LONGEST_LINE = 600;

/**
 * Says once why something was refused, however often it is: repetitions within a minute are counted and summed up in one
 * line, and a flood of different ones takes no more than 20 lines a second. Driven by `tick`.
 *
 * @example
 * const lines = [];
 * const log = new RefusalLog({ info() {}, warn: (message) => lines.push(message) });
 * const refusal = { kind: 'login', party: '192.0.2.1', why: 0x86, level: 'warn', message: 'refused 192.0.2.1: wrong password' };
 * for (let at = 0; at < 1235; at += 1) log.note(refusal, at);
 * log.tick(60_000);
 * lines[0] // 'refused 192.0.2.1: wrong password'
 * lines[1] // 'refused 192.0.2.1: wrong password (and 1,234 more like it in the last 60 s)'
 */
export class RefusalLog {
  readonly #sink: RefusalSink;
  readonly #repeats = new Repeats<RefusalNote>({ window: WINDOW, keys: KEYS });
  #second = 0;
  #lines = 0;

  constructor(sink: RefusalSink) {
    this.#sink = sink;
  }

  /** @param now milliseconds, never going back */
  note(refusal: RefusalNote, now: number): void {
    const { kind, party, why } = refusal;
    const key = JSON.stringify([kind, party.slice(0, 256), why]);
    if (this.#repeats.repeated(key)) return;
    if (!this.#mayWrite(now)) {
      this.#repeats.skip(now);
      return;
    }
    const shown = safe(refusal);
    if (!this.#repeats.begin(key, shown, now)) return;
    this.#lines += 1;
    this.#write(shown, '');
  }

  /** Sums up what was counted. */
  tick(now: number): void {
    this.#repeats.tick(now, (refusal, count, since) => this.#sumUp(refusal, count, now - since));
  }

  /** Sums up everything: the broker stops. */
  close(now: number): void {
    this.#repeats.flush((refusal, count, since) => this.#sumUp(refusal, count, now - since));
  }

  #mayWrite(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#lines = 0;
    this.#second = second;
    return this.#lines < LINES_PER_SECOND;
  }

  #sumUp(refusal: RefusalNote | undefined, count: number, milliseconds: number): void {
    const more = count.toLocaleString('en');
    const seconds = Math.max(1, Math.round(milliseconds / 1000));
    if (refusal !== undefined) this.#write(refusal, ` (and ${more} more like it in the last ${seconds} s)`);
    else this.#sink.warn(`${more} more refusals in the last ${seconds} s, too many to name each`);
  }

  #write({ level, message, fields }: RefusalNote, addition: string): void {
    this.#sink[level](`${message}${addition}`, fields);
  }
}

/** Short enough to be kept, and fit to be shown. */
function safe(refusal: RefusalNote): RefusalNote {
  const entries = Object.entries(refusal.fields ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' ? printable(value) : value,
  ]);
  return { ...refusal, message: printable(refusal.message, LONGEST_LINE), fields: Object.fromEntries(entries) };
}
