import type { OperationVisitor, SessionRecord, StoreEngine } from '@cauldron/core';
import { bytesOf, type EntryImage } from './store-image.ts';

/** A store under test. */
export interface StoreSubject {
  readonly engine: StoreEngine;
  /** Closes the store and opens it again, as a restarted broker does. */
  reopen(): StoreEngine;
  /** Lets everything be done that the store puts off. */
  settle(): void;
  /** Messages that are stored, whether or not anything can read them. */
  messages(): number;
  dispose(): void;
}

/** A session of a test, with nothing special. */
export function sessionRecord(number: number, changes: Partial<SessionRecord> = {}): SessionRecord {
  const timing = { connected: false, expiryInterval: 3600, endsAt: 1_700_000_000_000, willDueAt: 0, will: null };
  return { number, clientId: `client-${number}`, username: null, ...timing, ...changes };
}

/** Writes a message and its entry in the queue of each session: `id`, then positions `id + 1`, `id + 2` ... */
export function publishTo(out: OperationVisitor, id: number, sessions: readonly number[], size = 10): void {
  out.message(id, sessions.length, 1_700_000_000_000 + id, bytesOf(`body ${id}`));
  for (const [i, session] of sessions.entries()) {
    out.entry({ session, position: id + 1 + i, messageId: id, flags: 1, identifiers: null, size });
  }
}

/** The store as it is, then as it is after it was opened again. */
export function* lives({ engine, reopen }: StoreSubject): Generator<StoreEngine> {
  yield engine;
  yield reopen();
}

export const ids = (entries: readonly EntryImage[]): number[] => entries.map((entry) => entry.messageId);

/** Enters a claim about a store, checked on one of its own. */
export type Claim = (what: string, check: (subject: StoreSubject) => void) => void;
