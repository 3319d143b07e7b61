import type { ClientInfo, DisconnectReason, DropReason, Observer, Refusal } from '@cauldron/core';
import type { QoS } from '@cauldron/protocol';
import type { ClientEvent, EventKind } from '../schema/index.ts';
import type { Operator } from '../services.ts';
import { describeEvent } from './describe-event.ts';

/** Events of one client that are kept. */
const KEPT_OF_CLIENT = 32;
/** Events of all clients that are kept for those who ask of nobody in particular. */
const KEPT_OF_ALL = 2000;
/** Clients whose events are kept; whose last event is the longest ago are forgotten first. */
const MOST_CLIENTS = 20_000;
/** Bytes all of that may take, roughly: with it many events of long topics hold fewer clients. */
const MOST_BYTES = 33_554_432;
/** Characters of a text that are kept of it. */
const LONGEST = 256;
/** Longer client identifiers have no history of their own; the broker takes none by default. */
const LONGEST_ID = 1024;
/** What an event takes without its texts. */
const EVENT_BYTES = 160;

/** What happened, as it is kept: nothing is put into words before somebody asks. */
export interface EventFact {
  readonly id: number;
  readonly at: number;
  readonly kind: EventKind;
  readonly clientId: string | null;
  readonly username: string | null;
  readonly address: string | null;
  readonly reasonCode: number | null;
  readonly topic: string | null;
  /** Why, in the words of whoever knew. */
  readonly reason: string | null;
  /** What there is to say beside that, by kind. */
  readonly detail: string | number | boolean | null;
  /** How often it happened, where nothing else of its client came between. */
  times: number;
  /** When it happened last. */
  lastAt: number;
}

type Telling = Pick<EventFact, 'kind'> & Partial<Omit<EventFact, 'id' | 'at' | 'times' | 'lastAt'>>;

interface ClientHistory {
  readonly events: EventFact[];
  bytes: number;
}

export interface EventHistoryLimits {
  readonly clients?: number;
  readonly bytes?: number;
  readonly ofAll?: number;
}

/**
 * What happened to clients lately: the last events of each, and the last of all. It hears of them as an observer of the
 * core and keeps them as facts, so that a flood of them costs little.
 */
export class EventHistory implements Observer {
  readonly #now: () => number;
  readonly #mostClients: number;
  readonly #mostBytes: number;
  readonly #mostOfAll: number;
  /** By client identifier, the one that had the latest event last. */
  readonly #clients = new Map<string, ClientHistory>();
  /**
   * Goes through them once, from the oldest on: a new iterator would pass all that were deleted before it. What it passed
   * is gone or stands at the end again.
   */
  #oldest = this.#clients.entries();
  #latestClient: string | null = null;
  #bytes = 0;
  /** A ring: event `id` stands at `id % mostOfAll`. */
  readonly #all: EventFact[] = [];
  #lastId = 0;
  /** The latest event of a connection that never said who it is. */
  #lastOfNobody: EventFact | null = null;
  /** Who is ending a connection or a session right now; undefined = no operator is. */
  #operator: Operator | undefined;

  /** @param now milliseconds since 1970, never going back */
  constructor(now: () => number, limits: EventHistoryLimits = {}) {
    this.#now = now;
    this.#mostClients = limits.clients ?? MOST_CLIENTS;
    this.#mostBytes = limits.bytes ?? MOST_BYTES;
    this.#mostOfAll = limits.ofAll ?? KEPT_OF_ALL;
  }

  /** Events of one client, newest first. */
  of(clientId: string): readonly EventFact[] {
    return [...(this.#clients.get(clientId)?.events ?? [])].reverse();
  }

  /** The latest events of all, newest first. */
  latest(): readonly EventFact[] {
    const oldest = Math.max(1, this.#lastId - this.#mostOfAll + 1);
    const events: EventFact[] = [];
    for (let id = this.#lastId; id >= oldest; id--) events.push(this.#all[id % this.#mostOfAll]!);
    return events;
  }

  /** Clients something is known of. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Whatever ends while `action` runs was ended by an operator, `by` name or null. */
  byOperator<T>(by: Operator, action: () => T): T {
    this.#operator = by;
    try {
      return action();
    } finally {
      this.#operator = undefined;
    }
  }

  // ---- what the core says

  connected(client: ClientInfo, sessionPresent: boolean): void {
    this.#tell(client, { kind: 'connected', reason: client.listener, detail: sessionPresent });
  }

  disconnected(client: ClientInfo, { by, reason, reasonCode }: DisconnectReason): void {
    if (this.#operator !== undefined && by === 'server') {
      this.#tell(client, { kind: 'kicked', reasonCode, reason, detail: this.#operator });
    } else {
      this.#tell(client, { kind: 'disconnected', reasonCode, reason, detail: by });
    }
  }

  refused(address: string, clientId: string | undefined, { reasonCode, reason }: Refusal, username?: string): void {
    const known = clientId === undefined || clientId === '' ? null : clientId;
    this.#note({ kind: 'refused', clientId: known, username: username ?? null, address, reasonCode, reason });
  }

  denied(client: ClientInfo, action: 'publish' | 'subscribe', topic: string, refusal: Refusal): void {
    const { reasonCode, reason } = refusal;
    this.#tell(client, { kind: 'denied', reasonCode, reason, topic, detail: action });
  }

  throttled(client: ClientInfo, limit: string): void {
    this.#tell(client, { kind: 'throttled', detail: limit });
  }

  banned(clientId: string, address: string, seconds: number): void {
    this.#note({ kind: 'banned', clientId, address, detail: seconds });
  }

  dropping(clientId: string, reason: DropReason): void {
    this.#note({ kind: 'slow', clientId, detail: reason });
  }

  sessionEnded(clientId: string, reason: 'expired' | 'cleaned' | 'discarded'): void {
    // Where the session was over with the connection, as the client asked, the end of the connection says it all.
    if (reason === 'cleaned') return;
    this.#note({ kind: 'session-ended', clientId, detail: reason, reason: this.#operator ?? null });
  }

  subscribed(client: ClientInfo, filter: string, qos: QoS): void {
    this.#tell(client, { kind: 'subscribed', topic: filter, detail: qos });
  }

  unsubscribed(client: ClientInfo, filter: string): void {
    this.#tell(client, { kind: 'unsubscribed', topic: filter });
  }

  // ---- keeping

  #tell({ clientId, username, remoteAddress }: ClientInfo, told: Telling): void {
    this.#note({ ...told, clientId, username: username ?? null, address: remoteAddress });
  }

  #note(told: Telling): void {
    const { clientId = null } = told;
    const history = clientId === null || clientId.length > LONGEST_ID ? null : this.#historyOf(clientId);
    const at = this.#now();
    const last = clientId === null ? this.#lastOfNobody : history?.events.at(-1);
    if (last != null && isRepeated(last, told)) {
      last.times += 1;
      last.lastAt = at;
      return;
    }
    const fact: EventFact = {
      id: ++this.#lastId,
      at,
      kind: told.kind,
      clientId: history === null ? kept(clientId) : clientId,
      username: kept(told.username),
      address: told.address ?? null,
      reasonCode: told.reasonCode ?? null,
      topic: kept(told.topic),
      reason: kept(told.reason),
      detail: told.detail ?? null,
      times: 1,
      lastAt: at,
    };
    this.#all[fact.id % this.#mostOfAll] = fact;
    if (clientId === null) this.#lastOfNobody = fact;
    if (history !== null) this.#keep(history, fact);
  }

  /** The history of a client, the last to be forgotten now. */
  #historyOf(clientId: string): ClientHistory {
    const known = this.#clients.get(clientId);
    if (known !== undefined) {
      if (this.#latestClient !== clientId) {
        this.#clients.delete(clientId);
        this.#clients.set(clientId, known);
        this.#latestClient = clientId;
      }
      return known;
    }
    const history: ClientHistory = { events: [], bytes: 2 * clientId.length };
    this.#clients.set(clientId, history);
    this.#bytes += history.bytes;
    this.#latestClient = clientId;
    return history;
  }

  #keep(history: ClientHistory, fact: EventFact): void {
    this.#grow(history, sizeOf(fact));
    history.events.push(fact);
    if (history.events.length > KEPT_OF_CLIENT) this.#grow(history, -sizeOf(history.events.shift()!));
    while (this.#clients.size > this.#mostClients || (this.#bytes > this.#mostBytes && this.#clients.size > 1)) {
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    let next = this.#oldest.next();
    if (next.done === true) {
      this.#oldest = this.#clients.entries();
      next = this.#oldest.next();
    }
    const [clientId, { bytes }] = next.value!;
    this.#clients.delete(clientId);
    this.#bytes -= bytes;
  }

  #grow(history: ClientHistory, bytes: number): void {
    history.bytes += bytes;
    this.#bytes += bytes;
  }
}

/** An event as it is shown. */
export const shownEvent = (fact: EventFact): ClientEvent => ({
  id: fact.id,
  at: fact.at,
  kind: fact.kind,
  clientId: fact.clientId,
  username: fact.username,
  address: fact.address,
  message: describeEvent(fact),
  reasonCode: fact.reasonCode,
  action: fact.kind === 'denied' && isAction(fact.detail) ? fact.detail : null,
  topic: fact.topic,
});

const isAction = (detail: EventFact['detail']): detail is 'publish' | 'subscribe' =>
  detail === 'publish' || detail === 'subscribe';

/** What may come a thousand times a second from one client, and then is one event that tells how often. */
const REPEATS: ReadonlySet<EventKind> = new Set(['denied', 'refused', 'slow', 'throttled']);

function isRepeated(last: EventFact, told: Telling): boolean {
  return (
    REPEATS.has(told.kind) &&
    last.kind === told.kind &&
    last.detail === (told.detail ?? null) &&
    last.reasonCode === (told.reasonCode ?? null) &&
    last.topic === kept(told.topic) &&
    (told.kind !== 'refused' || hostOf(last.address) === hostOf(told.address))
  );
}

/** The host of `host:port`: each connection has another port. */
const hostOf = (address: string | null | undefined): string | null => address?.replace(/:\d+$/, '') ?? null;

const sizeOf = ({ topic, reason, username }: EventFact): number =>
  EVENT_BYTES + 2 * ((topic?.length ?? 0) + (reason?.length ?? 0) + (username?.length ?? 0));

/** A text that is kept; of a long one a copy of its beginning, or the whole of it would stay in memory. */
function kept(text: string | null | undefined): string | null {
  if (text === undefined || text === null) return null;
  if (text.length <= LONGEST) return text;
  return Buffer.from(`${text.slice(0, LONGEST).toWellFormed()}...`).toString();
}
