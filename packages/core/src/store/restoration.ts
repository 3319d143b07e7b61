import { Message } from '../message.ts';
import type { CoreOptions } from '../options.ts';
import type { RetainedTree } from '../routing/retained-tree.ts';
import type { Router } from '../routing/router.ts';
import { restoreDelivery, restoreOptions, restoreRecord } from '../session/persistence.ts';
import { Session } from '../session/session.ts';
import type { SessionRegistry } from '../session/session-registry.ts';
import type { Journal } from './journal.ts';
import { OperationIgnorer, type SessionRecord, type SubscriptionRecord } from './operations.ts';

/** What is restored into. */
export interface RestoredBroker {
  readonly options: CoreOptions;
  readonly router: Router;
  readonly retained: RetainedTree;
  readonly sessions: SessionRegistry;
}

/** Rebuilds sessions, subscriptions and retained messages from what the store kept of an earlier broker. */
export class Restoration extends OperationIgnorer {
  readonly #broker: RestoredBroker;
  readonly #journal: Journal;
  readonly #sessions = new Map<number, { readonly session: Session; readonly connected: boolean }>();

  constructor(broker: RestoredBroker, journal: Journal) {
    super();
    this.#broker = broker;
    this.#journal = journal;
  }

  override sequence(last: number, lastSession: number): void {
    this.#journal.numbers.continueFrom(last, lastSession);
  }

  override session(record: SessionRecord): void {
    const { sessions, options } = this.#broker;
    const session = new Session(record.clientId, sessions, options.limits);
    restoreRecord(session, record);
    sessions.restore(session);
    this.#sessions.set(record.number, { session, connected: record.connected });
  }

  override subscribe(record: SubscriptionRecord): void {
    const session = this.#session(record.session);
    const { options, owed } = restoreOptions(record);
    const subscription = session.subscription(options);
    session.subscriptions ??= new Map();
    session.subscriptions.set(record.filter, subscription);
    this.#broker.router.add(record.filter, subscription);
    if (owed) session.retainedFeed.owe(record.filter);
  }

  override delivery(session: number, head: number, state: Uint8Array): void {
    restoreDelivery(this.#session(session), head, state);
  }

  override queued(session: number, count: number, bytes: number): void {
    this.#session(session).waiting.restore(count, bytes);
  }

  override retained(messageId: number, publisher: string | null, body: Uint8Array): void {
    const message = Message.stored(body.slice()); // the buffer holds many; this one is kept for itself
    this.#broker.retained.set(message, publisher ?? undefined, messageId);
  }

  #session(number: number): Session {
    const found = this.#sessions.get(number);
    if (found === undefined) throw new RangeError(`session ${number} is named before it was introduced`);
    return found.session;
  }

  /**
   * Every session waits for its client again.
   *
   * @param willsFrom milliseconds; no will is published before
   */
  finish(willsFrom: number): void {
    for (const { session, connected } of this.#sessions.values()) {
      this.#broker.sessions.resume(session, connected, willsFrom);
    }
  }
}
