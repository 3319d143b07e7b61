import type { AckType } from '@cauldron/protocol';
import { StoredMessage } from '../store/stored-message.ts';
import type { Connection } from './connection.ts';

/** What a held answer belongs to: a message, something to do, or nothing. */
export type Held = StoredMessage | (() => void) | null;

/** An answer that promises more than its message: it leaves only when its group is written. */
const FIRM = 0x10;

/**
 * The answers of one connection that promise something the store has not written yet, in the order they fell due: an
 * answer leaves when its group of operations is on the disk, or when its message became unnecessary, and never before
 * the one ahead of it. // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
 *
 *     PUBLISH 7 -> group 12 ---+
 *     PUBLISH 8 -> no store    |  8 waits for 7
 *     PUBREL  5 -> group 13    |
 *                              +--> group 12 written: PUBACK 7 and PUBACK 8 leave
 */
export class AckGate {
  /** It is on the journal's list of gates that something waits in. */
  listed = false;
  readonly #connection: Connection;
  /** Type and FIRM in bits 24 and up, reason code in 16 to 23, packet identifier below. */
  #words: number[] = [];
  #tickets: number[] = [];
  #held: Held[] = [];
  #head = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get waiting(): number {
    return this.#words.length - this.#head;
  }

  /**
   * Notes an acknowledgement.
   *
   * @param ticket number of the group of operations it waits for; 0 = none, it only keeps its place
   * @param firm it waits for the group also where its message becomes unnecessary
   */
  addAck(
    type: AckType,
    packetId: number,
    reasonCode: number,
    ticket: number,
    message: StoredMessage | null,
    firm: boolean,
  ): void {
    this.#words.push(((type | (firm ? FIRM : 0)) << 24) | (reasonCode << 16) | packetId);
    this.#tickets.push(ticket);
    this.#held.push(message);
  }

  /** Notes something else to do when a group is written. */
  addAction(ticket: number, action: () => void): void {
    this.#words.push(0);
    this.#tickets.push(ticket);
    this.#held.push(action);
  }

  /** Sends what need not wait any more, from the front. */
  release(written: number): void {
    while (this.#head < this.#words.length && this.#mayLeave(this.#head, written)) {
      const index = this.#head;
      const held = this.#held[index]!;
      const word = this.#words[index]!;
      this.#head += 1; // before it is sent: what is sent may end the connection, and with it this gate
      if (typeof held === 'function') held();
      else this.#connection.output.sendAck(((word >>> 24) & 0x0f) as AckType, word & 0xffff, (word >>> 16) & 0xff);
    }
    if (this.#head === this.#words.length) this.clear();
    else if (this.#head > 256) this.#compact();
  }

  #mayLeave(index: number, written: number): boolean {
    if (this.#tickets[index]! <= written) return true;
    const held = this.#held[index]!;
    return held instanceof StoredMessage && held.unnecessary && ((this.#words[index]! >>> 24) & FIRM) === 0;
  }

  /**
   * The messages of some answers could not be written: their publishers are refused with `reasonCode`, which 3.x cannot
   * be told; there the connection ends with the answer unsent. Everything else goes on waiting.
   */
  refuse(reasonCode: number, reason: string): void {
    const connection = this.#connection;
    for (let i = this.#head; i < this.#words.length; i++) {
      const held = this.#held[i]!;
      if (!(held instanceof StoredMessage) || !held.cancelled || this.#tickets[i] === 0) continue;
      if (!connection.version5) {
        connection.end(reasonCode, `the store could not keep a message: ${reason}`);
        return;
      }
      const word = this.#words[i]!;
      this.#words[i] = (word & 0x0f00ffff) | (reasonCode << 16);
      this.#tickets[i] = 0;
      connection.session?.publishRefused(word & 0xffff);
    }
  }

  #compact(): void {
    this.#words = this.#words.slice(this.#head);
    this.#tickets = this.#tickets.slice(this.#head);
    this.#held = this.#held.slice(this.#head);
    this.#head = 0;
  }

  /** Forgets everything: the connection is gone, and what it was owed with it. */
  clear(): void {
    if (this.#words.length > 0) {
      this.#words = [];
      this.#tickets = [];
      this.#held = [];
    }
    this.#head = 0;
  }
}
