import { OutboundWindow, PacketType, type PublishFrame } from '@cauldron/protocol';
import { answerDelivery } from '../connection/answers.ts';
import type { Connection } from '../connection/connection.ts';
import type { StoredEntry } from '../store/entries.ts';
import { SessionChange } from '../store/group.ts';
import type { Reader, StoreRead } from '../store/store.ts';
import type { QueuedMessage } from './queued-message.ts';
import type { Session } from './session.ts';
import { readMessage } from './stored-entry.ts';

/** Bytes of messages that are read from the store at once; one message always is. */
const READ_BYTES = 1_048_576;

/**
 * The QoS 1 and 2 messages on their way from a session to its client (sections 4.3 and 4.4), whichever connection they
 * first went out on.
 */
export class Inflight implements Reader {
  readonly #session: Session;
  readonly #window = new OutboundWindow<QueuedMessage>();
  #limit = 0;
  /**
   * Packet identifiers that are not sent on this connection yet, in order: those of an earlier connection that the window
   * of this one had no room for, and QoS 2 ones whose group of operations is not written. Null = none.
   */
  #unsent: number[] | null = null;
  /** The store was asked for messages that are not in memory. */
  #asked: StoreRead | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  get size(): number {
    return this.#window.size;
  }

  /** How many there may be to the client that is, or was, here. */
  get limit(): number {
    return this.#limit;
  }

  /** Something waits to be sent: what comes later must not pass it. */
  get waiting(): boolean {
    return this.#unsent !== null;
  }

  /** Room for one more. // [MQTT-3.3.4-9] [MQTT-4.9.0-2] */
  get hasRoom(): boolean {
    return this.#window.size < this.#limit;
  }

  /** The client is here; `limit` is how many may be in flight to it. */
  attach(limit: number): void {
    this.#limit = limit;
  }

  /** The client went: what the store has of all this need not be in memory. */
  leave(): void {
    this.#unsent = null;
    this.#asked = null;
    if (this.#session.number === 0) return;
    this.#window.forEach((_packetId, item) => {
      if (item.record === null && item.messageId > 0 && !item.refers && !item.settled) item.message = null;
    });
  }

  /** Sends a message that has just come or just left the queue. // [MQTT-4.3.2-2] [MQTT-4.3.3-2] */
  start(connection: Connection, item: QueuedMessage, frame: PublishFrame): void {
    item.packetId = this.#window.add(item);
    this.#session.host.inflightChanged(1);
    item.sent = true;
    connection.output.sendFrame(frame, item.qos, item.retain, false, item.packetId);
  }

  /**
   * Puts a QoS 2 message in flight that goes out when that is on the disk. Had it gone out before and the broker crashed,
   * its identifier could be given to another message, which the client would take for a repetition. // [MQTT-4.3.3-10]
   */
  startLater(item: QueuedMessage): void {
    const journal = this.#session.host.journal!;
    item.packetId = this.#window.add(item);
    this.#session.host.inflightChanged(1);
    item.ticket = journal.ticket;
    this.#unsent ??= [];
    this.#unsent.push(item.packetId);
    if (item.known) journal.touch(this.#session, SessionChange.delivery);
    journal.wake(this.#session);
  }

  /**
   * Gets everything unacknowledged ready to be sent again, in its order, when a client comes back: PUBRELs leave at once,
   * PUBLISHes as the window of the new connection allows ({@link Inflight.sendUnsent}). // [MQTT-4.4.0-1]
   */
  resend(connection: Connection): void {
    const unsent: number[] = [];
    this.#window.forEach((packetId, _item, released) => {
      if (released)
        answerDelivery(connection, PacketType.pubrel, packetId, 0); // [MQTT-4.3.3-5] [MQTT-4.3.3-6]
      else unsent.push(packetId);
    });
    if (unsent.length > 0) this.#unsent = unsent;
  }

  /** Sends what waits, as far as it may. */
  sendUnsent(connection: Connection): void {
    const unsent = this.#unsent;
    if (unsent === null) return;
    const session = this.#session;
    const window = this.#window;
    let next = 0;
    // [MQTT-3.3.4-9] [MQTT-4.9.0-2]
    while (
      next < unsent.length &&
      session.connection === connection &&
      !connection.output.congested &&
      window.size - (unsent.length - next) < this.#limit
    ) {
      const packetId = unsent[next]!;
      const item = window.published(packetId)!;
      if (!this.#maySend(item, unsent, next)) break;
      next += 1;
      // It expires no more: its delivery has begun. // [MQTT-4.3.3-7]
      const frame = session.frameToSend(connection, item.message!, item.identifiers);
      if (frame === null) this.#remove(packetId, item);
      else connection.output.sendFrame(frame, item.qos, item.retain, item.sent, packetId); // [MQTT-3.3.1-1]
      item.sent = true;
    }
    if (session.connection === connection) this.#unsent = next === unsent.length ? null : unsent.slice(next);
  }

  /** Whether a message is in memory and its group written; otherwise sees to it that it comes to that. */
  #maySend(item: QueuedMessage, unsent: readonly number[], from: number): boolean {
    const journal = this.#session.host.journal;
    if (item.message === null) {
      this.#read(unsent, from);
      return false;
    }
    if (journal === null || item.ticket <= journal.durable) return true;
    journal.wake(this.#session);
    return false;
  }

  #read(unsent: readonly number[], from: number): void {
    if (this.#asked !== null) return;
    const wanted = new Set<number>();
    for (let i = from; i < unsent.length; i++) {
      const item = this.#window.published(unsent[i]!)!;
      if (item.message === null) wanted.add(item.messageId);
    }
    const messages = [...wanted];
    const session = this.#session;
    this.#asked = { session: session.number, messages, after: 0, limit: messages.length, maxBytes: READ_BYTES };
    session.host.journal!.read(this.#asked, this);
  }

  /** The store's answer: messages that are in flight. One that it does not have can never be sent. */
  entriesRead(request: StoreRead, entries: readonly StoredEntry[], more: boolean): void {
    if (request !== this.#asked) return; // asked for an earlier connection
    this.#asked = null;
    const found = new Map(entries.map((entry) => [entry.messageId, entry]));
    // The answer is in the order asked: what comes behind its last one will be read next.
    const asked = request.messages!;
    const answered = new Set(more ? asked.slice(0, asked.indexOf(entries.at(-1)!.messageId) + 1) : asked);
    const lost: [number, QueuedMessage][] = [];
    this.#window.forEach((packetId, item, released) => {
      if (released || item.message !== null || !answered.has(item.messageId)) return;
      const entry = found.get(item.messageId);
      item.message = entry === undefined ? null : readMessage(this.#session, entry);
      if (item.message === null) lost.push([packetId, item]);
    });
    for (const [packetId, item] of lost) {
      this.#session.host.dropped(this.#session, 'lost');
      this.#remove(packetId, item);
    }
    this.#session.goOn();
  }

  // ---- what the client answers

  /** PUBACK: the QoS 1 message is the client's. False when none was in flight under that identifier. */
  acknowledged(packetId: number): boolean {
    const item = this.#window.published(packetId);
    if (item === null || item.qos !== 1) return false;
    this.#remove(packetId, item); // [MQTT-4.3.2-3] [MQTT-4.4.0-2]
    this.#session.pump();
    return true;
  }

  /**
   * PUBREC: the QoS 2 message is the client's, or with an error code it never will be. The exchange goes on whether the
   * message has expired or not. False when unknown. // [MQTT-4.3.3-3] [MQTT-4.3.3-13]
   */
  received(packetId: number, reasonCode: number): boolean {
    const window = this.#window;
    if (window.released(packetId)) return true;
    const item = window.published(packetId);
    if (item === null || item.qos !== 2) return false;
    if (reasonCode < 0x80) {
      this.#noLongerUnsent(packetId);
      this.#settle(item);
      window.release(packetId);
      item.message = null;
      return true;
    }
    this.#remove(packetId, item); // [MQTT-4.4.0-2] [MQTT-4.8.2-6]
    this.#session.pump();
    return true;
  }

  /** PUBCOMP: the identifier is free again. False when unknown. */
  completed(packetId: number): boolean {
    if (!this.#window.released(packetId)) return false;
    this.#free(packetId); // [MQTT-4.3.3-5]
    this.#session.host.journal?.touch(this.#session, SessionChange.delivery);
    this.#session.pump();
    return true;
  }

  /** Whether a PUBREL is due for the identifier. */
  released(packetId: number): boolean {
    return this.#window.released(packetId);
  }

  #free(packetId: number): void {
    if (this.#window.remove(packetId)) this.#session.host.inflightChanged(-1);
  }

  #remove(packetId: number, item: QueuedMessage): void {
    this.#free(packetId);
    this.#noLongerUnsent(packetId);
    this.#settle(item);
  }

  /** The client answered for a message of an earlier connection: it need not be sent again. // [MQTT-4.3.3-6] */
  #noLongerUnsent(packetId: number): void {
    if (this.#unsent?.includes(packetId) !== true) return;
    const rest = this.#unsent.filter((id) => id !== packetId);
    this.#unsent = rest.length === 0 ? null : rest;
  }

  /** The message is done with. A store that knows of it as in flight has to hear of that. */
  #settle(item: QueuedMessage): void {
    const journal = this.#session.host.journal;
    if (journal === null) return;
    // QoS 2 goes on being in flight, without its message, so the store hears in any case.
    if (item.known || item.qos === 2) journal.touch(this.#session, SessionChange.delivery);
    journal.settle(item);
  }

  // ---- keeping

  /** The store could not keep a message, and its publisher was told so: it goes nowhere where it did not go out yet. */
  cancelled(item: QueuedMessage): void {
    if (item.sent) return;
    this.#free(item.packetId);
    this.#noLongerUnsent(item.packetId);
  }

  /** Everything in flight, in the order it was first sent. */
  forEach(visit: (packetId: number, item: QueuedMessage, released: boolean) => void): void {
    this.#window.forEach(visit);
  }

  /** Puts back what was in flight when an earlier broker stopped. */
  restore(packetId: number, item: QueuedMessage, released: boolean): void {
    item.packetId = packetId;
    item.sent = true;
    this.#window.put(packetId, item);
    this.#session.host.inflightChanged(1);
    if (released) this.#window.release(packetId);
  }

  /** The session ended: nothing of this is needed. */
  clear(): void {
    const journal = this.#session.host.journal;
    this.#unsent = null;
    this.#asked = null;
    this.#window.forEach((packetId, item) => {
      journal?.settle(item);
      this.#free(packetId);
    });
  }
}
