import type { ConnectPacket } from '@cauldron/protocol';
import type { SimLink } from './sim-link.ts';

/** A timer of the broker may be this late: a slot of its wheel. */
const LATE = 250;

/** What a client has said on a connection that decides about its will. Offsets count the bytes it sent. */
export interface Conversation {
  readonly clientId: string;
  readonly cleanStart: boolean;
  /** Seconds the session outlives the connection. */
  readonly expiry: number;
  /** The same from a DISCONNECT on. */
  laterExpiry: number;
  readonly will: { readonly name: string; readonly delay: number } | null;
  readonly connectEnd: number;
  /** Where its DISCONNECT ends; Infinity = it sent none. */
  disconnectEnd: number;
  /** The DISCONNECT takes the will back. */
  goodbye: boolean;
  arrived: boolean;
}

interface Expected {
  readonly name: string;
  /** Milliseconds of the broker's clock. */
  readonly due: number;
}

/**
 * Knows which wills have to be published and when, from what the broker was given: which bytes of which connection, and
 * when each connection ended. A watcher inside the broker reports those that really were.
 */
export class WillWatch {
  readonly #conversations = new Map<SimLink, Conversation>();
  /** By client, while it is away. */
  readonly #waiting = new Map<string, Expected>();
  /** Due now, in this very turn. */
  readonly #due = new Map<string, Expected>();
  readonly #fail: (message: string) => void;
  readonly #now: () => number;
  #checkedAt = -1;

  constructor(now: () => number, fail: (message: string) => void) {
    this.#now = now;
    this.#fail = fail;
  }

  /** Wills that are yet to come. */
  get open(): number {
    return this.#waiting.size + this.#due.size;
  }

  /** A client sends a CONNECT that ends at this offset. */
  connecting(link: SimLink, packet: ConnectPacket, expiry: number, name: string, connectEnd: number): void {
    const will = packet.will === undefined ? null : { name, delay: packet.will.properties?.willDelayInterval ?? 0 };
    const { clientId, cleanStart } = packet;
    const rest = { disconnectEnd: Number.POSITIVE_INFINITY, goodbye: false, arrived: false };
    this.#conversations.set(link, { clientId, cleanStart, expiry, laterExpiry: expiry, will, connectEnd, ...rest });
  }

  conversation(link: SimLink): Conversation | undefined {
    return this.#conversations.get(link);
  }

  /** The broker was given bytes. */
  fed(link: SimLink): void {
    const conversation = this.#conversations.get(link);
    if (conversation === undefined || conversation.arrived || link.fed < conversation.connectEnd) return;
    conversation.arrived = true;
    const waiting = this.#waiting.get(conversation.clientId);
    if (waiting === undefined) return;
    this.#waiting.delete(conversation.clientId);
    // The client is back in time. Unless it starts anew: then its old session, and the delay, end here.
    if (conversation.cleanStart) this.#due.set(waiting.name, waiting);
  }

  /** The connection ends for the broker. */
  ending(link: SimLink): void {
    this.fed(link);
    const conversation = this.#conversations.get(link);
    this.#conversations.delete(link);
    if (conversation === undefined || !conversation.arrived || conversation.will === null) return;
    const disconnected = link.fed >= conversation.disconnectEnd;
    if (disconnected && conversation.goodbye) return;
    const delay = Math.min(conversation.will.delay, disconnected ? conversation.laterExpiry : conversation.expiry);
    const expected = { name: conversation.will.name, due: this.#now() + delay * 1000 };
    if (delay === 0) this.#due.set(expected.name, expected);
    else this.#waiting.set(conversation.clientId, expected);
  }

  /** The broker published a will. */
  published(name: string): void {
    if (this.#due.delete(name)) return;
    for (const [clientId, { name: waiting, due }] of this.#waiting) {
      if (waiting !== name) continue;
      this.#waiting.delete(clientId);
      if (due > this.#now()) this.#fail(`${name} was published ${due - this.#now()} ms too early`);
      return;
    }
    this.#fail(`${name} was published, which it must not`);
  }

  /** A turn is over: what was due at once is published by now, and what waited too long is late. */
  turnOver(): void {
    for (const name of this.#due.keys()) this.#fail(`${name} was not published when it was due`);
    if (this.#checkedAt === this.#now()) return;
    this.#checkedAt = this.#now();
    for (const { name, due } of this.#waiting.values()) {
      if (due + LATE <= this.#now()) this.#fail(`${name} is late: it was due ${this.#now() - due} ms ago`);
    }
  }
}
