import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  ByteWriter,
  type EntryRecord,
  OperationIgnorer,
  type SessionRecord,
  StoreError,
  type SubscriptionRecord,
} from '@cauldron/core';
import type { Chunks } from './chunks.ts';
import type { Folder } from './folder.ts';
import { MessageInserter } from './message-inserter.ts';
import type { Purger } from './purger.ts';
import { writeTailEntry } from './queue-codec.ts';
import { type QueueTail, type SessionQueue, waiting } from './queue-tail.ts';
import type { References } from './references.ts';

/** What the parts of an engine share. */
export interface EngineParts {
  readonly tail: QueueTail;
  readonly chunks: Chunks;
  readonly folder: Folder;
  readonly purger: Purger;
  readonly references: References;
}

/** Writes a group's operations into the open transaction; `finish` writes what was collected on the way. */
export class GroupWriter extends OperationIgnorer {
  readonly #parts: EngineParts;
  readonly #messages: MessageInserter;
  readonly #session: StatementSync;
  readonly #endSession: readonly StatementSync[];
  readonly #subscribe: StatementSync;
  readonly #unsubscribe: StatementSync;
  readonly #delivery: StatementSync;
  readonly #retain: StatementSync;
  readonly #unretain: StatementSync;
  readonly #sequence: StatementSync;
  readonly #tailRow: StatementSync;
  /** The group's queue entries, as a tail row. */
  readonly #row = new ByteWriter();
  #rowEntries = 0;

  constructor(db: DatabaseSync, parts: EngineParts) {
    super();
    this.#parts = parts;
    this.#messages = new MessageInserter(db);
    this.#session = db.prepare('REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#endSession = [
      db.prepare('DELETE FROM session WHERE number = ?'),
      db.prepare('DELETE FROM subscription WHERE session = ?'),
      db.prepare('DELETE FROM delivery WHERE session = ?'),
    ];
    this.#subscribe = db.prepare('REPLACE INTO subscription VALUES (?, ?, ?, ?)');
    this.#unsubscribe = db.prepare('DELETE FROM subscription WHERE session = ? AND filter = ?');
    this.#delivery = db.prepare('REPLACE INTO delivery VALUES (?, ?, ?)');
    this.#retain = db.prepare('REPLACE INTO retained VALUES (?, ?, ?)');
    this.#unretain = db.prepare('DELETE FROM retained WHERE topic = ?');
    this.#sequence = db.prepare('UPDATE sequence SET last = max(last, ?), last_session = max(last_session, ?)');
    this.#tailRow = db.prepare('INSERT INTO tail (seq, entries) VALUES (?, ?)');
  }

  override session(record: SessionRecord): void {
    const { number, clientId, connected, expiryInterval, endsAt, willDueAt, will, username } = record;
    const values = [number, clientId, connected ? 1 : 0, expiryInterval, endsAt, willDueAt] as const;
    this.#session.run(...values, will?.delay ?? null, will?.message ?? null, username);
    this.#parts.tail.open(number);
  }

  override sessionEnd(session: number, head: number): void {
    const { tail, chunks } = this.#parts;
    const queue = tail.sessions.get(session);
    if (queue === undefined) return;
    for (const statement of this.#endSession) statement.run(session);
    tail.advance(queue, head);
    chunks.dropConsumed(queue);
    this.#dropQueue(queue);
    tail.end(queue);
  }

  /** A short queue that is in the tail only goes at once; any other is left to be purged from its chunks. */
  #dropQueue(queue: SessionQueue): void {
    const { folder, purger, references } = this.#parts;
    if (queue.oldestLast === 0 && purger.fits(queue.tail.length - queue.start)) {
      for (const { messageId } of waiting(queue)) references.add(messageId, -1);
      return;
    }
    folder.foldAll(queue);
    purger.add(queue.session, queue.head);
  }

  override subscribe({ session, filter, options, identifiers }: SubscriptionRecord): void {
    if (!this.#parts.tail.sessions.has(session)) return;
    this.#subscribe.run(session, filter, options, identifiers === null ? null : JSON.stringify(identifiers));
  }

  override unsubscribe(session: number, filter: string): void {
    this.#unsubscribe.run(session, filter);
  }

  override message(id: number, references: number, at: number, body: Uint8Array): void {
    this.#messages.add(id, references, at, body);
  }

  override entry(entry: EntryRecord): void {
    const { tail, references } = this.#parts;
    const queue = tail.sessions.get(entry.session);
    if (queue === undefined) {
      references.add(entry.messageId, -1);
      return;
    }
    if (entry.position <= queue.head) return;
    if (entry.position <= queue.newestLast) {
      const text = `queue entry ${entry.position} of session ${entry.session} comes after ${queue.newestLast}`;
      throw new StoreError('io', `${text}: positions must ascend`);
    }
    tail.add(queue, entry);
    writeTailEntry(this.#row, entry);
    this.#rowEntries += 1;
  }

  override delivery(session: number, head: number, state: Uint8Array): void {
    const { tail, chunks } = this.#parts;
    const queue = tail.sessions.get(session);
    if (queue === undefined) return;
    tail.advance(queue, head);
    this.#delivery.run(session, queue.head, state);
    chunks.dropConsumed(queue);
  }

  override done(messageId: number): void {
    this.#parts.references.add(messageId, -1);
  }

  override refer(messageId: number): void {
    this.#parts.references.add(messageId, 1);
  }

  override retain(topic: string, messageId: number, publisher: string | null): void {
    this.#retain.run(topic, messageId, publisher);
  }

  override unretain(topic: string): void {
    this.#unretain.run(topic);
  }

  override sequence(last: number, lastSession: number): void {
    this.#sequence.run(last, lastSession);
  }

  /** Writes the collected messages and entries, goes on purging and folding, and settles the reference counts. */
  finish(): void {
    const { tail, folder, purger, references } = this.#parts;
    this.#messages.flush();
    const added = this.#rowEntries;
    if (added > 0) {
      tail.lastRow += 1;
      tail.entries += added;
      this.#tailRow.run(tail.lastRow, this.#row.bytes.subarray(0, this.#row.length));
      this.#row.length = 0;
      this.#rowEntries = 0;
    }
    purger.step();
    folder.step(added);
    references.flush();
  }
}
