import type { ConnackPacket, Properties, ProtocolVersion } from '@cauldron/protocol';
import { encodeUtf8, PacketType, ReasonCode, topicNameProblem } from '@cauldron/protocol';
import type { Connection } from './connection.ts';
import { Dialer } from './dialer.ts';
import { aborted, clientError, connectionClosed } from './error.ts';
import { type Consumer, Inbound } from './inbound.ts';
import type { Message } from './message.ts';
import type {
  ClientOptions,
  ClientState,
  EndOptions,
  MessageHandler,
  PublishOptions,
  PublishResult,
  QueueState,
  RequestOptions,
  SubscribeOptions,
  UndeliveredMessage,
} from './options.ts';
import { Outbound, SUCCESS } from './outbound.ts';
import { HIGH_WATER } from './outbox.ts';
import { Outgoing } from './outgoing.ts';
import type { Platform } from './platform.ts';
import { Requests, type Responder } from './requests.ts';
import { Subscription, type SubscriptionPort } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import type { TopicParams } from './topic-params.ts';
import { Unmatched } from './unmatched.ts';

/** What most publishes of QoS 0 answer: one promise for all. */
const SENT = Promise.resolve(SUCCESS);
const NO_OPTIONS: PublishOptions = Object.freeze({});
/** QoS 0 bytes after which a program that publishes in a loop lets other events have their turn. */
const TURN = 65_536;

/** A message that was accepted: `complete` tells how its publish ended. */
export interface Enqueued {
  readonly complete: Promise<PublishResult>;
}

/**
 * An MQTT client that keeps itself connected. Made by `connect` or `createClient`.
 *
 * Whatever the connection does, subscriptions stay, accepted messages wait and leave in their order, and what was in
 * flight goes on where it was when the broker still has the session.
 */
export class Client {
  readonly clientId: string;
  /** Fulfilled when it is over for good; with the reason, unless `end()` was called. Never rejected. */
  readonly closed: Promise<Error | undefined>;
  readonly #platform: Platform;
  readonly #options: ClientOptions;
  readonly #dialer: Dialer;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #subscriptions: Subscriptions;
  readonly #unmatched = new Unmatched();
  readonly #fallback: readonly Consumer[];
  readonly #port: SubscriptionPort;
  readonly #listeners = new Set<(state: ClientState) => void>();
  readonly #over = Promise.withResolvers<Error | undefined>();
  #requests: Requests | undefined;
  /** The connection, once the broker accepted it. */
  #connection: Connection | null = null;
  #connack: ConnackPacket | undefined;
  #ready: PromiseWithResolvers<void> | undefined;
  #drained: PromiseWithResolvers<PublishResult> | undefined;
  /** Bytes published in this turn of a loop. */
  #turn = 0;
  /** Subscriptions whose consumers are behind, and whether an answer of the broker is awaited. */
  #behind = 0;
  #awaiting = false;
  #ending: Promise<void> | undefined;

  /** @internal use `connect` or `createClient` */
  constructor(platform: Platform, url: string | URL, options: ClientOptions) {
    if (options.store !== undefined && options.clientId === undefined) {
      const text = 'a durable store belongs to one client identifier; set clientId to one that stays the same';
      throw clientError('CLIENT_IDENTIFIER_NOT_VALID', text, ReasonCode.clientIdentifierNotValid);
    }
    this.#platform = platform;
    this.#options = options;
    this.closed = this.#over.promise;
    this.clientId = options.clientId ?? randomId(platform);
    const { maxInflight = 1000, onSessionLost = 'reject', onUndelivered, store } = options;
    const undelivered = (error: Error, { topic, payload, qos, retain, properties }: Outgoing): void =>
      onUndelivered?.(error, { topic, payload, qos, retain, properties });
    const awaiting = (now: boolean): void => {
      this.#awaiting = now;
      this.#flow();
    };
    const outbound = { ...options.queue, maxInflight, onSessionLost, undelivered, awaiting };
    this.#outbound = new Outbound(outbound, store);
    this.#inbound = new Inbound((topic) => this.#consumersOf(topic), options.topicAliasMaximum ?? 0, store);
    this.#subscriptions = new Subscriptions(this.#outbound, () => {
      this.#inbound.invalidate();
      this.#unmatched.retry((topic) => this.#consumersOf(topic));
    });
    this.#port = {
      ended: (subscription) => this.#subscriptions.remove(subscription),
      behind: (behind) => {
        this.#behind += behind ? 1 : -1;
        this.#flow();
      },
      failed: (error, message) => this.#handlerFailed(error, message),
    };
    const { onMessage } = options;
    this.#fallback = [onMessage === undefined ? this.#unmatched : new Subscription([], {}, this.#port, onMessage)];
    this.#dialer = new Dialer(platform, platform.parse(String(url)), this.clientId, options, {
      published: (view) => this.#inbound.published(view),
      acknowledged: (type, id, code, properties) => {
        if (type === PacketType.pubrel) this.#inbound.pubrel(id);
        else this.#outbound.acknowledged(type, id, code, properties);
      },
      answered: (packet) => this.#outbound.answered(packet),
      drained: () => this.#wrote(),
      connected: (connection, connack) => this.#connected(connection, connack),
      disconnected: () => this.#disconnected(),
      stateChanged: (state) => this.#stateChanged(state),
    });
  }

  /** @internal Begins to connect. @param firstMustSucceed a failure before the first connection ends the client */
  async start(firstMustSucceed: boolean): Promise<void> {
    this.#dialer.firstMustSucceed = firstMustSucceed;
    const { signal, store } = this.#options;
    if (signal?.aborted) {
      this.#dialer.end(aborted(signal, 'connecting'));
      return;
    }
    signal?.addEventListener('abort', () => this.#abort(aborted(signal, 'the client')), { once: true });
    if (store !== undefined) {
      try {
        const { messages, inbound } = await store.open(this.clientId, (error) => this.#storeFailed(error));
        this.#outbound.restore(messages);
        this.#inbound.restore(inbound);
      } catch (error) {
        this.#storeFailed(error as Error);
        return;
      }
    }
    this.#dialer.start();
  }

  // ---- what it is doing

  /** What it is doing now, and why. */
  get state(): ClientState {
    return this.#dialer.state;
  }

  /** Calls `listener` whenever {@link state} changes; returns the function that stops that. */
  onState(listener: (state: ClientState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get connected(): boolean {
    return this.#connection !== null;
  }

  /** Version of the present or the last connection; 5 before the first. */
  get protocolVersion(): ProtocolVersion {
    return this.#connection?.protocolVersion ?? this.#lastVersion;
  }

  #lastVersion: ProtocolVersion = 5;

  /** What the broker said in its last CONNACK; empty before the first, and in MQTT 3.x. */
  get serverProperties(): Properties {
    return this.#connack?.properties ?? {};
  }

  /** Whether the broker still had our session when we connected last. */
  get sessionPresent(): boolean {
    return this.#connack?.sessionPresent ?? false;
  }

  /** What waits to be sent, and what waits for its acknowledgement. */
  get queue(): QueueState {
    return this.#outbound.state;
  }

  /** Fulfilled as soon as it is connected; rejected when it is over. */
  ready(): Promise<void> {
    if (this.#connection !== null) return Promise.resolve();
    const { state } = this;
    if (state.status === 'ended') return Promise.reject(state.reason ?? connectionClosed('the client was ended'));
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  #stateChanged(state: ClientState): void {
    if (state.status === 'connected') {
      this.#ready?.resolve();
      this.#ready = undefined;
    } else if (state.status === 'ended') {
      this.#finish(state.reason);
    }
    for (const listener of [...this.#listeners]) listener(state);
  }

  #connected(connection: Connection, connack: ConnackPacket): void {
    const isFirst = this.#connack === undefined;
    this.#connack = connack;
    this.#connection = connection;
    this.#lastVersion = connection.protocolVersion;
    if (isFirst) this.#unmatched.hold(connack.sessionPresent);
    this.#inbound.connected(connection, connack.sessionPresent);
    this.#outbound.connected(connection, connack.sessionPresent);
    this.#subscriptions.connected(connack);
    this.#flow();
  }

  #disconnected(): void {
    this.#connection = null;
    this.#inbound.disconnected();
    this.#outbound.disconnected();
    this.#subscriptions.disconnected();
    this.#wrote();
  }

  #storeFailed(cause: Error): void {
    const text = `the client's store failed, so it cannot keep its promises: ${cause.message}`;
    this.#abort(clientError('STORE_FAILED', text, ReasonCode.unspecifiedError, cause));
  }

  // ---- publishing

  /**
   * Publishes a message: fulfilled when its QoS exchange is complete; QoS 0 when it was handed to the network and more is
   * welcome. While there is no connection it waits in the offline queue.
   *
   * @throws {MqttError} PUBLISH_REFUSED when the broker refuses it, with its reason code; TOPIC_NAME_INVALID,
   *   QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, PACKET_TOO_LARGE; QUEUE_FULL; ABORTED; SESSION_LOST (`onSessionLost`);
   *   CONNECTION_CLOSED when the client is over before it was complete
   * @example
   * const { reasonCode } = await client.publish('kitchen/soup', 'ready', { qos: 1 });
   */
  publish(topic: string, payload: string | Uint8Array, options: PublishOptions = NO_OPTIONS): Promise<PublishResult> {
    try {
      this.#checkPublish(topic, options);
      const connection = this.#connection;
      const isNow = connection !== null && (options.qos ?? 0) === 0 && !this.#outbound.waiting;
      if (isNow) return this.#publishNow(connection, topic, payload, options);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => this.#accept(topic, payload, options, { resolve, reject }));
  }

  /**
   * Hands over a message that is to be published whatever happens: fulfilled when it is in the queue, with a durable
   * store on disk. What becomes of it, `complete` tells, and `onUndelivered` when it fails.
   *
   * @throws {MqttError} as {@link publish}, for what is known before it is sent
   * @example
   * await client.enqueue('meter/42', '17.3', { qos: 1 });
   */
  async enqueue(topic: string, payload: string | Uint8Array, options: PublishOptions = NO_OPTIONS): Promise<Enqueued> {
    this.#checkPublish(topic, options);
    const accepted = Promise.withResolvers<void>();
    const done = Promise.withResolvers<PublishResult>();
    done.promise.catch(accepted.reject);
    this.#accept(topic, payload, options, done, accepted.resolve);
    await accepted.promise;
    done.promise.catch((error: Error) => {
      if (this.state.status === 'ended' && this.#options.store !== undefined) return; // the next client with this store sends it
      this.#options.onUndelivered?.(error, published(topic, payload, options));
    });
    return { complete: done.promise };
  }

  #accept(
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions,
    waiter: Outgoing['waiter'],
    kept?: () => void,
  ): void {
    const key = this.#outbound.nextKey();
    this.#outbound.accept(new Outgoing({ ...published(topic, payload, options), key }, waiter), options.signal, kept);
  }

  #publishNow(
    connection: Connection,
    topic: string,
    payload: string | Uint8Array,
    { retain = false, properties }: PublishOptions,
  ): Promise<PublishResult> {
    const body = typeof payload === 'string' ? encodeUtf8(payload) : payload;
    const type = PacketType.publish;
    connection.publish({ type, topic, payload: body, qos: 0, retain, dup: false, packetId: 0, properties });
    this.#turn += body.length + topic.length;
    if (this.#turn < TURN) return SENT;
    return this.#drain(connection);
  }

  /** The promise of a QoS 0 publish after which the program should wait. */
  #drain(connection: Connection): Promise<PublishResult> {
    if (this.#drained === undefined) {
      this.#drained = Promise.withResolvers();
      connection.outbox.flush();
      if (connection.outbox.pending < HIGH_WATER) this.#platform.yield(() => this.#wrote());
    }
    return this.#drained.promise;
  }

  #wrote(): void {
    this.#turn = 0;
    this.#drained?.resolve(SUCCESS);
    this.#drained = undefined;
  }

  #checkPublish(topic: string, { qos = 0, retain = false, properties, signal }: PublishOptions): void {
    if (signal?.aborted) throw aborted(signal, 'the publish');
    const problem = topic === '' && properties?.topicAlias !== undefined ? undefined : topicNameProblem(topic);
    if (problem !== undefined) throw clientError('TOPIC_NAME_INVALID', problem, ReasonCode.topicNameInvalid);
    const { state } = this;
    if (state.status === 'ended') throw state.reason ?? connectionClosed('the client was ended');
    const limits = this.serverProperties;
    // [MQTT-3.2.2-11]
    if (qos > (limits.maximumQoS ?? 2)) {
      const text = `the broker supports QoS up to ${limits.maximumQoS}, not ${qos}`;
      throw clientError('QOS_NOT_SUPPORTED', text, ReasonCode.qosNotSupported);
    }
    // [MQTT-3.2.2-14]
    if (retain && limits.retainAvailable === 0) {
      const text = 'the broker keeps no retained messages';
      throw clientError('RETAIN_NOT_SUPPORTED', text, ReasonCode.retainNotSupported);
    }
    const alias = properties?.topicAlias ?? 0;
    // [MQTT-3.2.2-17]
    if (alias > (limits.topicAliasMaximum ?? 0)) {
      const text = `the broker allows topic aliases up to ${limits.topicAliasMaximum ?? 0}, not ${alias}`;
      throw clientError('TOPIC_ALIAS_INVALID', text, ReasonCode.topicAliasInvalid);
    }
  }

  // ---- subscribing

  /**
   * Subscribes, and answers the messages as something to loop over. The broker's answer is awaited by `ready`; a refusal
   * is thrown out of the loop. Leaving the loop unsubscribes.
   *
   * @param filter one or several topic filters; `+name` and `#name` name what becomes `message.params.name`
   * @throws {MqttError} TOPIC_FILTER_INVALID
   * @example
   * for await (const message of client.subscribe('rooms/+room/temp')) {
   *   console.log(message.params.room, message.text());
   *   break;
   * }
   */
  subscribe<const F extends string>(
    filter: F | readonly F[],
    options: SubscribeOptions = {},
  ): Subscription<TopicParams<F>> {
    return this.listen(typeof filter === 'string' ? [filter] : filter, options, undefined);
  }

  /**
   * Subscribes with a handler: fulfilled when the broker has granted it.
   *
   * @throws {MqttError} TOPIC_FILTER_INVALID, SUBSCRIBE_REFUSED
   * @example
   * const lights = await client.on('lights/+name', (message) => {
   *   console.log(message.params.name, message.text());
   * });
   * lights.close();
   */
  async on<const F extends string>(
    filter: F | readonly F[],
    handler: MessageHandler<TopicParams<F>>,
    options: SubscribeOptions = {},
  ): Promise<Subscription<TopicParams<F>>> {
    const subscription = this.listen(typeof filter === 'string' ? [filter] : filter, options, handler);
    await subscription.ready;
    return subscription;
  }

  /** @internal */
  listen<P>(
    filters: readonly string[],
    options: SubscribeOptions,
    handler: MessageHandler<P> | undefined,
  ): Subscription<P> {
    const { state } = this;
    if (state.status === 'ended') throw state.reason ?? connectionClosed('the client was ended');
    if (options.signal?.aborted) throw aborted(options.signal, 'the subscription');
    const subscription = new Subscription<P>(filters, options, this.#port, handler);
    this.#subscriptions.add(subscription as Subscription<unknown>);
    return subscription;
  }

  /**
   * Unsubscribes from a filter, whoever subscribed to it: also from one that a session has from an earlier process.
   * Fulfilled when the broker has confirmed it, or at once while there is no connection.
   */
  unsubscribe(filter: string): Promise<void> {
    return new Promise((resolve) => this.#subscriptions.unsubscribe(filter, resolve));
  }

  #consumersOf(topic: string): readonly Consumer[] {
    const found = this.#subscriptions.match(topic);
    return found.length === 0 ? this.#fallback : found;
  }

  #handlerFailed(error: Error, message: Message): void {
    const { onError } = this.#options;
    if (onError !== undefined) onError(error, message);
    else this.#platform.yield(() => throwIt(error));
  }

  /** Reads on, or not: a consumer that is behind slows the broker, unless an answer has to be read. */
  #flow(): void {
    this.#connection?.pause(this.#behind > 0 && !this.#awaiting);
  }

  // ---- request and response

  /**
   * Publishes a request and waits for its response. MQTT 5.0 only.
   *
   * @throws {MqttError} TIMEOUT when nobody answers; otherwise as {@link publish}
   * @example
   * const answer = await client.request('calculator/add', '1 2', { timeout: 1000 });
   * console.log(answer.text());
   */
  request(topic: string, payload: string | Uint8Array, options: RequestOptions = {}): Promise<Message> {
    return this.#requester().send(topic, payload, options);
  }

  /**
   * Answers requests: what `responder` returns is published to the response topic of the request. MQTT 5.0 only.
   *
   * @example
   * await client.respond('calculator/add', (message) => {
   *   const [a, b] = message.text().split(' ').map(Number);
   *   return `${a + b}`;
   * });
   */
  respond(filter: string, responder: Responder, options: SubscribeOptions = {}): Promise<Subscription> {
    return this.#requester().respond(filter, responder, options);
  }

  #requester(): Requests {
    this.#requests ??= new Requests(this, (ms, callback) => this.#platform.setTimer(ms, callback));
    return this.#requests;
  }

  // ---- the end

  /**
   * Proves again who it is, for credentials that expire (MQTT 5.0 section 4.12.1); needs `authentication`.
   *
   * @throws {MqttError} NOT_AUTHORIZED; CONNECTION_CLOSED
   */
  reauthenticate(): Promise<void> {
    const connection = this.#connection;
    return connection?.reauthenticate() ?? Promise.reject(connectionClosed('there is no connection'));
  }

  /**
   * Waits for publishes under way, says DISCONNECT, so that no will is published, and closes. Fulfilled when all is over.
   */
  end(options: EndOptions = {}): Promise<void> {
    this.#ending ??= this.#end(options);
    return this.#ending;
  }

  async #end({ timeout = 5000, reasonCode = 0, properties }: EndOptions): Promise<void> {
    if (this.#connection !== null && timeout > 0) await this.#outbound.finished(timeout, this.#platform);
    const mine = this.#options.cleanStart ?? this.#options.store === undefined;
    const forget = mine && this.#options.sessionExpiry === undefined ? { sessionExpiryInterval: 0 } : undefined;
    await this.#dialer.close(undefined, { reasonCode, properties: properties ?? forget });
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  #abort(error: Error): void {
    void this.#dialer.close(error, { reasonCode: ReasonCode.success });
  }

  /** Nothing comes any more. */
  #finish(reason: Error | undefined): void {
    const error = reason ?? connectionClosed('the client was ended before the exchange was complete');
    this.#ready?.reject(error);
    this.#outbound.close(error);
    this.#subscriptions.close(reason);
    this.#wrote();
    void this.#shut(reason);
  }

  async #shut(reason: Error | undefined): Promise<void> {
    try {
      await this.#options.store?.close();
    } finally {
      this.#over.resolve(reason);
    }
  }
}

function published(
  topic: string,
  payload: string | Uint8Array,
  { qos = 0, retain = false, properties }: PublishOptions,
): UndeliveredMessage {
  // A copy: the program may use its bytes again before they have left.
  const body = typeof payload === 'string' ? encodeUtf8(payload) : new Uint8Array(payload);
  return { topic, payload: body, qos, retain, properties };
}

/** 12 characters of 36: enough that two of a million clients rarely meet. */
function randomId(platform: Platform): string {
  let id = 'cauldron-';
  for (let i = 0; i < 12; i++) id += Math.floor(platform.random() * 36).toString(36);
  return id;
}

function throwIt(error: Error): never {
  throw error;
}
