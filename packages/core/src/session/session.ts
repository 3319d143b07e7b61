import { InboundQos2, type QoS } from '@cauldron/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Message } from '../message.ts';
import type { Subscriber } from '../ports.ts';
import type { Fanout } from '../routing/fanout.ts';
import type { PublishRun } from '../routing/publish-run.ts';
import { type Delivery, Subscription, type SubscriptionOptions } from '../routing/subscription.ts';
import { SessionChange } from '../store/group.ts';
import type { SessionRecord, SubscriptionRecord } from '../store/operations.ts';
import type { StoredMessage } from '../store/stored-message.ts';
import type { TimerEntry } from '../timing/timer-wheel.ts';
import { BacklogReader } from './backlog-reader.ts';
import { Inflight } from './inflight.ts';
import { deliveryState, sessionRecord, subscriptionRecord } from './persistence.ts';
import { QueuedMessage } from './queued-message.ts';
import { RetainedFeed } from './retained-feed.ts';
import type { SessionHost, SessionLimits } from './session-host.ts';
import { SessionQueue } from './session-queue.ts';
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
  /** Messages are being dropped; said once. */
  dropping = false;
  will: PendingWill | null = null;
  /** When the will is due while the client is away, milliseconds; Infinity = not waiting. */
  willDueAt = Number.POSITIVE_INFINITY;
  /** When the session ends while the client is away, milliseconds; Infinity = never. */
  endsAt = Number.POSITIVE_INFINITY;
  /** Incoming QoS 2 messages between PUBLISH and PUBREL. */
  readonly inbound = new InboundQos2();
  /** null where no subscription was ever owed retained messages. */
  feed: RetainedFeed | null = null;
  dueAt = 0;
  previous: TimerEntry | null = null;
  next: TimerEntry | null = null;
  slot = -1;
  #connection: Connection | null = null;
  #inflight: Inflight | null = null;
  #queue: SessionQueue | null = null;
  #backlog: BacklogReader | null = null;
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
    return this.#queue?.length ?? 0;
  }

  /** What is on its way to the client; null = nothing ever was. */
  get inflight(): Inflight | null {
    return this.#inflight;
  }

  /** Position of the last message that left the queue. */
  get head(): number {
    return this.#queue?.head ?? 0;
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
    this.#inflight?.leave();
    this.#backlog?.stop();
    if (this.number > 0) this.#queue?.leave();
  }

  // ---- new messages

  deliver(fanout: Fanout, delivery: Delivery): void {
    // The lower of the two, as the subscriber asked and the publisher sent. // [MQTT-3.8.4-8]
    const qos = fanout.qos < delivery.qos ? fanout.qos : delivery.qos;
    const retain = fanout.retain && delivery.retainAsPublished; // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    const { identifiers } = delivery;
    const connection = this.#connection;
    if (qos === 0) {
      if (connection !== null && (this.#queue === null || !this.#queue.ordersQos0)) {
        connection.output.sendQos0(fanout, retain, identifiers);
      } else if (connection !== null || this.host.queueQos0) {
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

  #item(message: Message, qos: QoS, retain: boolean, identifiers: readonly number[] | null): QueuedMessage {
    return new QueuedMessage(this, message, qos, retain, identifiers, this.host.now);
  }

  deliverRun(run: PublishRun, delivery: Delivery): boolean {
    const connection = this.#connection;
    if (connection === null || this.#queue?.ordersQos0 === true) return false;
    return connection.output.sendRun(run, delivery.identifiers);
  }

  /**
   * Whether a QoS 1 or 2 message may start on its way now: nothing waits before it and the window has room. Nothing else
   * asks. // [MQTT-3.3.4-10] [MQTT-4.9.0-3]
   */
  #mayStart(connection: Connection, qos: QoS): boolean {
    const inflight = this.#inflight!;
    return (
      (this.#queue === null || this.#queue.length === 0) &&
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
    if (this.#ended || this.#refuses(item)) return;
    const queue = this.#queue!;
    // QoS 0 waits in memory behind what it must not pass, and in the store where the rest is there.
    if (this.number > 0 && (item.qos > 0 || this.#connection === null || queue.stored > 0)) {
      this.host.journal!.hold(item, fanout);
      this.#push(queue, item);
    } else {
      this.#pushInMemory(queue, item);
    }
  }

  /**
   * Queues a retained message for a new subscription, whatever the limits: who calls takes care not to bring many.
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
    const item = this.#item(message, qos, true, identifiers);
    this.#queue ??= new SessionQueue(this.host.memoryWindow);
    if (this.number > 0 && qos > 0 && kept !== 0) {
      this.host.journal!.holdRetained(item, kept);
      this.#push(this.#queue, item);
    } else {
      this.#pushInMemory(this.#queue, item);
    }
  }

  /** Enters a message the store keeps: in memory too where there is a client to read it soon. */
  #push(queue: SessionQueue, item: QueuedMessage): void {
    const journal = this.host.journal!;
    item.position = journal.nextNumber();
    journal.hurry(); // it may wait here for long
    this.host.queueChanged(1, item.size);
    if (this.#connection !== null && queue.hasWindow) queue.push(item);
    else queue.pushStored(item);
  }

  #pushInMemory(queue: SessionQueue, item: QueuedMessage): void {
    this.host.queueChanged(1, item.size);
    queue.push(item);
  }

  // ---- the limits of the queue

  /** One more message has no place. */
  get full(): boolean {
    return this.#isFull(0);
  }

  #isFull(more: number): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.limits;
    const queue = this.#queue;
    if (queue === null) return maxQueuedMessages === 0 || more > maxQueuedBytes;
    return queue.length >= maxQueuedMessages || queue.bytes + more > maxQueuedBytes;
  }

  /** The queue holds more than it may. */
  get overfull(): boolean {
    const queue = this.#queue!;
    return queue.length > this.limits.maxQueuedMessages || queue.bytes > this.limits.maxQueuedBytes;
  }

  /** Makes room for a message as the policy says; true where there is none, and the message is dropped. */
  #refuses(item: QueuedMessage): boolean {
    this.#queue ??= new SessionQueue(this.host.memoryWindow);
    const { size } = item;
    if (!this.#isFull(size)) return false;
    this.#dropStale(this.#queue);
    if (this.#isFull(size) && this.#makeRoom(this.#queue, size)) return false;
    if (!this.#isFull(size)) return false;
    this.host.dropped(this, 'queue-full');
    return true;
  }

  /** True where what only the store has will be dropped for it: until it has been read, the queue is over its limit. */
  #makeRoom(queue: SessionQueue, size: number): boolean {
    if (this.limits.queueFull !== 'drop-oldest') {
      if (queue.stored > 0 && queue.items.length === 0) this.#reader(queue).trimStale();
      return false;
    }
    while (this.#isFull(size) && queue.items.length > 0) this.#dropHead(queue, 'queue-full');
    if (!this.#isFull(size) || queue.stored === 0) return false;
    this.#reader(queue).trim();
    return true;
  }

  #reader(queue: SessionQueue): BacklogReader {
    this.#backlog ??= new BacklogReader(this, queue);
    return this.#backlog;
  }

  /** Drops what is too old at the head of the part in memory. // [MQTT-3.3.2-5] */
  #dropStale(queue: SessionQueue): void {
    for (let item = queue.items.peek(); item !== undefined; item = queue.items.peek()) {
      const reason = this.staleness(item.message!.expiresAt, item.at);
      if (reason === null) return;
      this.#dropHead(queue, reason);
    }
  }

  /** Why a queued message is not worth sending any more, or null. Times in milliseconds. */
  staleness(expiresAt: number, at: number): 'expired' | 'too-old' | null {
    const { now } = this.host;
    if (expiresAt <= now) return 'expired';
    const { maxQueuedAge } = this.limits;
    return maxQueuedAge > 0 && at + maxQueuedAge * 1000 <= now ? 'too-old' : null;
  }

  #dropHead(queue: SessionQueue, reason: 'queue-full' | 'expired' | 'too-old'): void {
    const item = this.#shift(queue);
    this.host.journal?.settle(item);
    this.host.dropped(this, reason);
  }

  // ---- sending what waits

  /** Sends what waits, as far as window and connection take it. */
  pump(): void {
    const connection = this.#connection;
    if (connection === null) return;
    const inflight = this.#inflight!;
    inflight.sendUnsent(connection);
    const queue = this.#queue;
    // A program that hears of a drop may end the connection, or the session with its queue.
    if (queue !== null && this.#connection === connection) this.#sendQueue(connection, inflight, queue);
    if (this.#connection === connection) this.feed?.more();
  }

  #sendQueue(connection: Connection, inflight: Inflight, queue: SessionQueue): void {
    while (this.#connection === connection && !connection.output.congested) {
      const item = queue.items.peek();
      if (item === undefined || (item.qos > 0 && !inflight.hasRoom)) break;
      const later = item.qos === 2 && this.number > 0;
      if (inflight.waiting && !later) break; // it must not pass what waits for its group
      this.#shift(queue);
      const stale = this.staleness(item.message!.expiresAt, item.at);
      if (stale !== null) {
        this.host.journal?.settle(item);
        this.host.dropped(this, stale); // [MQTT-3.3.2-5]
      } else if (later) {
        inflight.startLater(item);
      } else {
        this.#sendItem(connection, inflight, item);
      }
    }
    if (queue.stored > 0 && this.#connection === connection) this.#reader(queue).refill();
  }

  #shift(queue: SessionQueue): QueuedMessage {
    const item = queue.shift();
    this.host.queueChanged(-1, -item.size);
    // The store has it as waiting; from now on it is in flight or gone.
    if (item.known) this.host.journal!.touch(this, SessionChange.delivery);
    return item;
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
    this.pump();
  }

  // ---- keeping

  /** A publish of this client was refused after it had been noted. */
  publishRefused(packetId: number): void {
    if (this.inbound.end(packetId)) this.host.journal?.touch(this, SessionChange.delivery);
  }

  /** The store could not keep a message, and its publisher was told so. */
  cancelled(item: QueuedMessage): void {
    if (item.packetId > 0) {
      this.#inflight!.cancelled(item);
      return;
    }
    const queue = this.#queue!;
    const { size } = item;
    if (!queue.remove(item)) queue.unstored(size);
    this.host.queueChanged(-1, -size);
  }

  record(): SessionRecord {
    return sessionRecord(this);
  }

  subscriptionRecord(filter: string): SubscriptionRecord | null {
    return subscriptionRecord(this, filter);
  }

  deliveryState(): Uint8Array {
    return deliveryState(this);
  }

  /** What left the queue before an earlier broker stopped. */
  restoreHead(head: number): void {
    this.#queue ??= new SessionQueue(this.host.memoryWindow);
    this.#queue.head = head;
    this.#queue.readTo = head;
  }

  restoreInflight(packetId: number, item: QueuedMessage, released: boolean): void {
    this.#inflight ??= new Inflight(this);
    this.#inflight.restore(packetId, item, released);
  }

  /** So much waits in the store. */
  restoreQueue(count: number, bytes: number): void {
    this.#queue ??= new SessionQueue(this.host.memoryWindow);
    this.#queue.restore(count, bytes);
    this.host.queueChanged(count, bytes);
  }

  /** Lets go of everything that waits, when the session ends; nothing is queued for it any more. */
  clear(): void {
    this.#ended = true;
    this.#backlog?.stop();
    this.feed = null;
    this.#inflight?.clear();
    const queue = this.#queue;
    if (queue !== null) {
      this.host.queueChanged(-queue.length, -queue.bytes);
      // The store lets go of its entries by itself, so only what it never heard of is settled here.
      for (let item = queue.items.shift(); item !== undefined; item = queue.items.shift()) {
        if (item.known) item.settled = true;
        else this.host.journal?.settle(item);
      }
    }
    this.#queue = null;
  }
}
