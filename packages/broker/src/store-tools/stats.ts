import { join } from 'node:path';
import { readDeliveryState } from '@cauldron/core';
import { RowQuery } from '../store/rows.ts';
import { DATABASE_FILE } from '../store/schema.ts';
import { sizeOf } from './files.ts';
import { type ReadingStore, withReading } from './reading.ts';
import { StoredQueues } from './stored-queues.ts';

/** One session's queue. */
export interface QueueStats {
  readonly clientId: string;
  readonly connected: boolean;
  readonly messages: number;
  readonly bytes: number;
}

/** What a store holds. Sizes in bytes. */
export interface StoreStats {
  readonly folder: string;
  readonly schemaVersion: number;
  readonly sessions: { readonly total: number; readonly connected: number; readonly away: number };
  readonly subscriptions: number;
  /** What waits in queues: a message counts in every queue it is in. */
  readonly queued: { readonly messages: number; readonly bytes: number };
  /** Sent to clients and not acknowledged. */
  readonly inflight: number;
  /** Each counts once, however many queues it is in. */
  readonly messages: { readonly total: number; readonly bytes: number };
  readonly retained: number;
  readonly wills: number;
  readonly file: {
    readonly bytes: number;
    readonly logBytes: number;
    readonly pages: number;
    readonly freePages: number;
  };
  /** The sessions with the longest queues, longest first. */
  readonly longestQueues: readonly QueueStats[];
}

/** Sessions listed. */
const LISTED = 10;

/**
 * Counts what a store holds, at one moment, also while a broker runs on it.
 *
 * @throws {StoreRefused} there is no store, or it cannot be read
 */
export function storeStats(folder: string): StoreStats {
  return withReading(folder, readStats);
}

function readStats({ folder, db }: ReadingStore): StoreStats {
  const number = (sql: string): number => new RowQuery<[number | null]>(db, sql).get()?.[0] ?? 0;
  const total = number('SELECT count(*) FROM session');
  const connected = number('SELECT count(*) FROM session WHERE connected = 1');
  const queues = readQueues({ db });
  const path = join(folder, DATABASE_FILE);
  return {
    folder,
    schemaVersion: number('PRAGMA user_version'),
    sessions: { total, connected, away: total - connected },
    subscriptions: number('SELECT count(*) FROM subscription'),
    queued: {
      messages: queues.reduce((sum, { messages }) => sum + messages, 0),
      bytes: queues.reduce((sum, { bytes }) => sum + bytes, 0),
    },
    inflight: countInflight({ db }),
    messages: {
      total: number('SELECT count(*) FROM message'),
      bytes: number('SELECT sum(length(body)) FROM message'),
    },
    retained: number('SELECT count(*) FROM retained'),
    wills: number('SELECT count(*) FROM session WHERE will_message IS NOT NULL'),
    file: {
      bytes: sizeOf(path),
      logBytes: sizeOf(`${path}-wal`),
      pages: number('PRAGMA page_count'),
      freePages: number('PRAGMA freelist_count'),
    },
    longestQueues: queues.sort((a, b) => b.messages - a.messages || b.bytes - a.bytes).slice(0, LISTED),
  };
}

function readQueues({ db }: Pick<ReadingStore, 'db'>): QueueStats[] {
  const queues = new StoredQueues(db, (error) => {
    throw error;
  });
  const sessions = new RowQuery<[number: number, clientId: string, connected: number]>(
    db,
    'SELECT number, client_id, connected FROM session',
  );
  const found: QueueStats[] = [];
  for (const [number, clientId, connected] of sessions.iterate()) {
    const { count, bytes } = queues.waiting(number);
    if (count > 0) found.push({ clientId, connected: connected === 1, messages: count, bytes });
  }
  return found;
}

function countInflight({ db }: Pick<ReadingStore, 'db'>): number {
  const states = new RowQuery<[state: Uint8Array]>(
    db,
    'SELECT d.state FROM delivery d JOIN session s ON s.number = d.session',
  );
  let count = 0;
  for (const [state] of states.iterate()) count += readDeliveryState(state).inflight.length;
  return count;
}
