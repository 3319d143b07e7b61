import type { AckType, ClientPacket, Properties, SubackPacket, UnsubackPacket } from '@cauldron/protocol';
import { OutboundWindow, PacketType, ReasonCode } from '@cauldron/protocol';
import type { Connection } from './connection.ts';
import { connectionClosed, publishRefused, sessionLost } from './error.ts';
import { Fifo } from './fifo.ts';
import { KeptMessages } from './kept-messages.ts';
import { OfflineQueue } from './offline-queue.ts';
import type { ClientOptions, PublishResult, QueueState } from './options.ts';
import { Outgoing, SUCCESS } from './outgoing.ts';
import { PendingRequest } from './pending-request.ts';
import type { Platform } from './platform.ts';
import type { StoredMessage } from './store.ts';

/** Brokers of 3.1.1 cannot say how many they take; Mosquitto ends the connection of who has more than 20 of QoS 2. */
const MOST_UNTOLD = 20;

const NOTHING = new Fifo<number>();

/** What the sending half needs of its session. */
export interface OutboundPort {
  /** The first of our packets waits for an answer, or none does any more. */
  awaiting(awaiting: boolean): void;
  /** A message ended badly that nobody waits for. */
  undelivered(error: Error, message: Outgoing): void;
}

/**
 * The sending half of a session. It outlives connections: what was accepted leaves in the order it came, and what is in
 * flight when a connection goes is repeated on the next one.
 *
 *     accepted -> waiting -> in flight --PUBACK / PUBCOMP--> done
 *                   ^___________|  the broker lost the session
 *
 * Packet identifiers of PUBLISH, SUBSCRIBE and UNSUBSCRIBE come from one window, so none is used twice.
 * // [MQTT-2.2.1-3]
 */
export class Outbound {
  readonly #options: ClientOptions;
  readonly #port: OutboundPort;
  readonly #kept: KeptMessages;
  readonly #window = new OutboundWindow<Outgoing | PendingRequest>();
  readonly #waiting: OfflineQueue;
  /** Identifiers in flight from earlier connections, still to be repeated on this one. */
  #repeat = NOTHING;
  #connection: Connection | null = null;
  /** How many may be in flight on this connection, and how many are. */
  #limit = 0;
  #inflight = 0;
  #requests = 0;
  #pumping = false;
  #awaited = false;
  #finished: (() => void) | undefined;

  constructor(options: ClientOptions, port: OutboundPort) {
    this.#options = options;
    this.#port = port;
    this.#kept = new KeptMessages(options.store);
    this.#waiting = new OfflineQueue(options.queue ?? {});
  }

  get state(): QueueState {
    return {
      messages: this.#waiting.size,
      bytes: this.#waiting.bytes,
      inflight: this.#window.size - this.#requests,
      dropped: this.#waiting.dropped,
    };
  }

  /** Something waits that was accepted earlier. */
  get waiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Nothing waits and nothing is in flight. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#window.size === 0;
  }

  /** Fulfilled when it is {@link idle}, or after `timeout` milliseconds. */
  async finished(timeout: number, platform: Platform): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#finished = done.resolve;
    const timer = platform.setTimer(timeout, done.resolve);
    await done.promise;
    timer.cancel();
  }

  /** Takes back what a store kept. What was accepted meanwhile waits behind it. */
  restore(messages: readonly StoredMessage[]): void {
    const early = this.#waiting.drain();
    this.#kept.isRestored = true;
    const inflight = messages.filter(({ packetId }) => packetId > 0).sort((a, b) => a.sent - b.sent);
    for (const stored of inflight) {
      this.#window.put(stored.packetId, this.#kept.restored(stored));
      if (stored.received) this.#window.release(stored.packetId);
    }
    for (const stored of messages) if (stored.packetId === 0) this.#waiting.push(this.#kept.restored(stored));
    for (const item of early) {
      this.#waiting.push(item);
      this.#put(item);
    }
  }

  // ---- messages in

  /** Accepts a message. It is kept at once in memory, otherwise when the store has it. */
  accept(item: Outgoing, signal?: AbortSignal): void {
    if (!this.#makeRoom(item)) return;
    if (signal !== undefined) {
      item.giveUpWith(signal, () => {
        this.#takeOut(item);
        this.#awaits();
      });
    }
    this.#waiting.push(item);
    if (item.qos === 0 || !this.#kept.isDurable) this.#isKept(item);
    else if (this.#kept.isRestored) this.#put(item);
  }

  #put(item: Outgoing): void {
    if (!item.kept) this.#kept.put(item, () => this.#isKept(item));
  }

  #isKept(item: Outgoing): void {
    item.kept = true;
    item.whenKept?.();
    this.#pump();
  }

  /** False where there is no place for it and it was refused. */
  #makeRoom(item: Outgoing): boolean {
    if (this.#mayGo(item)) return true;
    if (item.qos === 0 && this.#options.queue?.qos0 === false && !this.#connection?.open) {
      item.reject(connectionClosed('there is no connection, and QoS 0 messages do not wait for one (queue.qos0)'));
      return false;
    }
    return this.#waiting.makeRoom(item, (victim, error) => {
      if (victim !== item) this.#kept.forget(victim);
      this.#fail(victim, error);
    });
  }

  /** It need not wait for anything but the store. */
  #mayGo({ qos }: Outgoing): boolean {
    if (!this.#connection?.open || this.#waiting.size > 0 || this.#repeat.size > 0) return false;
    return qos === 0 || this.#inflight < this.#limit;
  }

  #takeOut(item: Outgoing): void {
    if (this.#waiting.remove(item)) this.#kept.forget(item);
  }

  // ---- messages out

  /**
   * A connection is there. // [MQTT-4.4.0-1]
   *
   * @param sessionPresent the broker still has the session, so that what is in flight goes on where it was
   */
  connected(connection: Connection, sessionPresent: boolean): void {
    this.#connection = connection;
    const wished = this.#options.maxInflight ?? (connection.protocolVersion < 5 ? MOST_UNTOLD : 1000);
    this.#limit = Math.min(wished, connection.limits.receiveMaximum ?? 65_535); // [MQTT-3.3.4-7]
    this.#inflight = 0;
    this.#repeat = NOTHING;
    if (sessionPresent) {
      this.#repeat = new Fifo();
      this.#window.forEach((packetId, item, released) => {
        if (!(item instanceof Outgoing)) return;
        if (!released) this.#repeat.push(packetId);
        else {
          // Only PUBLISH packets wait for their turn. // [MQTT-3.3.4-8] [MQTT-4.6.0-4]
          this.#inflight += 1;
          if (item.kept) this.#release(connection, packetId, ReasonCode.success);
        }
      });
    } else this.#startOver();
    this.#pump();
  }

  /** The broker knows nothing of what was in flight. // [MQTT-3.2.2-5] */
  #startOver(): void {
    const again: Outgoing[] = [];
    const lost = this.#takeInflight();
    for (const [item, released] of lost) {
      if (released) this.#complete(item, SUCCESS);
      else if (item.qos < 2 || !item.sent || this.#options.onSessionLost === 'resend') again.push(item);
      else this.#end(item, sessionLost());
    }
    const behind = this.#waiting.drain();
    for (const item of again) {
      item.sent = false;
      this.#kept.unsent(item);
      this.#waiting.push(item);
    }
    for (const item of behind) this.#waiting.push(item);
  }

  /** Takes every message out of the window, in the order they were sent, with whether only its PUBREL was due. */
  #takeInflight(): [item: Outgoing, released: boolean][] {
    const taken: [Outgoing, boolean][] = [];
    const packetIds: number[] = [];
    this.#window.forEach((packetId, item, released) => {
      if (!(item instanceof Outgoing)) return;
      taken.push([item, released]);
      packetIds.push(packetId);
    });
    for (const packetId of packetIds) this.#window.remove(packetId);
    return taken;
  }

  /** The connection is gone. Requests are over; messages stay. */
  disconnected(): void {
    this.#connection = null;
    this.#limit = 0;
    const requests: number[] = [];
    this.#window.forEach((packetId, item) => {
      if (item instanceof PendingRequest) requests.push(packetId);
    });
    for (const packetId of requests) this.#window.remove(packetId);
    this.#requests = 0;
    this.#awaits();
  }

  /** Sends as much as may be sent now. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#connection?.open && this.#next(this.#connection));
    } finally {
      this.#pumping = false;
    }
    this.#awaits();
  }

  /** Sends one message; false when none is left or may go. */
  #next(connection: Connection): boolean {
    if (this.#repeat.size > 0) return this.#sendAgain(connection, this.#repeat.first!);
    const item = this.#waiting.first;
    if (item === undefined || !item.kept) return false;
    if (item.qos > 0 && (this.#inflight >= this.#limit || this.#window.size >= 65_535)) return false;
    this.#waiting.shift();
    if (item.qos === 0) this.#sendQos0(connection, item);
    else this.#start(connection, item);
    return true;
  }

  #sendQos0(connection: Connection, item: Outgoing): void {
    try {
      item.send(connection, 0, false);
      item.resolve(SUCCESS);
    } catch (error) {
      this.#fail(item, error as Error);
    }
  }

  /** Gives a message its identifier and sends it, once the store knows that. */
  #start(connection: Connection, item: Outgoing): void {
    const packetId = this.#window.add(item);
    this.#inflight += 1;
    this.#kept.sent(item, packetId, () => {
      if (this.#connection !== connection) this.#pump();
      else if (this.#window.published(packetId) === item) this.#transmit(connection, packetId, item, false);
    });
  }

  /** False where it has to wait, and with it those behind it. */
  #sendAgain(connection: Connection, packetId: number): boolean {
    const item = this.#window.published(packetId);
    if (item instanceof Outgoing) {
      if (this.#inflight >= this.#limit || !item.kept) return false;
      this.#inflight += 1;
      this.#transmit(connection, packetId, item, item.sent); // [MQTT-3.3.1-1]
    }
    this.#repeat.shift();
    return true;
  }

  #transmit(connection: Connection, packetId: number, item: Outgoing, dup: boolean): void {
    item.sent = true;
    try {
      item.send(connection, packetId, dup);
    } catch (error) {
      this.#window.remove(packetId);
      this.#inflight -= 1;
      this.#end(item, error as Error);
      this.#pump();
    }
  }

  #release(connection: Connection, packetId: number, reasonCode: number): void {
    connection.send({ type: PacketType.pubrel, packetId, reasonCode });
  }

  // ---- answers

  /** PUBACK, PUBREC or PUBCOMP. One that answers nothing of ours is ignored, save a PUBREC, which is told so. */
  acknowledged(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void {
    const connection = this.#connection;
    if (connection === null) return;
    const item = this.#window.published(packetId);
    if (type === PacketType.pubrec) this.#received(connection, packetId, reasonCode, properties);
    else if (type === PacketType.puback) {
      if (item instanceof Outgoing && item.qos === 1) this.#answered(packetId, item, reasonCode, properties);
    } else if (this.#window.released(packetId)) {
      // A broker that no longer knows the identifier has completed the exchange. // [MQTT-4.3.3-7]
      this.#answered(packetId, this.#window.get(packetId) as Outgoing, 0, properties);
    }
  }

  #received(connection: Connection, packetId: number, reasonCode: number, properties: Properties | undefined): void {
    const item = this.#window.published(packetId);
    if (item instanceof Outgoing && item.qos === 2) {
      if (reasonCode >= 0x80) {
        this.#answered(packetId, item, reasonCode, properties);
        return;
      }
      this.#window.release(packetId);
      this.#kept.received(item, () => {
        const now = this.#connection;
        if (now !== null && this.#window.get(packetId) === item) this.#release(now, packetId, ReasonCode.success); // [MQTT-4.3.3-4]
      });
      return;
    }
    if (!this.#window.released(packetId)) {
      this.#release(connection, packetId, ReasonCode.packetIdentifierNotFound);
    } else if ((this.#window.get(packetId) as Outgoing).kept) this.#release(connection, packetId, ReasonCode.success);
  }

  #answered(packetId: number, item: Outgoing, reasonCode: number, properties: Properties | undefined): void {
    this.#window.remove(packetId);
    this.#inflight = Math.max(0, this.#inflight - 1);
    if (reasonCode < 0x80) {
      this.#complete(item, reasonCode === 0 && properties === undefined ? SUCCESS : { reasonCode, properties });
    } else {
      this.#end(item, publishRefused(item.topic, reasonCode, properties));
    }
    this.#pump();
  }

  #complete(item: Outgoing, result: PublishResult): void {
    this.#kept.forget(item);
    item.resolve(result);
  }

  /** It ends badly, for good. */
  #end(item: Outgoing, error: Error): void {
    this.#kept.forget(item);
    this.#fail(item, error);
  }

  #fail(item: Outgoing, error: Error): void {
    if (!item.reject(error) && item.qos > 0) this.#port.undelivered(error, item);
  }

  // ---- SUBSCRIBE and UNSUBSCRIBE

  /** Sends a request; `done` is called with its answer, unless the connection goes first. Throws what cannot be sent. */
  request(answer: number, make: (packetId: number) => ClientPacket, done: PendingRequest['done']): void {
    const connection = this.#connection;
    if (connection === null) return;
    const packetId = this.#window.add(new PendingRequest(answer, done));
    this.#requests += 1;
    try {
      connection.send(make(packetId));
    } catch (error) {
      this.#requests -= 1;
      this.#window.remove(packetId);
      throw error;
    }
    this.#awaits();
  }

  answered(packet: SubackPacket | UnsubackPacket): void {
    const request = this.#window.published(packet.packetId);
    if (!(request instanceof PendingRequest) || request.answer !== packet.type) return;
    this.#window.remove(packet.packetId);
    this.#requests -= 1;
    request.done(packet);
    this.#awaits();
  }

  #awaits(): void {
    if (this.idle) this.#finished?.();
    const awaited = this.#connection !== null && this.#window.size > 0;
    if (awaited === this.#awaited) return;
    this.#awaited = awaited;
    this.#port.awaiting(awaited);
  }

  /** The client is over: everybody who waits is told. What a store keeps stays there. */
  close(error: Error): void {
    this.disconnected();
    for (const item of this.#waiting.drain()) item.reject(error);
    for (const [item] of this.#takeInflight()) item.reject(error);
    this.#finished?.();
  }
}
