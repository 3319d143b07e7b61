import { InboundQos2, OutboundWindow, PacketType, type QoS } from '@cauldron/protocol';
import type { Connection } from '../connection/connection.ts';
import type { Message } from '../message.ts';
import type { Subscriber } from '../ports.ts';
import type { Fanout } from '../routing/fanout.ts';
import type { PublishRun } from '../routing/publish-run.ts';
import { type Delivery, Subscription, type SubscriptionOptions } from '../routing/subscription.ts';
import type { TimerEntry } from '../timing/timer-wheel.ts';
import { OfflineQueue, type QueuedMessage } from './offline-queue.ts';
import type { PendingWill } from './will.ts';

/** What a session needs of the broker around it. */
export interface SessionHost {
  readonly now: number;
  /** A message did not reach this session's client. */
  dropped(session: Session, reason: 'queue-full' | 'offline' | 'expired'): void;
  /** Messages and bytes entered (+) or left (-) the session's queue. */
  queueChanged(messages: number, bytes: number): void;
  /** A will or the session itself is due. */
  sessionDue(session: Session, now: number): void;
  readonly queueQos0: boolean;
}

export interface SessionLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
}

/**
 * What the broker keeps for a client identifier: subscriptions, what is in flight in both directions, what waits, and
 * the will (section 3.1.2.11.2 and 4.1). It outlives its connection as far as its expiry interval says.
 */
export class Session implements Subscriber, TimerEntry {
  readonly clientId: string;
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
  dueAt = 0;
  previous: TimerEntry | null = null;
  next: TimerEntry | null = null;
  slot = -1;
  readonly #host: SessionHost;
  readonly #limits: SessionLimits;
  #connection: Connection | null = null;
  #window: OutboundWindow<QueuedMessage> | null = null;
  #queue: OfflineQueue | null = null;
  /** Retained and QoS 0 items in the queue: while there are any, live QoS 0 waits behind them and passes nothing older. */
  #orderedInQueue = 0;
  #windowLimit = 0;
  /** Subscriptions without options, by QoS. */
  #plain: (Subscription | null)[] | null = null;
  /** In flight since an earlier connection and not sent again yet: the window of this one had no room. Null = none. */
  #unsent: number[] | null = null;
  /** The session is over: a message that was on its way to it when it ended is not kept. */
  #ended = false;

  constructor(clientId: string, host: SessionHost, limits: SessionLimits) {
    this.clientId = clientId;
    this.#host = host;
    this.#limits = limits;
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  /** Connected and keeping up: what a share group prefers. */
  get ready(): boolean {
    const connection = this.#connection;
    return connection !== null && !connection.output.congested && (this.#queue === null || this.#queue.length === 0);
  }

  get away(): boolean {
    return this.#connection === null;
  }

  get queuedMessages(): number {
    return this.#queue?.length ?? 0;
  }

  get inflight(): number {
    return this.#window?.size ?? 0;
  }

  /** A subscription as asked for; plain ones of the same QoS are one object. */
  subscription(options: SubscriptionOptions): Subscription {
    const { qos, noLocal = false, retainAsPublished = false, identifiers = null } = options;
    if (noLocal || retainAsPublished || identifiers !== null) return new Subscription(this, options);
    this.#plain ??= [null, null, null];
    this.#plain[qos] ??= new Subscription(this, { qos });
    return this.#plain[qos];
  }

  expire(now: number): void {
    this.#host.sessionDue(this, now);
  }

  /** Binds a connection; `windowLimit` is how many QoS 1 and 2 messages may be in flight to it. */
  attach(connection: Connection, windowLimit: number): void {
    this.#connection = connection;
    this.#windowLimit = windowLimit;
    this.dropping = false;
  }

  detach(): void {
    this.#connection = null;
    this.#unsent = null;
  }

  deliver(fanout: Fanout, delivery: Delivery): void {
    // The lower of the two, as the subscriber asked and the publisher sent. // [MQTT-3.8.4-8]
    const qos = fanout.qos < delivery.qos ? fanout.qos : delivery.qos;
    const retain = fanout.retain && delivery.retainAsPublished; // [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    const connection = this.#connection;
    if (qos === 0) {
      if (connection !== null && this.#orderedInQueue === 0) {
        connection.output.sendQos0(fanout, retain, delivery.identifiers);
      } else if (connection !== null || this.#host.queueQos0) {
        this.#enqueue({ message: fanout.message(), qos, retain, identifiers: delivery.identifiers }, false);
      } else {
        this.#host.dropped(this, 'offline');
      }
      return;
    }
    const item: QueuedMessage = { message: fanout.message(), qos, retain, identifiers: delivery.identifiers };
    if (connection !== null && this.#mayStart(connection)) this.#sendFanout(connection, fanout, item);
    else this.#enqueue(item, false);
  }

  deliverRun(run: PublishRun, delivery: Delivery): boolean {
    const connection = this.#connection;
    return connection !== null && this.#orderedInQueue === 0 && connection.output.sendRun(run, delivery.identifiers);
  }

  /**
   * Whether a QoS 1 or 2 message may go out now: nothing waits before it and the window has room. Nothing else asks.
   * // [MQTT-3.3.4-10] [MQTT-4.9.0-3]
   */
  #mayStart(connection: Connection): boolean {
    return (
      (this.#queue === null || this.#queue.length === 0) &&
      this.#unsent === null &&
      !connection.output.congested &&
      (this.#window === null || this.#window.size < this.#windowLimit) // [MQTT-3.3.4-9] [MQTT-4.9.0-2]
    );
  }

  #sendFanout(connection: Connection, fanout: Fanout, item: QueuedMessage): void {
    const frame = connection.output.frameOf(fanout, true, item.identifiers);
    if (frame === null) return;
    this.#window ??= new OutboundWindow();
    const packetId = this.#window.add(item);
    connection.output.sendFrame(frame, item.qos, item.retain, false, packetId); // [MQTT-4.3.2-2] [MQTT-4.3.3-2]
  }

  /** So many retained messages wait already that one more subscription's would be too many. */
  get owesEnoughRetained(): boolean {
    return this.#orderedInQueue > this.#limits.maxQueuedMessages;
  }

  /**
   * Queues a retained message for a new subscription. What one subscription asks for is `unlimited`; a client that
   * subscribes again and again and does not read is held to the limits.
   */
  deliverRetained(message: Message, qos: QoS, identifiers: readonly number[] | null, unlimited: boolean): void {
    this.#enqueue({ message, qos, retain: true, identifiers }, unlimited);
  }

  #enqueue(item: QueuedMessage, unlimited: boolean): void {
    if (this.#ended) return;
    this.#queue ??= new OfflineQueue();
    const queue = this.#queue;
    if (!unlimited && this.#full(queue, item.message.size)) {
      this.#dropExpired(queue);
      if (this.#full(queue, item.message.size)) {
        this.#host.dropped(this, 'queue-full');
        return;
      }
    }
    queue.push(item);
    if (item.qos === 0 || item.retain) this.#orderedInQueue += 1;
    this.#host.queueChanged(1, item.message.size);
  }

  #full(queue: OfflineQueue, more: number): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#limits;
    return queue.length >= maxQueuedMessages || queue.bytes + more > maxQueuedBytes;
  }

  /** Drops what expired at the head of the queue. // [MQTT-3.3.2-5] */
  #dropExpired(queue: OfflineQueue): void {
    while (queue.peek()?.message.expired(this.#host.now) === true) {
      this.#shift(queue);
      this.#host.dropped(this, 'expired');
    }
  }

  /** Sends what waits, as far as window and connection take it. */
  pump(): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (this.#unsent !== null) this.#resendRest(connection);
    const queue = this.#queue;
    if (queue === null) return;
    // A program that hears of a drop may end the connection, or the session with its queue.
    while (this.#connection === connection && !connection.output.congested) {
      const item = queue.peek();
      if (item === undefined) return;
      if (item.qos > 0 && this.inflight >= this.#windowLimit) return;
      this.#shift(queue);
      if (item.message.expired(this.#host.now))
        this.#host.dropped(this, 'expired'); // [MQTT-3.3.2-5]
      else this.#sendItem(connection, item);
    }
  }

  #shift(queue: OfflineQueue): void {
    const item = queue.shift()!;
    if (item.qos === 0 || item.retain) this.#orderedInQueue -= 1;
    this.#host.queueChanged(-1, -item.message.size);
  }

  #sendItem(connection: Connection, item: QueuedMessage): void {
    const frame = connection.output.frameOfMessage(item.message, item.qos > 0, item.identifiers);
    if (frame === null) return;
    if (item.qos === 0) {
      connection.output.sendFrame(frame, 0, item.retain, false, 0);
      return;
    }
    this.#window ??= new OutboundWindow();
    connection.output.sendFrame(frame, item.qos, item.retain, false, this.#window.add(item));
  }

  /**
   * Sends everything unacknowledged again, in its order, when a client comes back: PUBRELs at once, PUBLISHes as the
   * window of the new connection allows. {@link pump} follows. // [MQTT-4.4.0-1]
   */
  resend(): void {
    const connection = this.#connection;
    if (connection === null || this.#window === null) return;
    const unsent: number[] = [];
    this.#window.forEach((packetId, _item, released) => {
      if (released)
        connection.output.sendAck(PacketType.pubrel, packetId, 0); // [MQTT-4.3.3-5] [MQTT-4.3.3-6]
      else unsent.push(packetId);
    });
    if (unsent.length > 0) this.#unsent = unsent;
  }

  #resendRest(connection: Connection): void {
    const unsent = this.#unsent!;
    const window = this.#window!;
    let next = 0;
    // [MQTT-3.3.4-9] [MQTT-4.9.0-2]
    while (
      next < unsent.length &&
      this.#connection === connection &&
      !connection.output.congested &&
      window.size - (unsent.length - next) < this.#windowLimit
    ) {
      const packetId = unsent[next++]!;
      const item = window.published(packetId)!;
      // It expires no more: its delivery has begun. // [MQTT-4.3.3-7]
      const frame = connection.output.frameOfMessage(item.message, true, item.identifiers);
      if (frame === null) window.remove(packetId);
      else connection.output.sendFrame(frame, item.qos, item.retain, true, packetId); // [MQTT-3.3.1-1]
    }
    if (this.#connection === connection) this.#unsent = next === unsent.length ? null : unsent.slice(next);
  }

  /** PUBACK: the QoS 1 message is the client's. False when none was in flight under that identifier. */
  acknowledged(packetId: number): boolean {
    const item = this.#window?.published(packetId);
    if (item === undefined || item === null || item.qos !== 1) return false;
    this.#window!.remove(packetId); // [MQTT-4.3.2-3] [MQTT-4.4.0-2]
    this.#settled(packetId);
    this.pump();
    return true;
  }

  /**
   * PUBREC: the QoS 2 message is the client's, or with an error code it never will be. The exchange goes on whether the
   * message has expired or not. False when unknown. // [MQTT-4.3.3-3] [MQTT-4.3.3-13]
   */
  received(packetId: number, reasonCode: number): boolean {
    const window = this.#window;
    if (window === null) return false;
    if (window.released(packetId)) return true;
    const item = window.published(packetId);
    if (item === null || item.qos !== 2) return false;
    this.#settled(packetId);
    if (reasonCode < 0x80) {
      window.release(packetId);
      return true;
    }
    window.remove(packetId); // [MQTT-4.4.0-2] [MQTT-4.8.2-6]
    this.pump();
    return true;
  }

  /** PUBCOMP: the identifier is free again. False when unknown. */
  completed(packetId: number): boolean {
    if (this.#window === null || !this.#window.released(packetId)) return false;
    this.#window.remove(packetId); // [MQTT-4.3.3-5]
    this.pump();
    return true;
  }

  /** The client answered for a message of an earlier connection: it need not be sent again. // [MQTT-4.3.3-6] */
  #settled(packetId: number): void {
    if (this.#unsent !== null) this.#unsent = this.#unsent.filter((id) => id !== packetId);
  }

  /** Whether a PUBREL is due for the identifier. */
  awaitsCompletion(packetId: number): boolean {
    return this.#window?.released(packetId) ?? false;
  }

  /** Lets go of everything that waits, when the session ends; nothing is queued for it any more. */
  clear(): void {
    this.#ended = true;
    if (this.#queue !== null) this.#host.queueChanged(-this.#queue.length, -this.#queue.bytes);
    this.#queue = null;
    this.#window = null;
    this.#unsent = null;
    this.#orderedInQueue = 0;
  }
}
