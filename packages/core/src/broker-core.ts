import { MqttError, type Properties, PublishView, ReasonCode, topicNameProblem } from '@cauldron/protocol';
import { Connection } from './connection/connection.ts';
import { FlushSet } from './connection/flush-set.ts';
import { TurnShare } from './connection/turn-share.ts';
import { Guard } from './guard/guard.ts';
import { MemoryPressure, type MemoryPressureLevel } from './guard/memory-pressure.ts';
import { Retention } from './guard/retention.ts';
import { intercept } from './interception.ts';
import { Message } from './message.ts';
import { Metrics } from './metrics.ts';
import type { AckMode, CoreOptions, Limits, ListenerSettings, MqttOptions } from './options.ts';
import type {
  ClientInfo,
  CorePorts,
  Link,
  LinkReceiver,
  Observer,
  PublishDraft,
  Refusal,
  Subscriber,
} from './ports.ts';
import { recheck, willDenied } from './recheck.ts';
import { Fanout } from './routing/fanout.ts';
import { PublishRun } from './routing/publish-run.ts';
import { RetainedTree } from './routing/retained-tree.ts';
import { Router } from './routing/router.ts';
import { topicProblem } from './routing/topic-limits.ts';
import type { Topic } from './routing/topic-table.ts';
import type { Session } from './session/session.ts';
import { type RegistryHost, SessionRegistry } from './session/session-registry.ts';
import type { PendingWill } from './session/will.ts';
import { Admission } from './store/admission.ts';
import { Journal } from './store/journal.ts';
import { decodeOperations } from './store/operations.ts';
import { Restoration } from './store/restoration.ts';
import type { StoreReceiver } from './store/store.ts';
import type { StoredMessage } from './store/stored-message.ts';
import { TimerWheel } from './timing/timer-wheel.ts';

/**
 * The broker as a value: bytes and time in, bytes out. It knows no socket, no clock and no disk; a transport gives it
 * links and calls what {@link accept} returns, and somebody calls {@link tick} and {@link flush}.
 *
 * @example
 * const core = new BrokerCore(options, ports, Date.now());
 * const receiver = core.accept(link);
 * receiver.feed(bytes, bytes.length);
 * core.flush();
 */
export class BrokerCore implements RegistryHost {
  readonly options: CoreOptions;
  readonly ports: CorePorts;
  readonly receiveRule: ((client: ClientInfo, topic: string) => boolean) | null;
  readonly metrics = new Metrics();
  readonly router: Router;
  readonly retained = new RetainedTree();
  readonly sessions: SessionRegistry;
  readonly timers: TimerWheel;
  readonly flushSet: FlushSet;
  readonly turns: TurnShare;
  /** What the store is told, and what waits for it; null where there is none. */
  readonly journal: Journal | null;
  /** Says no to what cannot be kept. */
  readonly admission: Admission;
  /** Says no to who comes too fast or too often. */
  readonly guard: Guard;
  /** How short memory is, and what is shed because of it. */
  readonly memory = new MemoryPressure();
  /** What the store has to hold of the message published last; null = nothing. */
  published: StoredMessage | null = null;
  /** Why it was not accepted: a limit of what is retained; null = it was. */
  publishRefusal: Refusal | null = null;
  /** That message changed what its topic has retained in the store. */
  publishedRetained = false;
  /** The one view of all decoders: they never run at the same time. */
  readonly view = new PublishView();
  /** QoS 0 publishes of the packet stream being read that go on together. */
  readonly run = new PublishRun();
  /** Milliseconds, as of the last {@link tick}. */
  now: number;
  readonly #connections = new Set<Connection>();
  readonly #fanout = new Fanout();
  /** A fanout is in use: a publish from inside a delivery takes one of its own. */
  #publishing = false;
  readonly #retention: Retention;
  readonly #everywhere: ListenerSettings;
  #closing = false;
  #restoring: Restoration | null = null;

  /** @param now milliseconds on whatever clock `tick` will be called with */
  constructor(options: CoreOptions, ports: CorePorts, now: number) {
    this.options = options;
    this.ports = ports;
    this.now = now;
    const { authorizer } = ports;
    const checksReceivers = authorizer?.authorizeReceive !== undefined;
    this.receiveRule = checksReceivers ? (client, topic) => authorizer.authorizeReceive!(client, topic) : null;
    // Without an epoch an answer may depend on anything, and holds for one message.
    const rights = !checksReceivers ? 'none' : authorizer.epoch === undefined ? 'always' : 'remembered';
    this.flushSet = new FlushSet(ports.scheduler);
    this.turns = new TurnShare(this.flushSet);
    this.router = new Router(options.topicCacheSize, options.hashSeed, rights, this.turns);
    this.sessions = new SessionRegistry(this);
    this.timers = new TimerWheel(now);
    this.journal = ports.store === null ? null : new Journal(this, ports.store);
    this.admission = new Admission(this);
    this.guard = new Guard(this);
    this.#retention = new Retention(this);
    this.#everywhere = this.listener({});
  }

  get observer(): Observer {
    return this.ports.observer;
  }

  /** Connections of every state. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  // ---- edges

  /** Settings for a listener: the broker's, with the listener's own values over them. */
  listener(own: {
    readonly limits?: Partial<Limits>;
    readonly mqtt?: Partial<MqttOptions>;
    readonly ack?: AckMode | undefined;
  }): ListenerSettings {
    const { limits, mqtt } = this.options;
    return { limits: { ...limits, ...own.limits }, mqtt: { ...mqtt, ...own.mqtt }, ack: own.ack, clients: 0 };
  }

  /**
   * Whether one more connection may come: for a transport to ask before it spends anything on it, a TLS handshake above
   * all. A refusal is counted and told to the observer; the transport closes the connection.
   *
   * @param remoteAddress as {@link Link.remoteAddress} will have it
   */
  admit(remoteAddress: string, listener: ListenerSettings): Refusal | null {
    return this.guard.admit(remoteAddress, listener);
  }

  /** Memory is short, or is not any more: {@link MemoryPressure} says what is shed at which level. Takes effect at once. */
  setMemoryPressure(level: MemoryPressureLevel): void {
    this.memory.level = level;
  }

  /**
   * Takes a new link; the transport calls what comes back as things happen.
   *
   * @param listener the settings of the listener it came through, from {@link BrokerCore.listener}
   */
  accept(link: Link, listener: ListenerSettings = this.#everywhere): LinkReceiver {
    const connection = new Connection(this, link, listener);
    this.#connections.add(connection);
    this.metrics.connectionsAccepted += 1;
    this.timers.schedule(connection, this.now + listener.limits.connectTimeout * 1000);
    this.guard.halfOpen.add(connection);
    return connection;
  }

  /** Moves time on: keep alive, expiry and delayed wills happen here. `now` is in milliseconds. */
  tick(now: number): void {
    this.now = now;
    this.timers.advance(now);
    this.#retention.tick(now);
    this.journal?.tick(now);
  }

  /** Hands everything that was produced since the last call to the links. */
  flush(): void {
    this.flushSet.flush();
  }

  /** A connection's link is gone. */
  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /**
   * Ends every connection, telling 5.0 clients that the broker shuts down. No will is published: what a will says would
   * not be true (section 3.1.2.5 lets a stopping server keep them back).
   */
  close(): void {
    this.#closing = true;
    for (const connection of [...this.#connections]) {
      // The store keeps the wills of the sessions it has: the next start publishes those whose clients stay away.
      if (connection.session !== null && connection.session.number === 0) connection.session.will = null;
      connection.end(ReasonCode.serverShuttingDown, 'the broker is shutting down; try again in a moment');
    }
    this.flush();
  }

  // ---- the store

  /** Where the store's answers go. @throws {Error} where there is no store */
  get storeReceiver(): StoreReceiver {
    if (this.journal === null) throw new Error('this broker keeps everything in memory: it has no store to hear from');
    return this.journal;
  }

  after(milliseconds: number, then: () => void): boolean {
    this.ports.scheduler.after?.(milliseconds, then);
    return this.ports.scheduler.after !== undefined;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /**
   * Takes back what the store kept, before the first link: operations as a snapshot has them, in any number of buffers.
   * {@link BrokerCore.restored} follows.
   *
   * @param operations the core copies what it keeps
   * @throws {RangeError} where the bytes are not whole operations
   */
  restore(operations: Uint8Array): void {
    this.#restoring ??= new Restoration(this, this.journal!);
    decodeOperations(operations, 0, operations.length, this.#restoring);
  }

  /** Everything was taken back: sessions go on waiting for their clients. */
  restored(): void {
    this.#restoring?.finish(this.now + this.options.restartWillDelay * 1000);
    this.#restoring = null;
  }

  // ---- publishing

  /**
   * Publishes a message of the program itself, past authorization but through the interceptors.
   *
   * @returns the reason code a client would get: 0, 0x10 where nobody subscribed, 0x80 and above where it was refused
   * @throws {MqttError} TOPIC_NAME_INVALID
   */
  publish(draft: PublishDraft): number {
    const problem = topicNameProblem(draft.topic) ?? this.topicProblem(draft.topic);
    if (problem !== undefined && problem !== null) {
      throw new MqttError(problem, { code: 'TOPIC_NAME_INVALID', reasonCode: ReasonCode.topicNameInvalid });
    }
    const message = intercept(this, Message.create(draft, this.now), undefined);
    if (message === 'drop') return ReasonCode.success;
    if (!(message instanceof Message)) return message.reasonCode;
    return this.refusal(message, null, true)?.reasonCode ?? this.publishMessage(message, null);
  }

  /** Why a message cannot be accepted; null = it can. `tellable`: its publisher can be told of a full queue. */
  refusal(message: Message, publisher: Subscriber | null, tellable: boolean): Refusal | null {
    if (!this.admission.mayRefuse) return null;
    const topic = this.router.topics.intern(message.topic);
    const { qos, retain, storedSize: size } = message;
    return this.admission.refusal({ topic, qos, retain, size, publisher, tellable });
  }

  /** Publishes below `$SYS`, which nobody else may, without asking interceptors. */
  publishSystem(topic: string, payload: Uint8Array): void {
    const draft: PublishDraft = { topic, payload, qos: 0, retain: true, properties: undefined };
    this.publishMessage(Message.create(draft, this.now), null);
  }

  /** Routes a packet that is being read. Returns the reason code of its acknowledgement. */
  publishView(topic: Topic, view: PublishView, publisher: Subscriber | null): number {
    this.published = null;
    this.publishedRetained = false;
    this.publishRefusal = null;
    const fanout = this.#publishing ? new Fanout() : this.#fanout;
    fanout.startView(topic, view, publisher, this.now);
    // [MQTT-3.3.1-8]
    if (view.retain) {
      const refusal = this.#retention.apply(topic, fanout, view.payloadStart === view.end);
      // Who cannot be told is not refused either: the message is live then, and not kept.
      if (refusal !== null && view.qos > 0 && view.version5) return this.#refused(fanout, refusal);
    }
    return this.#route(fanout);
  }

  /** Sends the run on its way, if there is one: its buffer is about to be reused, or something else comes. */
  endRun(): void {
    const run = this.run;
    if (run.count === 0) return;
    const outer = this.#publishing;
    const fanout = outer ? new Fanout() : this.#fanout;
    this.#publishing = true;
    try {
      const left = this.router.publishRun(run);
      if (left !== null) {
        run.each((view) => {
          fanout.startView(run.topic, view, run.publisher, this.now);
          this.router.deliver(fanout, left);
        });
        if (fanout.record !== null && this.journal!.overloaded) run.publisher?.connection?.waitForStore();
      }
    } finally {
      this.#publishing = outer;
      fanout.finish();
      run.clear();
    }
  }

  /**
   * Routes a message that has its own bytes.
   *
   * @param refusable whether its publisher can be told that it is not kept; a message whose publisher cannot be told goes
   * out live all the same
   */
  publishMessage(message: Message, publisher: Subscriber | null, refusable = true): number {
    this.published = null;
    this.publishedRetained = false;
    this.publishRefusal = null;
    const fanout = this.#publishing ? new Fanout() : this.#fanout;
    fanout.startMessage(this.router.topics.intern(message.topic), message, publisher, this.now);
    if (message.retain) {
      const refusal = this.#retention.apply(fanout.topic, fanout, message.payloadLength === 0);
      if (refusal !== null && message.qos > 0 && refusable) return this.#refused(fanout, refusal);
    }
    return this.#route(fanout);
  }

  #route(fanout: Fanout): number {
    const outer = this.#publishing;
    this.#publishing = true;
    try {
      const matched = this.router.publish(fanout);
      this.published = fanout.record;
      this.publishedRetained = fanout.changedRetained;
      this.publishRefusal = null;
      return matched ? ReasonCode.success : ReasonCode.noMatchingSubscribers;
    } finally {
      this.#publishing = outer;
      fanout.finish();
    }
  }

  #refused(fanout: Fanout, refusal: Refusal): number {
    fanout.finish();
    this.publishRefusal = refusal;
    return refusal.reasonCode;
  }

  /** Why a topic name or filter exceeds the limits, or null. */
  topicProblem(topic: string): string | null {
    return topicProblem(this, topic);
  }

  // ---- sessions

  /** A will is due: it goes the way of every message. */
  publishWill(will: PendingWill, session: Session): void {
    this.metrics.willsPublished += 1;
    try {
      if (willDenied(this, will, session)) return;
      const message = intercept(this, Message.refreshed(will.message, this.now), undefined);
      // [MQTT-3.1.2-14] [MQTT-3.1.2-15]
      if (message instanceof Message) this.publishMessage(message, session, false); // nobody is there to be told
    } catch (error) {
      // There is no connection left to end for it, and the end of this session goes on.
      this.observer.internalError?.(error, `the will of '${session.clientId}'`);
    }
  }

  /**
   * The authorizer's rules have changed, and its epoch with them: who gets what is looked at again from the next message
   * on. Subscriptions that would not be granted any more are for {@link BrokerCore.recheck}.
   */
  rulesChanged(): void {
    this.endRun();
    this.router.rematchAll();
  }

  /**
   * Takes from a session what it would not be allowed to subscribe to any more, and ends its client's connection, which
   * learns of it that way. An authorizer that answers later is not asked.
   *
   * @returns the filters that were taken
   */
  recheck(session: Session): string[] {
    return recheck(this, session);
  }

  /**
   * Ends a client's connection from outside, for example to send it elsewhere (0x9C, 0x9D with a server reference).
   *
   * @returns false where no such client is connected
   */
  disconnect(clientId: string, reasonCode: number, reason: string, properties?: Properties): boolean {
    const connection = this.sessions.get(clientId)?.connection ?? null;
    connection?.end(reasonCode, reason, properties);
    return connection !== null;
  }

  /** Ends a client's session and with it its connection; false where there is none. */
  discardSession(clientId: string): boolean {
    const session = this.sessions.get(clientId);
    if (session === undefined) return false;
    session.connection?.end(ReasonCode.administrativeAction, 'the session was discarded by an administrator');
    if (this.sessions.get(clientId) === session) this.sessions.end(session, 'discarded');
    return true;
  }
}
