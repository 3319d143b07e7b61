import type { ClientInfo, DisconnectReason, DropReason, Observer, Refusal } from '@cauldron/core';
import { ReasonCode } from '@cauldron/protocol';
import { MinuteCount } from './minute-count.ts';

/** What goes wrong with clients: their messages are dropped for a reason, or something else. */
export type TroubleKind =
  | DropReason
  | 'login'
  | 'refused'
  | 'banned'
  | 'throttled'
  | 'denied'
  | 'protocol'
  | 'silent'
  | 'taken-over';

/** One kind of trouble in the last minute. */
export interface Trouble {
  readonly times: number;
  /** Who had it, the latest last, with how often. */
  readonly clients: ReadonlyMap<string, { readonly times: number }>;
  /** There are more than that. */
  readonly more: boolean;
  /** Why, the last time; null = that says the kind. */
  readonly reason: string | null;
}

const MINUTE = 60_000;
/** Clients that are known by name, of each kind. */
const MOST_CLIENTS = 1000;
/** Longer names and reasons are not kept. */
const LONGEST = 1024;

/** The codes a login is refused with. */
const LOGIN_CODES: ReadonlySet<number> = new Set([
  ReasonCode.badUserNameOrPassword,
  ReasonCode.notAuthorized,
  ReasonCode.badAuthenticationMethod,
]);

/** How connections end that the client's own mistake ended. */
const MISTAKES: ReadonlySet<number> = new Set([
  ReasonCode.malformedPacket,
  ReasonCode.protocolError,
  ReasonCode.topicNameInvalid,
  ReasonCode.topicFilterInvalid,
  ReasonCode.receiveMaximumExceeded,
  ReasonCode.topicAliasInvalid,
  ReasonCode.packetTooLarge,
  ReasonCode.retainNotSupported,
  ReasonCode.qosNotSupported,
]);

/** Which clients had trouble in the last minute: what the findings of the overview are made of. */
export class RecentTrouble implements Observer {
  readonly #now: () => number;
  readonly #kinds = new Map<TroubleKind, KindOfTrouble>();

  /** @param now milliseconds, never going back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** null = there was none. */
  recent(kind: TroubleKind): Trouble | null {
    return this.#kinds.get(kind)?.recent(this.#now()) ?? null;
  }

  dropped(clientId: string, reason: DropReason): void {
    this.#note(reason, clientId);
  }

  refused(_address: string, clientId: string | undefined, refusal: Refusal): void {
    const { reasonCode, reason, noted } = refusal;
    const isLogin = noted === true || (LOGIN_CODES.has(reasonCode) && clientId !== undefined);
    if (reasonCode === ReasonCode.banned) return; // told when the ban began
    this.#note(isLogin ? 'login' : MISTAKES.has(reasonCode) ? 'protocol' : 'refused', clientId, reason);
  }

  banned(clientId: string): void {
    this.#note('banned', clientId);
  }

  throttled({ clientId }: ClientInfo, limit: string): void {
    this.#note('throttled', clientId, `limits.${limit}`);
  }

  denied({ clientId }: ClientInfo, action: 'publish' | 'subscribe', topic: string, refusal: Refusal): void {
    if (refusal.reasonCode === ReasonCode.notAuthorized) this.#note('denied', clientId, `${action} '${cut(topic)}'`);
  }

  disconnected({ clientId }: ClientInfo, { by, reason, reasonCode }: DisconnectReason): void {
    if (by !== 'server') return;
    if (reasonCode === ReasonCode.keepAliveTimeout) this.#note('silent', clientId);
    else if (reasonCode === ReasonCode.sessionTakenOver) this.#note('taken-over', clientId);
    else if (MISTAKES.has(reasonCode)) this.#note('protocol', clientId, reason);
  }

  #note(kind: TroubleKind, clientId: string | undefined, reason: string | null = null): void {
    let known = this.#kinds.get(kind);
    if (known === undefined) {
      known = new KindOfTrouble();
      this.#kinds.set(kind, known);
    }
    known.note(this.#now(), clientId, reason);
  }
}

class KindOfTrouble {
  readonly #count = new MinuteCount();
  /** By client identifier, the latest last. */
  readonly #clients = new Map<string, { at: number; times: number }>();
  #moreAt = Number.NEGATIVE_INFINITY;
  #reason: string | null = null;
  #forgotAt = Number.NEGATIVE_INFINITY;

  note(now: number, clientId: string | undefined, reason: string | null): void {
    this.#count.add(now);
    if (reason !== null && reason.length <= LONGEST) this.#reason = reason;
    if (clientId === undefined || clientId.length > LONGEST) return;
    const known = this.#clients.get(clientId);
    if (known !== undefined) {
      if (known.at === now) {
        known.times += 1;
        return;
      }
      this.#clients.delete(clientId);
      this.#clients.set(clientId, { at: now, times: known.at > now - MINUTE ? known.times + 1 : 1 });
      return;
    }
    if (this.#clients.size >= MOST_CLIENTS && this.#forgotAt !== now) this.#forget(now);
    if (this.#clients.size >= MOST_CLIENTS) this.#moreAt = now;
    else this.#clients.set(clientId, { at: now, times: 1 });
  }

  #forget(now: number): void {
    this.#forgotAt = now;
    for (const [clientId, { at }] of this.#clients) {
      if (at > now - MINUTE) return;
      this.#clients.delete(clientId);
    }
  }

  recent(now: number): Trouble | null {
    const times = this.#count.total(now);
    if (times === 0) return null;
    this.#forget(now);
    return { times, clients: this.#clients, more: this.#moreAt > now - MINUTE, reason: this.#reason };
  }
}

const cut = (text: string): string => (text.length <= 80 ? text : `${text.slice(0, 80).toWellFormed()}...`);
