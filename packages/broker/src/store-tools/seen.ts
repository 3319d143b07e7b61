import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { RowQuery } from '../store/rows.ts';

/** A message of an import, as later lines need it. */
export interface SeenMessage {
  /** Its id in the new store. */
  readonly stored: number;
  readonly qos: number;
  /** Bytes it counts for in queue limits. */
  readonly size: number;
  readonly topic: string;
  readonly payloadLength: number;
}

type MessageRow = [stored: number, qos: number, size: number, topic: string, payloadLength: number];

/**
 * What an import has met so far. It lies in a temporary file that SQLite makes and removes, of which a few megabytes are
 * kept in memory: there may be more of it than fits.
 */
export class Seen {
  readonly #db: DatabaseSync;
  readonly #addKey: StatementSync;
  readonly #lineOf: RowQuery<[line: number]>;
  readonly #addMessage: StatementSync;
  readonly #message: RowQuery<MessageRow>;
  readonly #lineOfMessage: RowQuery<[line: number]>;

  constructor() {
    this.#db = new DatabaseSync('');
    this.#db.exec(`
      PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
      CREATE TABLE key (kind TEXT, name TEXT, line INTEGER, PRIMARY KEY (kind, name)) WITHOUT ROWID;
      CREATE TABLE message (id INTEGER PRIMARY KEY, stored, qos, size, topic, payload_length, line);
      BEGIN`);
    this.#addKey = this.#db.prepare('INSERT OR IGNORE INTO key VALUES (?, ?, ?)');
    this.#lineOf = new RowQuery(this.#db, 'SELECT line FROM key WHERE kind = ? AND name = ?');
    this.#addMessage = this.#db.prepare('INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#message = new RowQuery(this.#db, 'SELECT stored, qos, size, topic, payload_length FROM message WHERE id = ?');
    this.#lineOfMessage = new RowQuery(this.#db, 'SELECT line FROM message WHERE id = ?');
  }

  /** Notes something that may be there once; the line that had it before, 0 = none. */
  add(kind: string, name: string, line: number): number {
    if (Number(this.#addKey.run(kind, name, line).changes) === 1) return 0;
    return this.#lineOf.get(kind, name)![0];
  }

  /** Notes a message; the line that had its id before, 0 = none. */
  addMessage(id: number, { stored, qos, size, topic, payloadLength }: SeenMessage, line: number): number {
    if (Number(this.#addMessage.run(id, stored, qos, size, topic, payloadLength, line).changes) === 1) return 0;
    return this.#lineOfMessage.get(id)![0];
  }

  message(id: number): SeenMessage | undefined {
    const row = this.#message.get(id);
    if (row === undefined) return undefined;
    const [stored, qos, size, topic, payloadLength] = row;
    return { stored, qos, size, topic, payloadLength };
  }

  /** The ids that the messages have in the new store, in ascending order. */
  *storedMessages(): Generator<number> {
    const rows = new RowQuery<[stored: number]>(this.#db, 'SELECT stored FROM message ORDER BY stored');
    for (const [stored] of rows.iterate()) yield stored;
  }

  close(): void {
    this.#db.close();
  }
}
