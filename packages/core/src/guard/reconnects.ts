import { ReasonCode } from '@cauldron/protocol';
import type { Metrics } from '../metrics.ts';
import type { Limits } from '../options.ts';
import type { Observer, Refusal } from '../ports.ts';
import { networkOf } from './remote-address.ts';

/** Clients remembered at most, and characters of their identifiers, which clients choose. */
const MOST_CLIENTS = 65_536;
const MOST_CHARACTERS = 16_777_216;

/** What needs to be known of the broker around it. */
export interface ReconnectsHost {
  readonly now: number;
  readonly metrics: Metrics;
  readonly observer: Observer;
}

interface Visits {
  /** Connections that were accepted since `since`. */
  count: number;
  /** Milliseconds; a ban moves it to its own end. */
  since: number;
  /** Bans in a row. */
  bans: number;
}

/**
 * Bans clients that connect too often: a device that crashes on its first message, or two that share one client
 * identifier and take each other's connection over for ever.
 *
 *     count > maxReconnects within reconnectWindow  ->  banned for banTime, then 2, 4, 8 ... times as long
 *     a whole window without a ban                  ->  all is forgotten
 *
 * A client is counted by identifier *and* address (IPv6: its /64), and only where it was accepted: somebody else who uses
 * its identifier cannot have it banned, neither from elsewhere nor without its password.
 */
export class Reconnects {
  readonly #host: ReconnectsHost;
  readonly #mostClients: number;
  /** In the order in which they were last accepted: the first are those that are forgotten next. */
  readonly #visits = new Map<string, Visits>();
  #characters = 0;

  constructor(host: ReconnectsHost, mostClients = MOST_CLIENTS) {
    this.#host = host;
    this.#mostClients = mostClients;
  }

  /** Clients remembered. */
  get size(): number {
    return this.#visits.size;
  }

  /** Why a client may not connect now, or null. Costs one look-up: it is asked before anything else is. */
  banned(clientId: string, remoteAddress: string, limits: Limits): Refusal | null {
    if (limits.maxReconnects === 0 || this.#visits.size === 0) return null;
    const left = (this.#visits.get(keyOf(clientId, remoteAddress))?.since ?? 0) - this.#host.now;
    if (left <= 0) return null;
    this.#host.metrics.refusedBanned += 1;
    return refusal(clientId, left / 1000, limits);
  }

  /** A client is about to be accepted, and is counted. Returns why it is not, where that is once too often, or null. */
  visit(clientId: string, remoteAddress: string, limits: Limits): Refusal | null {
    if (limits.maxReconnects === 0) return null;
    const { now, metrics, observer } = this.#host;
    const visits = this.#of(keyOf(clientId, remoteAddress), limits);
    if (visits.since > now) {
      metrics.refusedBanned += 1; // the ban began while it waited for its authentication
      return refusal(clientId, (visits.since - now) / 1000, limits);
    }
    visits.count += 1;
    if (visits.count <= limits.maxReconnects) return null;
    const seconds = Math.min(limits.banTime * 2 ** visits.bans, limits.banTimeMaximum);
    visits.bans = Math.min(visits.bans + 1, 32);
    visits.count = 0;
    visits.since = now + seconds * 1000;
    metrics.clientsBanned += 1;
    metrics.refusedBanned += 1;
    observer.banned?.(clientId, remoteAddress, seconds);
    return refusal(clientId, seconds, limits);
  }

  #of(key: string, limits: Limits): Visits {
    const { now } = this.#host;
    const windowMs = limits.reconnectWindow * 1000;
    let visits = this.#visits.get(key);
    if (visits === undefined || now >= visits.since + windowMs) {
      if (visits === undefined) this.#characters += key.length;
      visits = { count: 0, since: now, bans: 0 };
    }
    this.#visits.delete(key);
    this.#visits.set(key, visits);
    for (const [oldest, { since }] of this.#visits) {
      const room = this.#visits.size <= this.#mostClients && this.#characters <= MOST_CHARACTERS;
      if (oldest === key || (room && now < since + windowMs)) break;
      this.#visits.delete(oldest);
      this.#characters -= oldest.length;
    }
    return visits;
  }
}

/** An address has no space in it, so no two clients share a key. */
function keyOf(clientId: string, remoteAddress: string): string {
  return `${networkOf(remoteAddress) ?? ''} ${clientId}`;
}

function refusal(clientId: string, seconds: number, limits: Limits): Refusal {
  const { maxReconnects, reconnectWindow } = limits;
  const often = `'${clientId}' connected more than ${maxReconnects} times in ${reconnectWindow} s (limits.maxReconnects)`;
  const then = `it is let in again in ${Math.ceil(seconds)} s; look for two clients that share this identifier, or one that crashes`;
  return { reasonCode: ReasonCode.banned, reason: `${often}; ${then}` };
}
