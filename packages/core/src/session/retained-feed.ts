import { isShared, type QoS } from '@cauldron/protocol';
import type { Flushable } from '../connection/flush-set.ts';
import type { RetainedWalk } from '../routing/retained-walk.ts';
import type { Session } from './session.ts';

/** Retained messages that are queued in a turn, and nodes of the tree looked at for them, over all filters. */
const SLICE = 500;
const LOOKED_AT = 2000;
/** What a message costs, in places looked at. */
const SHOWN = 8;
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
  /** By filter, in their order: thousands may come in one SUBSCRIBE. */
  readonly #owed = new Map<string, Owed>();
  #noted = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whether a filter's messages are not all queued yet. */
  owes(filter: string): boolean {
    return this.#owed.has(filter);
  }

  /**
   * Notes that a subscription is to get what is retained; {@link RetainedFeed.begin} follows its SUBACK. Who subscribes
   * again before it has everything starts over.
   */
  owe(filter: string): Owed {
    const owed: Owed = { filter, walk: null };
    if (isShared(filter)) return owed; // a share group gets none: section 4.8.2
    this.#owed.delete(filter);
    this.#owed.set(filter, owed);
    return owed;
  }

  /** Starts with what {@link owe} noted; a first slice is queued at once. */
  begin(noted: readonly Owed[]): void {
    for (const owed of noted) {
      // Whoever unsubscribed or subscribed again meanwhile is not owed this one any more.
      if (this.#owed.get(owed.filter) === owed) owed.walk = this.#session.host.retained.walk(owed.filter);
    }
    this.#slice();
  }

  /** The client is back: what a subscription was owed when an earlier broker stopped begins now. */
  beginAll(): void {
    this.begin([...this.#owed.values()].filter(({ walk }) => walk === null));
  }

  /** A subscription ended. */
  stop(filter: string): void {
    this.#owed.delete(filter);
  }

  /** The client took something: the next slice follows when this turn is over. */
  more(): void {
    if (this.#noted || this.#owed.size === 0) return;
    this.#noted = true;
    this.#session.host.flushSet.add(this);
  }

  flush(): void {
    this.#noted = false;
    const session = this.#session;
    const { connection } = session;
    if (connection === null || session.ended || connection.output.congested) return;
    if (session.queuedMessages >= LOW_WATER) return;
    // Nothing to queue while SUBACKs wait for the store: pumping would only ask for more, turn after turn.
    if (this.#slice()) session.pump();
  }

  /** Goes on with one filter after the other until a turn's share is used up; returns whether there was one. */
  #slice(): boolean {
    const session = this.#session;
    let messages = SLICE;
    let nodes = LOOKED_AT;
    let any = false;
    for (const { filter, walk } of this.#owed.values()) {
      if (walk === null) continue;
      const room = this.#room;
      if (room <= 0) return any;
      any = true;
      const finished = messages > 0 && nodes > 0 && this.#walk(filter, walk, Math.min(messages, room), nodes);
      if (!finished) {
        this.more();
        return true;
      }
      messages -= walk.shown;
      nodes -= walk.looked + 1;
      this.#owed.delete(filter);
      session.host.journal?.touchFilter(session, filter);
    }
    return any;
  }

  get #room(): number {
    const { queuedMessages, limits } = this.#session;
    // A queue that may hold nothing still passes on one at a time.
    return queuedMessages === 0 ? Math.max(1, limits.maxQueuedMessages) : limits.maxQueuedMessages - queuedMessages;
  }

  #walk(filter: string, walk: RetainedWalk, messages: number, nodes: number): boolean {
    const session = this.#session;
    const subscription = session.subscriptions!.get(filter)!; // it may have been replaced meanwhile
    const finished = walk.next(messages, nodes, session.host.now, (message, publisher, kept) => {
      if (subscription.noLocal && publisher === session.clientId) return; // [MQTT-3.8.3-3]
      if (!session.mayReceive(message.topic)) return;
      const qos = Math.min(message.qos, subscription.qos) as QoS;
      session.deliverRetained(message, kept, qos, subscription.identifiers);
    });
    session.host.turns.spend(walk.looked + SHOWN * walk.shown);
    return finished;
  }
}
