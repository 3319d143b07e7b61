import type { ConnectPacket } from '@cauldron/protocol';
import type { SimLink } from './sim-link.ts';

/** A timer of the broker may be this late: a slot of its wheel. */
const LATE = 250;

/** What a client has said on a connection that decides about its will. Offsets count the bytes it sent. */
export interface Conversation {
  readonly clientId: string;
  /** Seconds the session outlives the connection. */
  readonly expiry: number;
  /** The same from a DISCONNECT on. */
  laterExpiry: number;
  readonly will: { readonly name: string; readonly delay: number } | null;
  /** Where its DISCONNECT ends; Infinity = it sent none. */
  disconnectEnd: number;
  /** The DISCONNECT takes the will back. */
  goodbye: boolean;
  /** The broker took it in. */
  accepted: boolean;
}

interface Expected {
  readonly name: string;
  /** Milliseconds of the broker's clock. */
  readonly due: number;
  /** Later than `due` where it depends on what a broker that stopped had still to write. */
  readonly latest: number;
}

interface Deadlines {
  readonly due: number;
  readonly sessionEnds: number;
}

/** What a session's record says of its will. Times are milliseconds of the broker's clock. */
interface Kept {
  readonly name: string;
  /** Seconds from the end of the connection, or of the session where that is sooner. */
  readonly delay: number;
  /** null = the client is connected. */
  readonly waits: Deadlines | null;
  readonly expiry: number;
  /** Where a broker stopped in order, and the connection with it: the store may have that, or still the connection. */
  readonly stoppedAt?: number;
}

/** The broker's side of it. */
export interface WatchedBroker {
  /** Milliseconds. */
  readonly now: number;
  /** Number of the group of operations that makes durable what happens now. */
  readonly ticket: number;
}

/**
 * Knows which wills have to be published and when, from what the broker was given: which connections it took in, what
 * they said and when each ended. A watcher inside the broker reports those that really were.
 */
export class WillWatch {
  readonly #conversations = new Map<SimLink, Conversation>();
  /** By client, while it is away. */
  readonly #waiting = new Map<string, Expected>();
  /** Due now, in this very turn. */
  readonly #due = new Map<string, Expected>();
  /** What the store will have of each client's will, by the group that brings it there; the last one is what holds. */
  readonly #kept = new Map<string, { readonly ticket: number; readonly will: Kept | null }[]>();
  readonly #fail: (message: string) => void;
  readonly #broker: WatchedBroker;
  #checkedAt = -1;
  /** The broker stops in order: its clients' connections end, and their wills wait for the next one. */
  stopping = false;

  constructor(broker: WatchedBroker, fail: (message: string) => void) {
    this.#broker = broker;
    this.#fail = fail;
  }

  /** Wills that are yet to come. */
  get open(): number {
    return this.#waiting.size + this.#due.size;
  }

  /** A client sends a CONNECT. */
  connecting(link: SimLink, packet: ConnectPacket, expiry: number, name: string): void {
    const will = packet.will === undefined ? null : { name, delay: packet.will.properties?.willDelayInterval ?? 0 };
    const { clientId } = packet;
    const rest = { disconnectEnd: Number.POSITIVE_INFINITY, goodbye: false, accepted: false };
    this.#conversations.set(link, { clientId, expiry, laterExpiry: expiry, will, ...rest });
  }

  conversation(link: SimLink): Conversation | undefined {
    return this.#conversations.get(link);
  }

  /** The broker opens a session for a CONNECT: the client is back, or starts anew. */
  opened(clientId: string, cleanStart: boolean): void {
    const waiting = this.#waiting.get(clientId);
    this.#waiting.delete(clientId);
    // The client is back in time. Unless it starts anew: then its old session, and the delay, end here.
    if (waiting !== undefined && cleanStart) this.#due.set(waiting.name, waiting);
    this.#keep(clientId, null);
  }

  /** The broker took a connection in. */
  accepted(link: SimLink): void {
    const conversation = this.#conversations.get(link);
    if (conversation === undefined) return;
    conversation.accepted = true;
    const { clientId, will, expiry } = conversation;
    if (expiry > 0) this.#keep(clientId, will && { ...will, expiry, waits: null });
  }

  /** The connection ends for the broker. */
  ending(link: SimLink): void {
    const conversation = this.#conversations.get(link);
    this.#conversations.delete(link);
    if (conversation?.accepted !== true || conversation.will === null) return;
    if (this.stopping) {
      this.#stopped(conversation);
      return;
    }
    const disconnected = link.fed >= conversation.disconnectEnd;
    const { clientId, will } = conversation;
    if (disconnected && conversation.goodbye) {
      this.#keep(clientId, null);
      return;
    }
    const expiry = disconnected ? conversation.laterExpiry : conversation.expiry;
    const { now } = this.#broker;
    const due = now + Math.min(will.delay, expiry) * 1000;
    const expected = { name: will.name, due, latest: due };
    if (expected.due > now) {
      this.#waiting.set(clientId, expected);
      this.#keep(clientId, { ...will, expiry, waits: { due: expected.due, sessionEnds: now + expiry * 1000 } });
    } else {
      this.#due.set(expected.name, expected);
    }
  }

  #stopped({ clientId, expiry }: Conversation): void {
    const states = this.#kept.get(clientId) ?? [];
    const will = states.at(-1)?.will ?? null;
    if (expiry > 0 && will !== null) this.#keep(clientId, { ...will, stoppedAt: this.#broker.now });
  }

  /** The broker takes a client's will out, to publish it. */
  publishing(clientId: string): void {
    this.#keep(clientId, null);
  }

  /** The broker published a will. */
  published(name: string): void {
    if (this.#due.delete(name)) return;
    for (const [clientId, { name: waiting, due }] of this.#waiting) {
      if (waiting !== name) continue;
      this.#waiting.delete(clientId);
      if (due > this.#broker.now) this.#fail(`${name} was published ${due - this.#broker.now} ms too early`);
      return;
    }
    this.#fail(`${name} was published, which it must not`);
  }

  /** A turn is over: what was due at once is published by now, and what waited too long is late. */
  turnOver(): void {
    for (const name of this.#due.keys()) this.#fail(`${name} was not published when it was due`);
    const { now } = this.#broker;
    if (this.#checkedAt === now) return;
    this.#checkedAt = now;
    for (const { name, latest } of this.#waiting.values()) {
      if (latest + LATE <= now) this.#fail(`${name} is late: it was due ${now - latest} ms ago`);
    }
  }

  #keep(clientId: string, will: Kept | null): void {
    const { ticket } = this.#broker;
    const states = this.#kept.get(clientId) ?? [];
    if (states.at(-1)?.ticket === ticket) states.pop();
    states.push({ ticket, will });
    this.#kept.set(clientId, states);
  }

  // ---- crashes

  /**
   * The broker crashed: what holds is what the store has.
   *
   * @param durable number of the last group of operations that is there
   */
  crashed(durable: number): void {
    this.stopping = false;
    this.#conversations.clear();
    this.#waiting.clear();
    this.#due.clear();
    for (const [clientId, states] of this.#kept) {
      const will = states.findLast(({ ticket }) => ticket <= durable)?.will ?? null;
      if (will === null) this.#kept.delete(clientId);
      else this.#kept.set(clientId, [{ ticket: 0, will }]);
    }
  }

  /**
   * A broker started with what the store has: clients that were connected are away from now on.
   *
   * @param willsFrom milliseconds; before that a will is published only where its session ends
   */
  restarted(willsFrom: number): void {
    const { now } = this.#broker;
    for (const [clientId, states] of this.#kept) {
      const will = states[0]!.will;
      if (will === null) continue;
      const { name, waits, stoppedAt } = will;
      const deadlines = waits ?? deadlinesFrom(will, now);
      const other = stoppedAt === undefined ? deadlines : deadlinesFrom(will, stoppedAt);
      const times = [deadlines, other].map(({ due, sessionEnds }) => {
        return Math.max(now, Math.min(Math.max(due, willsFrom), sessionEnds));
      });
      this.#waiting.set(clientId, { name, due: Math.min(...times), latest: Math.max(...times) });
      // That it is away is kept too, or every further start would begin its time anew.
      const due = Math.max(deadlines.due, willsFrom);
      if (waits === null) this.#keep(clientId, { ...will, waits: { ...deadlines, due } });
    }
  }
}

/** When a will is due, and its session over, where the connection ended at a time. */
function deadlinesFrom({ delay, expiry }: Kept, ended: number): Deadlines {
  return { due: ended + Math.min(delay, expiry) * 1000, sessionEnds: ended + expiry * 1000 };
}
