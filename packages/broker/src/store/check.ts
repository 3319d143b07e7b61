import type { DatabaseSync } from 'node:sqlite';
import type { EntryRecord } from '@cauldron/core';
import { readChunk, readTail } from './queue-codec.ts';
import { RowQuery } from './rows.ts';

/**
 * What is wrong: `file` (SQLite's own structures), `queue` (entries that cannot be read, out of order, or not what their
 * chunk says), `orphan` (something that belongs to nothing), `missing` (a message that is referred to and not there),
 * `references` (a count that is not what refers to the message), `sequence` (a number in use above the highest given).
 */
export type FindingKind = 'file' | 'queue' | 'orphan' | 'missing' | 'references' | 'sequence';

export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
}

export interface CheckOptions {
  /** Findings after which it stops. Default 100. */
  readonly most?: number;
  /** False: only SQLite's quick check, which does not compare indexes. Default true. */
  readonly thorough?: boolean;
  /**
   * The messages a delivery state holds references to. Without it a message may have more references than are seen,
   * since those in flight are not.
   */
  readonly inFlight?: (state: Uint8Array) => Iterable<number>;
}

/**
 * Checks a store through and through: SQLite's structures, then what Cauldron relies on. It only reads.
 *
 * @returns what is wrong; empty = the store is sound
 */
export function checkDatabase(db: DatabaseSync, options: CheckOptions = {}): Finding[] {
  const check = new Check(db, options);
  try {
    check.run();
  } catch (error) {
    if (!(error instanceof EnoughFound)) check.unreadable(error);
  }
  return check.findings;
}

class EnoughFound extends Error {}

class Check {
  readonly findings: Finding[] = [];
  readonly #db: DatabaseSync;
  readonly #options: CheckOptions;
  readonly #most: number;
  /** References seen, by message. */
  readonly #references = new Map<number, number>();
  readonly #heads = new Map<number, number>();
  readonly #newest = new Map<number, number>();
  #highest = 0;

  constructor(db: DatabaseSync, options: CheckOptions) {
    this.#db = db;
    this.#options = options;
    this.#most = options.most ?? 100;
  }

  run(): void {
    this.#file();
    this.#sessions();
    this.#deliveries();
    this.#chunks();
    this.#tail();
    this.#retained();
    this.#messages();
    this.#sequence();
  }

  /** SQLite or a decoder gave up. */
  unreadable(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.findings.push({ kind: 'file', message: `the check could not go on: ${text}` });
  }

  #found(kind: FindingKind, message: string): void {
    this.findings.push({ kind, message });
    if (this.findings.length >= this.#most) throw new EnoughFound();
  }

  #file(): void {
    const pragma = this.#options.thorough === false ? 'quick_check' : 'integrity_check';
    for (const [text] of new RowQuery<[string]>(this.#db, `PRAGMA ${pragma}(${this.#most})`).all()) {
      if (text !== 'ok') this.#found('file', text);
    }
  }

  #sessions(): void {
    for (const [number] of new RowQuery<[number]>(this.#db, 'SELECT number FROM session').iterate()) {
      this.#heads.set(number, 0);
    }
    const orphans = `SELECT session, filter FROM subscription WHERE session NOT IN (SELECT number FROM session)`;
    for (const [session, filter] of new RowQuery<[number, string]>(this.#db, orphans).iterate()) {
      this.#found(
        'orphan',
        `the subscription to ${JSON.stringify(filter)} is of session ${session}, which is not there`,
      );
    }
  }

  #deliveries(): void {
    const rows = new RowQuery<[number, number, Uint8Array]>(this.#db, 'SELECT session, head, state FROM delivery');
    for (const [session, head, state] of rows.iterate()) {
      if (this.#heads.has(session)) this.#heads.set(session, head);
      else this.#found('orphan', `the delivery state of session ${session}, which is not there`);
      this.#seen(head);
      this.#inFlight(session, state);
    }
    for (const [session, head] of new RowQuery<[number, number]>(
      this.#db,
      'SELECT session, head FROM purge',
    ).iterate()) {
      if (this.#heads.has(session)) this.#found('orphan', `session ${session} is there and marked as ended`);
      else this.#heads.set(session, head);
    }
  }

  #inFlight(session: number, state: Uint8Array): void {
    try {
      for (const id of this.#options.inFlight?.(state) ?? []) this.#refer(id);
    } catch (error) {
      this.#found('queue', `the delivery state of session ${session} cannot be read: ${(error as Error).message}`);
    }
  }

  #chunks(): void {
    const rows = new RowQuery<[number, number, number, number, number, Uint8Array]>(
      this.#db,
      'SELECT session, first, last, count, bytes, entries FROM chunk ORDER BY session, first',
    );
    for (const [session, first, last, count, bytes, entries] of rows.iterate()) {
      const name = `the chunk of session ${session} at ${first}`;
      if (!this.#heads.has(session)) this.#found('orphan', `${name} is of no session`);
      if (first <= (this.#newest.get(session) ?? 0)) this.#found('queue', `${name} overlaps the one before it`);
      this.#newest.set(session, Math.max(last, this.#newest.get(session) ?? 0));
      const found = this.#chunk(name, session, entries);
      if (found === null) continue;
      const said = `${first} ${last} ${count} ${bytes}`;
      if (found !== said) this.#found('queue', `${name} holds (first, last, entries, bytes) ${found}, not ${said}`);
    }
  }

  /** First and last position, number and size of a chunk's entries; null where they cannot be read. */
  #chunk(name: string, session: number, entries: Uint8Array): string | null {
    const head = this.#heads.get(session) ?? 0;
    const all: EntryRecord[] = [];
    try {
      readChunk(entries, session, (entry) => all.push(entry) > 0);
    } catch (error) {
      this.#found('queue', `${name} cannot be read: ${(error as Error).message}`);
      return null;
    }
    let last = 0;
    let bytes = 0;
    for (const { position, messageId, size } of all) {
      if (position <= last) this.#found('queue', `${name} has position ${position} after ${last}`);
      last = position;
      bytes += size;
      if (position > head) this.#refer(messageId);
    }
    this.#seen(last);
    return `${all[0]?.position ?? 0} ${last} ${all.length} ${bytes}`;
  }

  #tail(): void {
    const positions = new Set<string>();
    const rows = new RowQuery<[number, Uint8Array]>(this.#db, 'SELECT seq, entries FROM tail ORDER BY seq');
    for (const [seq, entries] of rows.iterate()) {
      try {
        readTail(entries, (entry) => this.#tailEntry(entry, positions));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.#found('queue', `tail row ${seq} cannot be read: ${error.message}`);
      }
    }
  }

  #tailEntry({ session, position, messageId }: EntryRecord, positions: Set<string>): void {
    this.#seen(position);
    const head = this.#heads.get(session);
    if (head === undefined || position <= Math.max(head, this.#newest.get(session) ?? 0)) return;
    const key = `${session} ${position}`;
    if (positions.has(key)) this.#found('queue', `session ${session} has position ${position} twice`);
    positions.add(key);
    this.#refer(messageId);
  }

  #retained(): void {
    const rows = new RowQuery<[string, number]>(this.#db, 'SELECT topic, message FROM retained');
    for (const [, message] of rows.iterate()) this.#refer(message);
  }

  #messages(): void {
    const exact = this.#options.inFlight !== undefined;
    for (const [id, refs] of new RowQuery<[number, number]>(this.#db, 'SELECT id, refs FROM message').iterate()) {
      this.#seen(id);
      const seen = this.#references.get(id) ?? 0;
      this.#references.delete(id);
      if (refs < 1 || refs < seen || (exact && refs !== seen)) {
        this.#found('references', `message ${id} counts ${refs} references, and ${seen} refer to it`);
      }
    }
    for (const [id, count] of this.#references) {
      this.#found('missing', `message ${id} is referred to ${count} times and is not there`);
    }
  }

  #sequence(): void {
    const [last, lastSession] = new RowQuery<[number, number]>(
      this.#db,
      'SELECT last, last_session FROM sequence',
    ).get() ?? [0, 0];
    if (last < this.#highest) this.#found('sequence', `${this.#highest} is in use, and the sequence is at ${last}`);
    let session = 0;
    for (const number of this.#heads.keys()) session = Math.max(session, number);
    if (lastSession < session)
      this.#found('sequence', `session ${session} is there, and the sequence at ${lastSession}`);
  }

  #refer(messageId: number): void {
    this.#references.set(messageId, (this.#references.get(messageId) ?? 0) + 1);
  }

  #seen(number: number): void {
    if (number > this.#highest) this.#highest = number;
  }
}
