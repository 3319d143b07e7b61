import { ReasonCode } from '@cauldron/protocol';
import type { Connection } from '../connection/connection.ts';
import type { FlushSet } from '../connection/flush-set.ts';
import type { MemoryPressure } from '../guard/memory-pressure.ts';
import type { Metrics } from '../metrics.ts';
import type { CoreOptions } from '../options.ts';
import type { ClientInfo, DisconnectReason, DropReason, Observer } from '../ports.ts';
import type { RetainedTree } from '../routing/retained-tree.ts';
import type { Ledger, Router } from '../routing/router.ts';
import { SessionChange } from '../store/group.ts';
import type { Journal } from '../store/journal.ts';
import type { TimerWheel } from '../timing/timer-wheel.ts';
import { Session } from './session.ts';
import { SessionDrops } from './session-drops.ts';
import type { SessionHost } from './session-host.ts';
import { MEMORY_WINDOW } from './session-queue.ts';
import type { PendingWill } from './will.ts';

/** What the registry needs of the broker around it. */
export interface RegistryHost {
  readonly now: number;
  readonly options: CoreOptions;
  readonly metrics: Metrics;
  readonly observer: Observer;
  readonly router: Router;
  readonly timers: TimerWheel;
  readonly journal: Journal | null;
  readonly flushSet: FlushSet;
  readonly retained: RetainedTree;
  readonly memory: MemoryPressure;
  readonly turns: Ledger;
  /** The broker stops: sessions stay as the store has them, and their wills wait for the next start. */
  readonly closing: boolean;
  publishWill(will: PendingWill, session: Session): void;
  /** null = whoever subscribed may. */
  readonly receiveRule: ((client: ClientInfo, topic: string) => boolean) | null;
}

/** An expiry interval that means "never" (section 3.1.2.11.2). */
const NEVER = 0xffffffff;

/** Reasons that say nothing of the client itself. */
const untold: ReadonlySet<DropReason> = new Set(['offline', 'expired', 'memory-pressure']);

/**
 * The sessions by client identifier, and their life: opened or resumed by a CONNECT, left alone when the connection ends,
 * ended when their time is over.
 */
export class SessionRegistry implements SessionHost {
  readonly #host: RegistryHost;
  readonly #sessions = new Map<string, Session>(); // [MQTT-3.1.3-2]

  constructor(host: RegistryHost) {
    this.#host = host;
  }

  get now(): number {
    return this.#host.now;
  }

  get journal(): Journal | null {
    return this.#host.journal;
  }

  get flushSet(): FlushSet {
    return this.#host.flushSet;
  }

  get retained(): RetainedTree {
    return this.#host.retained;
  }

  mayReceive(client: ClientInfo, topic: string): boolean {
    const rule = this.#host.receiveRule;
    return rule === null || rule(client, topic);
  }

  rematch(filters: Iterable<string>): void {
    if (this.#host.receiveRule === null) return;
    for (const filter of filters) this.#host.router.rematch(filter);
  }

  internalError(error: Error): void {
    this.#host.observer.internalError?.(error, 'the store');
  }

  get turns(): Ledger {
    return this.#host.turns;
  }

  get memory(): MemoryPressure {
    return this.#host.memory;
  }

  get queueQos0(): boolean {
    return this.#host.options.mqtt.queueQos0;
  }

  get memoryWindow(): number {
    return this.#host.options.memoryWindow ?? MEMORY_WINDOW;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  values(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  /** The session a CONNECT gets: its own, resumed, or a new one. Takes it from a connection that still has it. */
  open(clientId: string, cleanStart: boolean): { session: Session; present: boolean } {
    // [MQTT-3.1.4-3]
    this.#sessions
      .get(clientId)
      ?.connection?.end(ReasonCode.sessionTakenOver, `another connection took the client identifier '${clientId}'`);
    const left = this.#sessions.get(clientId);
    if (left !== undefined && !cleanStart) {
      this.stopWaiting(left);
      return { session: left, present: true }; // [MQTT-3.1.2-5]
    }
    if (left !== undefined) this.end(left, 'cleaned'); // [MQTT-3.1.2-4]
    const session = new Session(clientId, this, this.#host.options.limits);
    this.#sessions.set(clientId, session);
    return { session, present: false }; // [MQTT-3.1.2-6]
  }

  /** The client is back: neither will nor session end. // [MQTT-3.1.3-9] [MQTT-4.1.0-1] */
  stopWaiting(session: Session): void {
    session.willDueAt = Number.POSITIVE_INFINITY;
    session.endsAt = Number.POSITIVE_INFINITY;
    session.will = null;
    this.#host.timers.cancel(session);
  }

  /**
   * What a CONNECT says of its session. One that outlives its connection is kept in the store from now on.
   *
   * @param expiryInterval seconds
   */
  begin(session: Session, expiryInterval: number, will: PendingWill | null): void {
    session.expiryInterval = expiryInterval;
    session.will = will; // [MQTT-3.1.2-7]
    const { journal } = this.#host;
    if (journal === null) return;
    if (session.number === 0 && expiryInterval > 0) journal.began(session);
    journal.touch(session, SessionChange.record);
  }

  /** A session that an earlier broker kept. */
  restore(session: Session): void {
    this.#sessions.set(session.clientId, session);
  }

  /**
   * A restored session goes on waiting for its client.
   *
   * @param connected its client was there when the broker stopped: its connection ends now
   * @param willsFrom milliseconds; no will is published before
   */
  resume(session: Session, connected: boolean, willsFrom: number): void {
    if (connected) {
      this.#startWaiting(session);
      this.#host.journal?.touch(session, SessionChange.record); // or every further start would begin its time anew
    }
    if (session.will !== null) session.willDueAt = Math.max(session.willDueAt, willsFrom);
    // Due at once where its time went by while there was no broker.
    const dueAt = Math.min(session.willDueAt, session.endsAt);
    if (dueAt < Number.POSITIVE_INFINITY) this.#host.timers.schedule(session, Math.max(dueAt, this.now));
  }

  /** A CONNECT was accepted and its session attached. */
  attached(connection: Connection, present: boolean): void {
    const { metrics, observer } = this.#host;
    metrics.clientsConnected += 1;
    if (metrics.clientsConnected > metrics.clientsMaximum) metrics.clientsMaximum = metrics.clientsConnected;
    connection.listener.clients += 1;
    connection.connectedAt = this.now;
    this.#host.journal?.touch(connection.session!, SessionChange.record);
    observer.connected?.(connection.client!, present);
  }

  /** A client's connection ended: its will and its session take their time, or happen now. */
  detach(connection: Connection, session: Session, client: ClientInfo, reason: DisconnectReason): void {
    if (session.connection !== connection) return;
    session.detach();
    this.#host.metrics.clientsConnected -= 1;
    connection.listener.clients -= 1;
    this.#host.observer.disconnected?.(client, reason);
    this.leave(session);
  }

  /** A session has no connection: its will and its end take their time, or happen now. */
  leave(session: Session): void {
    if (this.#sessions.get(session.clientId) !== session) return; // whoever heard of its client discarded it
    this.#startWaiting(session);
    // The store has it as connected, or gets its deadlines with a change that is not written yet.
    if (this.#host.closing && session.number > 0) return;
    if (session.will !== null && session.willDueAt <= this.now) this.#publishWill(session);
    if (session.ended) return;
    if (session.expiryInterval === 0) {
      this.end(session, 'cleaned'); // [MQTT-3.1.2-23]
      return;
    }
    this.#host.journal?.touch(session, SessionChange.record);
    this.#schedule(session);
  }

  /** A session waits for its client to be answered: for so many seconds, even if it would not last as long. */
  reserve(session: Session, seconds: number): void {
    const { expiryInterval } = session;
    session.endsAt = this.#end(Math.max(expiryInterval, seconds));
    this.#host.journal?.touch(session, SessionChange.record);
    this.#schedule(session);
  }

  #end(seconds: number): number {
    return seconds === NEVER ? Number.POSITIVE_INFINITY : this.now + seconds * 1000;
  }

  #startWaiting(session: Session): void {
    const { expiryInterval, will } = session;
    // Due when its delay is over or the session ends, whichever is first. // [MQTT-3.1.3-9]
    if (will !== null) session.willDueAt = this.now + Math.min(will.delay, expiryInterval) * 1000;
    session.endsAt = this.#end(expiryInterval);
  }

  #schedule(session: Session): void {
    const dueAt = Math.min(session.willDueAt, session.endsAt);
    if (dueAt < Number.POSITIVE_INFINITY) this.#host.timers.schedule(session, dueAt);
  }

  sessionDue(session: Session, now: number): void {
    if (session.willDueAt <= now) this.#publishWill(session);
    if (session.endsAt > now) {
      this.#schedule(session);
      return;
    }
    this.#host.metrics.sessionsExpired += 1;
    this.end(session, 'expired'); // [MQTT-4.1.0-2]
  }

  /** Publishes the will, if one still waits, and forgets it. // [MQTT-3.1.2-8] [MQTT-3.1.2-10] */
  #publishWill(session: Session): void {
    const will = session.will;
    session.will = null;
    session.willDueAt = Number.POSITIVE_INFINITY;
    if (will === null) return;
    this.#host.journal?.touch(session, SessionChange.record);
    this.#host.publishWill(will, session);
  }

  /** Ends a session: nothing of it remains. A will that still waits is published. */
  end(session: Session, reason: 'expired' | 'cleaned' | 'discarded'): void {
    // Out of the registry first: what hears of the will may want to end the session too.
    if (this.#sessions.get(session.clientId) !== session) return;
    this.#sessions.delete(session.clientId);
    this.#host.timers.cancel(session);
    this.#publishWill(session);
    if (session.subscriptions !== null) {
      for (const filter of session.subscriptions.keys()) this.#host.router.remove(filter, session);
      session.subscriptions = null;
    }
    if (session.number > 0) this.#host.journal?.ended(session, session.head);
    session.clear();
    this.#host.observer.sessionEnded?.(session.clientId, reason);
  }

  /** Removes a subscription; what waits or is in flight stays with the session. False where there is none. // [MQTT-3.10.4-3] */
  unsubscribe(session: Session, filter: string): boolean {
    if (!session.subscriptions?.delete(filter)) return false;
    this.#host.router.remove(filter, session); // [MQTT-3.10.4-2]
    session.feed?.stop(filter);
    this.#host.journal?.touchFilter(session, filter);
    if (session.client !== null) this.#host.observer.unsubscribed?.(session.client, filter);
    return true;
  }

  /** Seconds a session may outlive its connection, of those asked for. */
  cappedExpiry(asked: number): number {
    return Math.min(asked, this.#host.options.mqtt.sessionExpiryMaximum);
  }

  /** Counts a message that did not reach a session's client; says so once until the client keeps up again. */
  dropped(session: Session, reason: DropReason): void {
    const { metrics, observer, now } = this.#host;
    metrics.dropped(reason);
    session.drops ??= new SessionDrops();
    if (!session.drops.note(reason, now) && session.dropping) return;
    if (untold.has(reason)) return;
    const begins = !session.dropping;
    session.dropping = true;
    observer.dropped?.(session.clientId, reason);
    if (begins) observer.dropping?.(session.clientId, reason);
  }

  queueChanged(messages: number, bytes: number): void {
    this.#host.metrics.queuedMessages += messages;
    this.#host.metrics.queuedBytes += bytes;
  }

  inflightChanged(messages: number): void {
    this.#host.metrics.inflightMessages += messages;
  }
}
