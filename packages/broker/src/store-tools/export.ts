import type { DatabaseSync } from 'node:sqlite';
import { type EntryRecord, Message, RELEASED, readDeliveryState } from '@cauldron/core';
import { MqttError } from '@cauldron/protocol';
import { isDamage } from '../store/database.ts';
import { RowQuery } from '../store/rows.ts';
import type { SessionRow } from '../store/snapshot.ts';
import { version } from '../version.ts';
import { IdSet } from './id-set.ts';
import { EXPORT_NAME, EXPORT_VERSION } from './lines.ts';
import { messageJson, timeJson, timesJson } from './message-json.ts';
import { openForReading } from './reading.ts';
import { StoredQueues } from './stored-queues.ts';
import { explained } from './tool-error.ts';

/** What was written, and what could not be. */
export interface ExportSummary {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messages: number;
  readonly queued: number;
  readonly retained: number;
  /** What was left out because the store is damaged, in words; empty for a store that is in order. */
  readonly losses: readonly string[];
}

/** What {@link exportLines} found, complete once it has ended. */
class Summary {
  sessions = 0;
  subscriptions = 0;
  messages = 0;
  queued = 0;
  retained = 0;
  readonly losses: string[] = [];
}

/** Characters that are handed over at once, about. */
const CHUNK = 65_536;

type Row = Record<string, unknown>;

/**
 * The content of a store as the lines that docs/store.md describes, in pieces that end with a line. It reads within one
 * transaction, so it shows one moment even while a broker goes on writing, and keeps 8 bytes in memory for each message.
 *
 * What a damaged store does not give is left out and told in the summary that is returned.
 *
 * @param db open, and not in a transaction
 * @param verify called before the last line is given; what it throws ends the export without that line
 */
export function* exportLines(db: DatabaseSync, verify = (): void => {}): Generator<string, ExportSummary> {
  db.exec('BEGIN');
  try {
    const store = new Exporter(db);
    let text = '';
    for (const line of store.lines(verify)) {
      text += `${JSON.stringify(line)}\n`;
      if (text.length < CHUNK) continue;
      yield text;
      text = '';
    }
    yield text;
    return store.summary;
  } finally {
    db.exec('ROLLBACK');
  }
}

/**
 * {@link exportLines} of the store in a folder, opened and closed for it.
 *
 * @throws {StoreRefused} there is no store, or it cannot be opened
 * @throws {StoreToolError} somebody began to write to it meanwhile: what was given may be wrong
 */
export function* exportStore(folder: string): Generator<string, ExportSummary> {
  const store = openForReading(folder);
  try {
    return yield* exportLines(store.db, store.verify);
  } catch (error) {
    throw explained(error, store.folder, 'cannot read the store');
  } finally {
    // Also where nobody wants the rest.
    store.db.close();
  }
}

class Exporter {
  readonly summary = new Summary();
  readonly #db: DatabaseSync;
  readonly #queues: StoredQueues;
  readonly #message: RowQuery<[at: number, body: Uint8Array]>;
  readonly #delivery: RowQuery<[state: Uint8Array]>;
  /** Messages that are in a queue or in flight: they have a line of their own. */
  readonly #referred = new IdSet();
  /** Those of them that the store does not have. */
  readonly #lost = new Set<number>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#queues = new StoredQueues(db, (error) => this.#unreadable('the newest entries of queues', error));
    this.#message = new RowQuery(db, 'SELECT at, body FROM message WHERE id = ?');
    this.#delivery = new RowQuery(db, 'SELECT state FROM delivery WHERE session = ?');
  }

  *lines(verify: () => void): Generator<Row> {
    yield { cauldron: EXPORT_NAME, version: EXPORT_VERSION, writtenBy: `cauldron ${version}` };
    let lines = 0;
    for (const line of this.#content()) {
      lines += 1;
      yield line;
    }
    verify();
    yield { type: 'end', lines };
  }

  *#content(): Generator<Row> {
    yield* this.#readable('the sessions', this.#sessions());
    const sessions = [...this.#readable('the sessions', this.#numbers())];
    for (const [number, clientId] of sessions) this.#refer(number, clientId);
    yield* this.#messages();
    for (const [number, clientId] of sessions) {
      yield* this.#readable(`the queue of ${clientId}`, this.#queue(number, clientId));
      yield* this.#readable(`what is in flight to ${clientId}`, this.#inflight(number, clientId));
    }
    yield* this.#readable('the retained messages', this.#retained());
  }

  /** Goes as far as the store can be read, and notes where it cannot. */
  *#readable<T>(what: string, lines: Iterable<T>): Generator<T> {
    try {
      yield* lines;
    } catch (error) {
      this.#unreadable(what, error);
    }
  }

  #unreadable(what: string, error: unknown): void {
    if (!isUnreadable(error)) throw error;
    this.#loss(`${what} can be read in part only: ${(error as Error).message}`);
  }

  #loss(what: string): void {
    if (!this.summary.losses.includes(what)) this.summary.losses.push(what);
  }

  #numbers(): Iterable<[number: number, clientId: string]> {
    return new RowQuery<[number, string]>(this.#db, 'SELECT number, client_id FROM session ORDER BY number').iterate();
  }

  *#sessions(): Generator<Row> {
    const rows = new RowQuery<SessionRow>(
      this.#db,
      `SELECT number, client_id, connected, expiry_interval, ends_at, will_due_at, will_delay, will_message
       FROM session ORDER BY number`,
    );
    const subscriptions = new RowQuery<[filter: string, options: number, identifiers: string | null]>(
      this.#db,
      'SELECT filter, options, identifiers FROM subscription WHERE session = ? ORDER BY filter',
    );
    for (const row of rows.iterate()) {
      this.summary.sessions += 1;
      yield this.#sessionLine(row);
      for (const [filter, options, identifiers] of subscriptions.iterate(row[0])) {
        this.summary.subscriptions += 1;
        yield {
          type: 'subscription',
          clientId: row[1],
          filter,
          qos: options & 3,
          ...flagged('noLocal', (options & 4) !== 0),
          ...flagged('retainAsPublished', (options & 8) !== 0),
          ...flagged('retainedOwed', (options & 16) !== 0),
          ...identified(identifiers === null ? null : (JSON.parse(identifiers) as number[])),
        };
      }
    }
  }

  #sessionLine(row: SessionRow): Row {
    const [, clientId, connected, sessionExpiryInterval, endsAt, willDueAt, willDelay, willMessage, username] = row;
    return {
      type: 'session',
      clientId,
      ...(username === null ? {} : { username }),
      sessionExpiryInterval,
      ...flagged('connected', connected === 1),
      ...(endsAt === 0 ? {} : { endsAt: timeJson(endsAt) }),
      ...(willMessage === null ? {} : this.#will(clientId, willMessage, willDelay ?? 0, willDueAt)),
    };
  }

  #will(clientId: string, bytes: Uint8Array, delay: number, dueAt: number): Row {
    try {
      return { will: willJson(bytes, delay), ...(dueAt === 0 ? {} : { willDueAt: timeJson(dueAt) }) };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#loss(`the will of ${clientId} is damaged: ${(error as Error).message}`);
      return {};
    }
  }

  /** Notes which messages a session's queue and delivery state name. What cannot be read is told when it is written. */
  #refer(session: number, clientId: string): void {
    for (const { messageId } of this.#readable(`the queue of ${clientId}`, this.#queues.entries(session))) {
      this.#referred.add(messageId);
    }
    for (const { messageId } of this.#readable(`what is in flight to ${clientId}`, this.#sent(session))) {
      if (messageId > 0) this.#referred.add(messageId);
    }
  }

  *#sent(session: number): Generator<{ messageId: number }> {
    const state = this.#delivery.get(session)?.[0];
    if (state !== undefined) yield* readDeliveryState(state).inflight;
  }

  *#messages(): Generator<Row> {
    const { ids } = this.#referred;
    for (let i = 0; i < ids.length; i++) {
      const found = this.#read(ids[i]!);
      if (found === null) {
        this.#lost.add(ids[i]!);
        continue;
      }
      this.summary.messages += 1;
      const [message, at] = found;
      yield {
        type: 'message',
        id: i + 1,
        ...messageJson(message),
        ...flagged('retain', message.retain),
        ...timesJson(message, at),
      };
    }
    if (this.#lost.size > 0) {
      this.#loss(`${this.#lost.size} messages are missing or damaged, and what refers to them was left out`);
    }
  }

  /** A message with its time; null where the store does not have it whole. */
  #read(id: number): [Message, at: number] | null {
    try {
      const row = this.#message.get(id);
      if (row === undefined) return null;
      const message = Message.stored(row[1]);
      message.properties();
      return [message, row[0]];
    } catch (error) {
      if (isUnreadable(error)) return null;
      throw error;
    }
  }

  *#queue(session: number, clientId: string): Generator<Row> {
    for (const entry of this.#queues.entries(session)) {
      if (this.#lost.has(entry.messageId)) continue;
      this.summary.queued += 1;
      yield { type: 'queued', clientId, ...this.#reference(entry) };
    }
  }

  /** A reference to a message with how it is to be delivered. */
  #reference({ messageId, flags, identifiers }: Pick<EntryRecord, 'messageId' | 'flags' | 'identifiers'>): Row {
    return {
      message: this.#referred.indexOf(messageId) + 1,
      qos: flags & 3,
      ...flagged('retain', (flags & 4) !== 0),
      ...identified(identifiers),
    };
  }

  *#inflight(session: number, clientId: string): Generator<Row> {
    const bytes = this.#delivery.get(session)?.[0];
    if (bytes === undefined) return;
    const { inbound, inflight } = readDeliveryState(bytes);
    const sent = inflight
      .filter(({ messageId }) => !this.#lost.has(messageId))
      .map((one) =>
        (one.flags & RELEASED) === 0
          ? { packetId: one.packetId, ...this.#reference(one) }
          : { packetId: one.packetId, released: true },
      );
    if (sent.length + inbound.length === 0) return;
    yield {
      type: 'inflight',
      clientId,
      ...(sent.length === 0 ? {} : { sent }),
      ...(inbound.length === 0 ? {} : { received: inbound }),
    };
  }

  *#retained(): Generator<Row> {
    const rows = new RowQuery<[topic: string, message: number, publisher: string | null]>(
      this.#db,
      'SELECT topic, message, publisher FROM retained ORDER BY topic',
    );
    for (const [topic, id, publisher] of rows.iterate()) {
      const line = this.#retainedLine(id);
      if (line === null) {
        this.#loss(`the retained message of ${topic} is missing or damaged`);
        continue;
      }
      this.summary.retained += 1;
      yield { type: 'retained', ...line, ...(publisher === null ? {} : { publisher }) };
    }
  }

  #retainedLine(id: number): Row | null {
    const place = this.#referred.indexOf(id);
    if (place >= 0) return this.#lost.has(id) ? null : { message: place + 1 };
    const found = this.#read(id);
    if (found === null) return null;
    const [message, at] = found;
    return { ...messageJson(message), ...(message.retain ? {} : { retain: false }), ...timesJson(message, at) };
  }
}

/** Whether an error says that what lies on the disk is not what it should be. */
function isUnreadable(error: unknown): boolean {
  return isDamage(error) || error instanceof RangeError || error instanceof MqttError || error instanceof SyntaxError;
}

/** Without times: a will's message is published, and begins to age, when it is due. */
function willJson(bytes: Uint8Array, delay: number): Row {
  const message = Message.stored(bytes);
  return {
    ...messageJson(message),
    ...flagged('retain', message.retain),
    ...(delay === 0 ? {} : { willDelayInterval: delay }),
  };
}

function flagged(name: string, value: boolean): Row {
  return value ? { [name]: true } : {};
}

function identified(identifiers: readonly number[] | null): Row {
  return identifiers === null ? {} : { subscriptionIdentifiers: identifiers };
}
