import { isShared, type QoS } from '@cauldron/protocol';
import type { Flushable } from '../connection/flush-set.ts';
import type { RetainedWalk } from '../routing/retained-walk.ts';
import type { Session } from './session.ts';

/** Retained messages that are queued at once, and nodes of the tree looked at for them: a turn stays short. */
const SLICE = 500;
const LOOKED_AT = 2000;
/** Fewer messages than this wait in memory, and the next slice is queued. */
const LOW_WATER = 100;

/** What a subscription is owed. */
export interface Owed {
  readonly filter: string;
  /** null until its SUBACK went out. */
  walk: RetainedWalk | null;
}

/**
 * The retained messages that new subscriptions of a session are owed: queued a slice at a time as the client takes them,
 * so that a filter that matches a million costs neither memory nor a long turn. // [MQTT-3.3.1-9]
 */
export class RetainedFeed implements Flushable {
  readonly #session: Session;
  #owed: Owed[] = [];
  #noted = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whether a filter's messages are not all queued yet. */
  owes(filter: string): boolean {
    return this.#owed.some((owed) => owed.filter === filter);
  }

  /** Notes that a subscription is to get what is retained; {@link RetainedFeed.begin} follows its SUBACK. */
  owe(filter: string): Owed {
    const owed: Owed = { filter, walk: null };
    if (!isShared(filter)) this.#owed.push(owed); // a share group gets none: section 4.8.2
    return owed;
  }

  /** Starts with what {@link owe} noted; the first slice is queued at once. */
  begin(owed: Owed): void {
    if (!this.#owed.includes(owed)) return;
    // Who subscribes again before it has everything starts over.
    this.#owed = this.#owed.filter((other) => other === owed || other.walk === null || other.filter !== owed.filter);
    owed.walk = this.#session.host.retained.walk(owed.filter);
    this.#slice(owed, owed.walk);
  }

  /** The client is back: what a subscription was owed when an earlier broker stopped begins now. */
  beginAll(): void {
    for (const owed of [...this.#owed]) if (owed.walk === null) this.begin(owed);
  }

  /** A subscription ended. */
  stop(filter: string): void {
    this.#owed = this.#owed.filter((owed) => owed.filter !== filter);
  }

  /** The client took something: the next slice follows when this turn is over. */
  more(): void {
    if (this.#noted || this.#owed.length === 0) return;
    this.#noted = true;
    this.#session.host.flushSet.add(this);
  }

  flush(): void {
    this.#noted = false;
    const session = this.#session;
    const { connection } = session;
    if (connection === null || session.ended || connection.output.congested) return;
    if (session.queuedMessages >= LOW_WATER) return;
    const owed = this.#owed.find(({ walk }) => walk !== null);
    if (owed === undefined) return;
    this.#slice(owed, owed.walk!);
    session.pump();
  }

  #slice(owed: Owed, walk: RetainedWalk): void {
    const session = this.#session;
    const { filter } = owed;
    const subscription = session.subscriptions!.get(filter)!; // it may have been replaced meanwhile
    const { queuedMessages } = session;
    // A queue that may hold nothing still passes on one at a time.
    const room =
      queuedMessages === 0
        ? Math.max(1, session.limits.maxQueuedMessages)
        : session.limits.maxQueuedMessages - queuedMessages;
    if (room <= 0) return;
    const finished = walk.next(Math.min(SLICE, room), LOOKED_AT, session.host.now, (message, publisher, kept) => {
      if (subscription.noLocal && publisher === session.clientId) return; // [MQTT-3.8.3-3]
      if (!session.mayReceive(message.topic)) return;
      const qos = Math.min(message.qos, subscription.qos) as QoS;
      session.deliverRetained(message, kept, qos, subscription.identifiers);
    });
    if (!finished) {
      this.more();
      return;
    }
    this.#owed = this.#owed.filter((other) => other !== owed);
    session.host.journal?.touchFilter(session, filter);
  }
}
