import type { AckType } from '@cauldron/protocol';
import { StoredMessage } from '../store/stored-message.ts';
import type { Connection } from './connection.ts';

/** What a held answer belongs to: a message, the words of a refusal, or nothing. */
type Held = StoredMessage | string | null;

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
  /** It is among those that hear of written groups. */
  listed = false;
  readonly #connection: Connection;
  /** Type and FIRM in bits 24 and up, reason code in 16 to 23, packet identifier below. */
  #words: number[] = [];
  #tickets: number[] = [];
  #held: Held[] = [];
  #head = 0;
  /** What is to be done beside acknowledging, in its own order: acknowledgements do not wait for it. */
  #actions: { readonly ticket: number; readonly act: () => void }[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Acknowledgements that wait. */
  get acks(): number {
    return this.#words.length - this.#head;
  }

  get waiting(): number {
    return this.acks + this.#actions.length;
  }

  /**
   * Notes an acknowledgement.
   *
   * @param ticket number of the group of operations it waits for; 0 = none, it only keeps its place
   * @param held the message it is for; or the words of a refusal
   * @param firm it waits for the group also where its message becomes unnecessary
   */
  addAck(type: AckType, packetId: number, reasonCode: number, ticket: number, held: Held, firm: boolean): void {
    this.#words.push(((type | (firm ? FIRM : 0)) << 24) | (reasonCode << 16) | packetId);
    this.#tickets.push(ticket);
    this.#held.push(held);
  }

  /** Notes something else to do when a group is written. */
  addAction(ticket: number, act: () => void): void {
    this.#actions.push({ ticket, act });
  }

  /** Sends what need not wait any more, from the front. */
  release(written: number): void {
    while (this.#head < this.#words.length && this.#mayLeave(this.#head, written)) {
      const index = this.#head;
      this.#head += 1; // before it is sent: what is sent may end the connection, and with it this gate
      this.#send(this.#words[index]!, this.#held[index]!);
    }
    if (this.#head === this.#words.length) this.#clearAcks();
    else if (this.#head > 256) this.#compact();
    while (this.#actions.length > 0 && this.#actions[0]!.ticket <= written) this.#actions.shift()!.act();
  }

  #mayLeave(index: number, written: number): boolean {
    if (this.#tickets[index]! <= written) return true;
    const held = this.#held[index]!;
    return held instanceof StoredMessage && held.unnecessary && ((this.#words[index]! >>> 24) & FIRM) === 0;
  }

  #send(word: number, held: Held): void {
    const { output } = this.#connection;
    const type = ((word >>> 24) & 0x0f) as AckType;
    const reasonCode = (word >>> 16) & 0xff;
    if (typeof held === 'string') output.sendAckWithReason(type, word & 0xffff, reasonCode, held);
    else output.sendAck(type, word & 0xffff, reasonCode);
  }

  /**
   * The messages of some answers could not be written: their publishers are refused with `reasonCode`, which 3.x cannot
   * be told; there the connection ends with the answer unsent. Everything else goes on waiting.
   */
  refuse(reasonCode: number, cause: string): void {
    const connection = this.#connection;
    const reason = `the store could not keep the message: ${cause}; publish it again later`;
    for (let i = this.#head; i < this.#words.length; i++) {
      const held = this.#held[i]!;
      if (!(held instanceof StoredMessage) || !held.cancelled) continue;
      if (!connection.version5) {
        connection.end(reasonCode, reason);
        return;
      }
      this.#words[i] = (this.#words[i]! & 0x0f00ffff) | (reasonCode << 16);
      this.#tickets[i] = 0;
      this.#held[i] = reason;
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
    this.#clearAcks();
    this.#actions = [];
  }

  #clearAcks(): void {
    if (this.#words.length > 0) {
      this.#words = [];
      this.#tickets = [];
      this.#held = [];
    }
    this.#head = 0;
  }
}
