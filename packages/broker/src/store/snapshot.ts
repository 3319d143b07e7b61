import type { DatabaseSync } from 'node:sqlite';
import { ByteWriter, OperationWriter } from '@cauldron/core';
import type { Chunks } from './chunks.ts';
import { type QueueTail, type SessionQueue, waiting } from './queue-tail.ts';
import { RowQuery } from './rows.ts';

/** Bytes from which a buffer is handed over. */
const BUFFER = 131_072;

/** A row of the table `session`. */
export type SessionRow = [
  number: number,
  clientId: string,
  connected: number,
  expiryInterval: number,
  endsAt: number,
  willDueAt: number,
  willDelay: number | null,
  willMessage: Uint8Array | null,
  username: string | null,
];
type SubscriptionRow = [session: number, filter: string, options: number, identifiers: string | null];
type DeliveryRow = [session: number, head: number, state: Uint8Array];

/** Hands everything over that a broker starts with, session by session, then the retained messages. */
export function writeSnapshot(
  db: DatabaseSync,
  tail: QueueTail,
  chunks: Chunks,
  visit: (operations: Uint8Array) => void,
): void {
  const out = new ByteWriter(new Uint8Array(BUFFER + 65_536));
  const writer = new OperationWriter(out);
  const handOver = (least: number): void => {
    if (out.length < least) return;
    visit(out.finish());
    out.length = 0;
  };
  const [last, lastSession] = new RowQuery<[number, number]>(db, 'SELECT last, last_session FROM sequence').get()!;
  writer.sequence(last, lastSession);
  writeSessions(db, writer, tail, chunks, () => handOver(BUFFER));
  const retained = new RowQuery<[messageId: number, publisher: string | null, body: Uint8Array]>(
    db,
    'SELECT r.message, r.publisher, m.body FROM retained r CROSS JOIN message m ON m.id = r.message',
  );
  for (const [messageId, publisher, body] of retained.iterate()) {
    writer.retained(messageId, publisher, body);
    handOver(BUFFER);
  }
  handOver(1);
}

function writeSessions(
  db: DatabaseSync,
  writer: OperationWriter,
  tail: QueueTail,
  chunks: Chunks,
  between: () => void,
): void {
  const subscriptions = new BySession<SubscriptionRow>(db, 'SELECT * FROM subscription ORDER BY session');
  const deliveries = new BySession<DeliveryRow>(db, 'SELECT * FROM delivery ORDER BY session');
  try {
    for (const row of new RowQuery<SessionRow>(db, 'SELECT * FROM session ORDER BY number').iterate()) {
      writeSession(writer, row);
      const session = row[0];
      for (const [, filter, options, identifiers] of subscriptions.of(session)) {
        const parsed = identifiers === null ? null : (JSON.parse(identifiers) as number[]);
        writer.subscribe({ session, filter, options, identifiers: parsed });
      }
      for (const [, head, state] of deliveries.of(session)) writer.delivery(session, head, state);
      writeQueued(writer, tail.sessions.get(session)!, chunks);
      between();
    }
  } finally {
    subscriptions.close();
    deliveries.close();
  }
}

function writeSession(writer: OperationWriter, row: SessionRow): void {
  const [number, clientId, connected, expiryInterval, endsAt, willDueAt, delay, message, username] = row;
  const will = delay === null || message === null ? null : { delay, message };
  const wasConnected = connected === 1;
  writer.session({ number, clientId, connected: wasConnected, expiryInterval, endsAt, willDueAt, will, username });
}

function writeQueued(writer: OperationWriter, queue: SessionQueue, chunks: Chunks): void {
  let { count, bytes } = chunks.waiting(queue);
  for (const { size } of waiting(queue)) {
    count += 1;
    bytes += size;
  }
  if (count > 0) writer.queued(queue.session, count, bytes);
}

/** Rows in order of session, handed out session by session; those of sessions never asked for are passed over. */
class BySession<Row extends readonly [session: number, ...rest: unknown[]]> {
  readonly #rows: Iterator<Row>;
  #row: Row | undefined;

  constructor(db: DatabaseSync, sql: string) {
    this.#rows = new RowQuery<Row>(db, sql).iterate();
    this.#next();
  }

  /** Ends the query: one that is not through keeps the log from being checkpointed. */
  close(): void {
    this.#rows.return?.();
  }

  *of(session: number): Generator<Row> {
    while (this.#row !== undefined && this.#row[0] < session) this.#next();
    while (this.#row !== undefined && this.#row[0] === session) {
      yield this.#row;
      this.#next();
    }
  }

  #next(): void {
    const { done, value } = this.#rows.next();
    this.#row = done === true ? undefined : value;
  }
}
