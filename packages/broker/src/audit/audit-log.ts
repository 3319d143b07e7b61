import { type AuditEvent, type AuditFacts, type AuditGroup, auditGroups, isChosen, isFolded } from './audit-events.ts';
import { AuditFile } from './audit-file.ts';
import { shortened } from './printable.ts';
import { Repeats } from './repeats.ts';

export interface AuditLogOptions {
  readonly file: string;
  /** Kinds of events that are written; default all. */
  readonly events?: readonly AuditGroup[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Writing fails: for health. Said once until it works again. */
  readonly failing: (error: Error) => void;
  readonly recovered: () => void;
}

type Facts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface Folded {
  readonly event: AuditEvent;
  readonly facts: Facts;
}

/** Repetitions within so many milliseconds are one line. */
const FOLD_WITHIN = 10_000;
/** Different refusals that are told apart within that time. */
const FOLD_KEYS = 1000;
/** Characters of one text, and texts of one list. */
const LONGEST_TEXT = 512;
const LONGEST_LIST = 100;

/**
 * The audit log: who came in, who was refused and what was changed, as JSON lines in the order they happened. Nobody
 * waits for the disk; see {@link AuditFile} for what happens where it is slow or fails. What may come in floods (see
 * `auditEvents`) is written once, and its repetitions from the same host are folded into a line with their number.
 *
 * It is given no passwords. Texts that clients chose are shortened, and cannot forge lines, being JSON.
 */
export class AuditLog {
  readonly #file: AuditFile;
  readonly #now: () => number;
  readonly #groups: readonly AuditGroup[];
  readonly #repeats = new Repeats<Folded>({ window: FOLD_WITHIN, keys: FOLD_KEYS });

  private constructor(file: AuditFile, now: () => number, groups: readonly AuditGroup[]) {
    this.#file = file;
    this.#now = now;
    this.#groups = groups;
  }

  /** @throws {AuditFileError} where the file cannot be opened */
  static async open({ file, now, failing, recovered, events = auditGroups }: AuditLogOptions): Promise<AuditLog> {
    const dropped = (lines: number) => lineOf('dropped', { lines }, now());
    return new AuditLog(await AuditFile.open(file, { failing, recovered, dropped }), now, events);
  }

  /** Writes a line, or counts it where the same was written just before. */
  record<E extends AuditEvent>(event: E, facts: AuditFacts<E>): void {
    if (!isChosen(event, this.#groups)) return;
    const now = this.#now();
    const short = shortFacts(facts);
    if (isFolded(event)) {
      const key = foldKey(event, short);
      if (this.#repeats.repeated(key) || !this.#repeats.begin(key, { event, facts: short }, now)) return;
    }
    this.#file.append(lineOf(event, short, now));
  }

  /** Writes what was folded and is due. To be called about every second. */
  tick(): void {
    this.#repeats.tick(this.#now(), (folded, count) => this.#writeFolded(folded, count));
  }

  /**
   * Goes on in a new file of the same name, as after logrotate.
   *
   * @throws {AuditFileError} and goes on in the old one
   */
  reopen(): Promise<void> {
    return this.#file.reopen();
  }

  /** Writes what waits and closes the file. */
  close(): Promise<void> {
    this.#repeats.flush((folded, count) => this.#writeFolded(folded, count));
    return this.#file.close();
  }

  #writeFolded(folded: Folded | undefined, count: number): void {
    const { event, facts }: Folded = folded ?? { event: 'folded', facts: {} };
    this.#file.append(lineOf(event, { ...facts, count }, this.#now()));
  }
}

/** What has to be equal for two lines to be one: everything but the port of the peer. */
function foldKey(event: AuditEvent, facts: Facts): string {
  const address = typeof facts.address === 'string' ? facts.address.replace(/:\d+$/, '') : undefined;
  return JSON.stringify({ event, ...facts, address });
}

const lineOf = (event: AuditEvent, facts: Facts, now: number): string =>
  JSON.stringify({ time: new Date(now).toISOString(), event, ...facts });

function shortFacts(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => {
      if (typeof value === 'string') return [name, shortened(value, LONGEST_TEXT)];
      if (typeof value !== 'object') return [name, value];
      return [name, value.slice(0, LONGEST_LIST).map((text) => shortened(text, LONGEST_TEXT))];
    }),
  );
}
