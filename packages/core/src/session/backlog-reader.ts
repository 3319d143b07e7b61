import type { QoS } from '@cauldron/protocol';
import type { StoredEntry } from '../store/entries.ts';
import { SessionChange } from '../store/group.ts';
import type { Reader, StoreRead } from '../store/store.ts';
import type { Backlog } from './backlog.ts';
import { QueuedMessage } from './queued-message.ts';
import type { Session } from './session.ts';
import { type SessionQueue, WINDOW_BYTES } from './session-queue.ts';
import { noMessage, readMessage } from './stored-entry.ts';

/** How often a queue that is full looks for messages in it that expired, milliseconds. */
const TRIM_EVERY = 1000;

/**
 * Reads what of a session's queue only the store has: to send it on, a window at a time, or to drop from its front what
 * is too much or too old.
 */
export class BacklogReader implements Reader {
  readonly #session: Session;
  readonly #backlog: Backlog;
  readonly #queue: SessionQueue;
  /** What was asked and not answered yet. */
  #asked: StoreRead | null = null;
  #purpose: 'send' | 'trim' | 'trim-stale' = 'send';
  /** Nothing that the queue counts was unwritten when it was asked. */
  #complete = false;
  #nextTrim = 0;

  constructor(session: Session, backlog: Backlog, queue: SessionQueue) {
    this.#session = session;
    this.#backlog = backlog;
    this.#queue = queue;
  }

  /** The client went: an answer that is under way is of no use. */
  stop(): void {
    this.#asked = null;
  }

  /** Sees to it that there is something to send: reads on once the window is half empty. */
  refill(): void {
    const { items, window } = this.#queue;
    if (items.length < window / 2 && items.bytes < WINDOW_BYTES / 2) this.#ask('send');
  }

  /** Makes the queue as short as its limits say. */
  trim(): void {
    this.#ask('trim');
  }

  /** Drops what expired at the front. Now and then only: a queue may stay full for long. */
  trimStale(): void {
    const { now } = this.#session.host;
    if (now < this.#nextTrim) return;
    this.#nextTrim = now + TRIM_EVERY;
    this.#ask('trim-stale');
  }

  #ask(purpose: 'send' | 'trim' | 'trim-stale'): void {
    if (this.#asked !== null) return;
    const session = this.#session;
    const journal = session.host.journal!;
    this.#purpose = purpose;
    this.#complete = journal.idle;
    const { window, items } = this.#queue;
    const limit = purpose === 'send' ? window - items.length : window;
    const after = this.#queue.readTo;
    this.#asked = { session: session.number, messages: null, after, limit, maxBytes: WINDOW_BYTES };
    journal.read(this.#asked, this);
  }

  entriesRead(request: StoreRead, entries: readonly StoredEntry[], _more: boolean): void {
    if (request !== this.#asked || this.#session.ended) return;
    this.#asked = null;
    if (entries.length === 0) this.#nothingThere();
    else if (this.#purpose === 'send') this.#take(entries);
    else this.#trim(entries);
    this.#session.goOn();
  }

  /** What the queue counts is not written yet, and then it is read once it is; or the count is wrong. */
  #nothingThere(): void {
    const { host } = this.#session;
    if (!this.#complete) {
      host.journal!.wake(this.#session);
      return;
    }
    const { count, bytes } = this.#queue.forgetStored();
    host.queueChanged(-count, -bytes);
    host.internalError(
      new Error(`the store has none of the ${count} messages that should wait for '${this.#session.clientId}'`),
    );
  }

  #take(entries: readonly StoredEntry[]): void {
    const session = this.#session;
    const { host } = session;
    const queue = this.#queue;
    for (const entry of entries) {
      const { position, messageId, flags, identifiers, at, body } = entry;
      const found = readMessage(session, entry);
      const message = found ?? noMessage(at);
      const item = new QueuedMessage(session, message, (flags & 3) as QoS, (flags & 4) !== 0, identifiers, at);
      item.messageId = messageId;
      item.position = position;
      queue.unstored(body.length);
      // A QoS 0 message that an earlier broker queued may have gone out before that one crashed, and must not go out
      // again. Who wants QoS 0 to be queued wants it rather twice than never.
      const lapsed = item.qos === 0 && !host.queueQos0 && position <= host.journal!.numbers.inherited;
      item.lapsed = found === null ? 'lost' : lapsed ? 'offline' : null;
      host.queueChanged(0, item.size - body.length);
      queue.push(item);
    }
  }

  #trim(entries: readonly StoredEntry[]): void {
    const session = this.#session;
    const { host } = session;
    const queue = this.#queue;
    if (queue.items.length > 0) return; // a client came back and reads: what is in memory is older
    let dropped = 0;
    for (const entry of entries) {
      const { position, messageId, at, body } = entry;
      const message = readMessage(session, entry);
      const stale = message === null ? 'lost' : this.#backlog.staleness(message.expiresAt, at);
      const reason = stale ?? (this.#purpose === 'trim' && this.#backlog.overfull ? 'queue-full' : null);
      if (reason === null) break;
      queue.unstored(body.length);
      queue.head = position;
      queue.readTo = position;
      host.journal!.done(messageId);
      host.queueChanged(-1, -body.length);
      host.dropped(session, reason);
      dropped += 1;
    }
    if (dropped === 0) return;
    host.journal!.touch(session, SessionChange.delivery);
    if (this.#purpose === 'trim' && this.#backlog.overfull && queue.stored > 0) this.trim();
  }
}
