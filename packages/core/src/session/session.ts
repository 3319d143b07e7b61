import { InboundQos2, type PublishFrame, type QoS } from '@cauldron/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Message } from '../message.ts';
import type { ClientInfo, Subscriber } from '../ports.ts';
import type { Fanout } from '../routing/fanout.ts';
import type { PublishRun } from '../routing/publish-run.ts';
import { type Delivery, Subscription, type SubscriptionOptions } from '../routing/subscription.ts';
import type { StoredMessage } from '../store/stored-message.ts';
import type { TimerEntry } from '../timing/timer-wheel.ts';
import { Backlog } from './backlog.ts';
import { Inflight } from './inflight.ts';
import { belongToUser, isSameParty } from './ownership.ts';
import { QueuedMessage } from './queued-message.ts';
import { RetainedFeed } from './retained-feed.ts';
import type { SessionDrops } from './session-drops.ts';
import type { SessionHost, SessionLimits } from './session-host.ts';
import type { PendingWill } from './will.ts';

/**
 * What the broker keeps for a client identifier: subscriptions, what is in flight in both directions, what waits, and
 * the will (section 3.1.2.11.2 and 4.1). It outlives its connection as far as its expiry interval says, and the broker
 * where there is a store.
 */
export class Session implements Subscriber, TimerEntry {
  readonly clientId: string;
  readonly host: SessionHost;
  readonly limits: SessionLimits;
  /** Its number in the store; 0 = it is not kept there. */
  number = 0;
  /** What the store does not know yet: bits of {@link SessionChange}, and filters. */
  changes = 0;
  changedFilters: Set<string> | null = null;
  /** Group of operations that makes the last change of what is in flight durable. */
  deliveryTicket = 0;
  /** By the filter as the client wrote it, `$share/...` included; null = none. */
  subscriptions: Map<string, Subscription> | null = null;
  /** Seconds it outlives its connection; 0 = ends with it, 0xFFFFFFFF = never ends. */
  expiryInterval = 0;
  /**
   * The client whose CONNECT opened it last, until that is answered; no other one is. Not its connection, which may be
   * gone before that while the session stays.
   */
  claimedBy: ClientInfo | null = null;
  /** Whose session it is: the user name of its client, where somebody verified it. Nobody else may open it. */
  username: string | null = null;
  /** The client that has it, or had it last; null = no client since the broker started. */
  client: ClientInfo | null = null;
  /** Messages are being dropped; said once. */
  dropping = false;
  /** Messages that did not reach its client since the session came to this process; null = none. */
  drops: SessionDrops | null = null;
  /** When its client went, milliseconds; 0 = not since the broker started. */
  leftAt = 0;
  will: PendingWill | null = null;
  /** When the will is due while the client is away, milliseconds; Infinity = not waiting. */
  willDueAt = Number.POSITIVE_INFINITY;
  /** When the session ends while the client is away, milliseconds; Infinity = never. */
  endsAt = Number.POSITIVE_INFINITY;
  /** Incoming QoS 2 messages between PUBLISH and PUBREL. */
  readonly inbound = new InboundQos2();
  /** Those of them whose message the store does not have yet, by packet identifier. */
  unwritten: Map<number, StoredMessage> | null = null;
  /** null where no subscription was ever owed retained messages. */
  feed: RetainedFeed | null = null;
  dueAt = 0;
  previous: TimerEntry | null = null;
  next: TimerEntry | null = null;
  slot = -1;
  #connection: Connection | null = null;
  #inflight: Inflight | null = null;
  #backlog: Backlog | null = null;
  /** Subscriptions without options, by QoS. */
  #plain: (Subscription | null)[] | null = null;
  /** The session is over: a message that was on its way to it when it ended is not kept. */
  #ended = false;

  constructor(clientId: string, host: SessionHost, limits: SessionLimits) {
    this.clientId = clientId;
    this.host = host;
    this.limits = limits;
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  /** Connected and keeping up: what a share group prefers. */
  get ready(): boolean {
    const connection = this.#connection;
    return connection !== null && !connection.output.congested && this.queuedMessages === 0;
  }

  get away(): boolean {
    return this.#connection === null;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get queuedMessages(): number {
    return this.#backlog?.length ?? 0;
  }

  /** What waits for its client; null = nothing ever did. */
  get backlog(): Backlog | null {
    return this.#backlog;
  }

  /** What is on its way to the client; null = nothing ever was. */
  get inflight(): Inflight | null {
    return this.#inflight;
  }

  /** Position of the last message that left the queue. */
  get head(): number {
    return this.#backlog?.head ?? 0;
  }

  /** A subscription as asked for; plain ones of the same QoS are one object. */
  subscription(options: SubscriptionOptions): Subscription {
    const { qos, noLocal = false, retainAsPublished = false, identifiers = null } = options;
    if (noLocal || retainAsPublished || identifiers !== null) return new Subscription(this, options);
    this.#plain ??= [null, null, null];
    this.#plain[qos] ??= new Subscription(this, { qos });
    return this.#plain[qos];
  }

  /** Retained messages that its new subscriptions are owed. */
  get retainedFeed(): RetainedFeed {
    this.feed ??= new RetainedFeed(this);
    return this.feed;
  }

  /** From now on it is this client's: what its filters match is looked at with the client's rights. */
  belongsTo(client: ClientInfo): void {
    const before = this.client;
    this.client = client;
    if (client.verified) belongToUser(this, client.username ?? null);
    if (this.subscriptions === null || before === client) return;
    if (!isSameParty(before, client)) this.host.rematch(this.subscriptions.keys());
  }

  /** One that an earlier broker kept, and whose client is not back, gets everything: it is looked at when it leaves. */
  mayReceive(topic: string): boolean {
    return this.client === null || this.host.mayReceive(this.client, topic);
  }

  expire(now: number): void {
    this.host.sessionDue(this, now);
  }

  /** Binds a connection; `windowLimit` is how many QoS 1 and 2 messages may be in flight to it. */
  attach(connection: Connection, windowLimit: number): void {
    this.#connection = connection;
    this.#inflight ??= new Inflight(this);
    this.#inflight.attach(windowLimit);
    this.dropping = false;
  }

  detach(): void {
    this.#connection = null;
    this.leftAt = this.host.now;
    this.#inflight?.leave();
    this.#backlog?.leave();
  }

  // ---- new messages

  deliver(fanout: Fanout, delivery: Delivery): void {
    // The lower of the two, as the subscriber asked and the publisher sent. // [MQTT-3.8.4-8]
    const qos = fanout.qos < delivery.qos ? fanout.qos : delivery.qos;
    const retain = fanout.retain && delivery.retainAsPublished; // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    const { identifiers } = delivery;
    const connection = this.#connection;
    if (qos === 0) {
      if (connection !== null && this.#backlog?.ordersQos0 !== true) {
        connection.output.sendQos0(fanout, retain, identifiers);
      } else if (this.host.memory.short) {
        this.host.dropped(this, 'memory-pressure');
      } else if (connection !== null || (this.host.queueQos0 && this.#canKeep)) {
        this.#enqueueLive(fanout, this.#item(fanout.message(), qos, retain, identifiers));
      } else {
        this.host.dropped(this, 'offline');
      }
      return;
    }
    const item = this.#item(fanout.message(), qos, retain, identifiers);
    if (connection !== null && this.#mayStart(connection, qos)) this.#sendFanout(connection, fanout, item);
    else this.#enqueueLive(fanout, item);
  }

  /** What is queued for a client that is away can be written: nobody is told of QoS 0, so it must not pile up. */
  get #canKeep(): boolean {
    return this.number === 0 || this.host.journal!.failure === null;
  }

  #item(message: Message, qos: QoS, retain: boolean, identifiers: readonly number[] | null): QueuedMessage {
    return new QueuedMessage(this, message, qos, retain, identifiers, this.host.now);
  }

  deliverRun(run: PublishRun, delivery: Delivery): boolean {
    const connection = this.#connection;
    if (connection === null || this.#backlog?.ordersQos0 === true) return false;
    return connection.output.sendRun(run, delivery.identifiers);
  }

  /**
   * Whether a QoS 1 or 2 message may start on its way now: nothing waits before it and the window has room. Nothing else
   * asks. // [MQTT-3.3.4-10] [MQTT-4.9.0-3]
   */
  #mayStart(connection: Connection, qos: QoS): boolean {
    const inflight = this.#inflight!;
    return (
      this.queuedMessages === 0 &&
      (!inflight.waiting || (qos === 2 && this.number > 0)) &&
      !connection.output.congested &&
      inflight.hasRoom
    );
  }

  #sendFanout(connection: Connection, fanout: Fanout, item: QueuedMessage): void {
    if (this.number > 0 && item.qos === 2) {
      this.host.journal!.hold(item, fanout);
      this.#inflight!.startLater(item);
      return;
    }
    const frame = connection.output.frameOf(fanout, true, item.identifiers);
    if (frame === null) return;
    if (this.number > 0) this.host.journal!.hold(item, fanout);
    this.#inflight!.start(connection, item, frame);
  }

  /** Queues a message that was published just now. */
  #enqueueLive(fanout: Fanout, item: QueuedMessage): void {
    if (this.#ended) return;
    if (this.host.memory.critical && this.number === 0) {
      this.host.dropped(this, 'memory-pressure');
      return;
    }
    const backlog = this.waiting;
    if (!backlog.makeRoom(item.size)) {
      this.host.dropped(this, 'queue-full');
      return;
    }
    if (this.#ended) return; // who heard of what was dropped for it may have ended the session
    // QoS 0 waits in memory behind what it must not pass, and in the store where the rest is there.
    if (this.number > 0 && (item.qos > 0 || this.#connection === null || backlog.storesQos0)) {
      this.host.journal!.hold(item, fanout);
      backlog.pushKept(item);
    } else {
      backlog.push(item);
    }
  }

  /** What waits for its client, or will. */
  get waiting(): Backlog {
    this.#backlog ??= new Backlog(this);
    return this.#backlog;
  }

  /**
   * Sends a retained message to a new subscription, or queues it, whatever the limits: who calls takes care not to bring
   * many.
   *
   * @param kept what the store has of it; 0 = nothing
   */
  deliverRetained(
    message: Message,
    kept: StoredMessage | number,
    qos: QoS,
    identifiers: readonly number[] | null,
  ): void {
    if (this.#ended) return;
    const connection = this.#connection;
    if (qos === 0 && connection !== null && !connection.output.congested && this.queuedMessages === 0) {
      const frame = connection.output.frameOfMessage(message, false, identifiers);
      if (frame !== null) connection.output.sendFrame(frame, 0, true, false, 0);
      return;
    }
    const item = this.#item(message, qos, true, identifiers);
    if (this.number > 0 && qos > 0 && kept !== 0) {
      this.host.journal!.holdRetained(item, kept);
      this.waiting.pushKept(item);
    } else {
      this.waiting.push(item);
    }
  }

  /** Whether a QoS 1 or 2 message would be dropped for want of room; `size` is what the store takes for it. */
  lacksRoomFor(qos: QoS, size: number): boolean {
    return this.#wouldWait(qos) && this.waiting.lacksRoomFor(size);
  }

  /** Whether a QoS 1 or 2 message would have to wait, and nobody but this broker's memory would keep it. */
  waitsInMemory(qos: QoS): boolean {
    return this.number === 0 && this.#wouldWait(qos);
  }

  #wouldWait(qos: QoS): boolean {
    const connection = this.#connection;
    return connection === null || !this.#mayStart(connection, qos);
  }

  /** What goes out again for a message in flight; null where its client may not have it any more, or it is too large. */
  frameToSend(connection: Connection, message: Message, identifiers: readonly number[] | null): PublishFrame | null {
    if (this.mayReceive(message.topic)) return connection.output.frameOfMessage(message, true, identifiers);
    this.host.dropped(this, 'not-allowed');
    return null;
  }

  // ---- sending what waits

  /** Sends what waits, as far as window and connection take it. */
  pump(): void {
    const connection = this.#connection;
    if (connection === null) return;
    const inflight = this.#inflight!;
    inflight.sendUnsent(connection);
    const backlog = this.#backlog;
    // A program that hears of a drop may end the connection, or the session with its queue.
    if (backlog !== null && this.#connection === connection) this.#sendQueue(connection, inflight, backlog);
    if (this.#connection === connection) this.feed?.more();
  }

  #sendQueue(connection: Connection, inflight: Inflight, backlog: Backlog): void {
    while (this.#connection === connection && !connection.output.congested) {
      const item = backlog.peek();
      if (item === undefined || (item.qos > 0 && !inflight.hasRoom)) break;
      const later = item.qos === 2 && this.number > 0;
      if (inflight.waiting && !later) break; // it must not pass what waits for its group
      backlog.shift();
      const stale = item.lapsed ?? backlog.staleness(item.message!.expiresAt, item.at) ?? this.#forbidden(item);
      if (stale !== null) {
        this.host.journal?.settle(item);
        this.host.dropped(this, stale); // [MQTT-3.3.2-5]
      } else if (later) {
        inflight.startLater(item);
      } else {
        this.#sendItem(connection, inflight, item);
      }
    }
    if (this.#connection === connection) backlog.refill();
  }

  /** Rights may have changed while it waited. */
  #forbidden(item: QueuedMessage): 'not-allowed' | null {
    return this.mayReceive(item.message!.topic) ? null : 'not-allowed';
  }

  #sendItem(connection: Connection, inflight: Inflight, item: QueuedMessage): void {
    const frame = connection.output.frameOfMessage(item.message!, item.qos > 0, item.identifiers);
    if (frame === null || item.qos === 0) this.host.journal?.settle(item);
    if (frame === null) return;
    if (item.qos > 0) inflight.start(connection, item, frame);
    else connection.output.sendFrame(frame, 0, item.retain, false, 0);
  }

  /** The group of operations it waited for is written. */
  written(): void {
    if (this.#connection === null) this.#backlog?.written();
    else this.goOn();
  }

  /** Sends what waits when the store has answered: what goes wrong ends the connection, and not the broker. */
  goOn(): void {
    const connection = this.#connection;
    if (connection === null) return;
    try {
      this.pump();
    } catch (error) {
      connection.fail(error);
    }
  }

  // ---- keeping

  /** The store could not keep a message, and its publisher was told so. */
  cancelled(item: QueuedMessage): void {
    if (item.packetId > 0) {
      this.#inflight!.cancelled(item);
      return;
    }
    this.#backlog!.cancelled(item);
  }

  restoreInflight(packetId: number, item: QueuedMessage, released: boolean): void {
    this.#inflight ??= new Inflight(this);
    this.#inflight.restore(packetId, item, released);
  }

  /** Lets go of everything that waits, when the session ends; nothing is queued for it any more. */
  clear(): void {
    this.#ended = true;
    this.feed = null;
    this.#inflight?.clear();
    this.#backlog?.clear();
    this.#backlog = null;
  }
}
