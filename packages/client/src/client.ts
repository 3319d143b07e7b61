import { type Properties, type ProtocolVersion, ReasonCode } from '@cauldron/protocol';
import { Dialer } from './dialer.ts';
import { aborted, clientError, connectionClosed, storeFailed } from './error.ts';
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
} from './options.ts';
import { Outgoing } from './outgoing.ts';
import type { Platform } from './platform.ts';
import { bytesOf, checkPublish, published } from './publishing.ts';
import { Requests, type Responder } from './requests.ts';
import { Session } from './session.ts';
import type { ClientStore } from './store.ts';
import { Subscription } from './subscription.ts';
import type { TopicParams } from './topic-params.ts';

const NO_OPTIONS: PublishOptions = Object.freeze({});

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
  readonly #platform: Platform;
  readonly #options: ClientOptions;
  readonly #session: Session;
  readonly #dialer: Dialer;
  #listeners: Set<(state: ClientState) => void> | undefined;
  #requests: Requests | undefined;
  #ready: PromiseWithResolvers<void> | undefined;
  #over: PromiseWithResolvers<Error | undefined> | undefined;
  /** The store is closed too. */
  #isOver = false;
  #reason: Error | undefined;
  #ending: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;

  /** @internal use `connect` or `createClient` */
  constructor(platform: Platform, url: string | URL, options: ClientOptions) {
    if (options.store !== undefined && options.clientId === undefined) {
      const text = 'a durable store belongs to one client identifier; set clientId to one that stays the same';
      throw clientError('CLIENT_IDENTIFIER_NOT_VALID', text, ReasonCode.clientIdentifierNotValid);
    }
    this.#platform = platform;
    this.#options = options;
    this.clientId = options.clientId || randomId(platform);
    this.#session = new Session(platform, options);
    const changed = (state: ClientState): void => this.#stateChanged(state);
    this.#dialer = new Dialer(platform, platform.parse(String(url)), this.clientId, options, this.#session, changed);
  }

  /** @internal Begins to connect. @param firstMustSucceed a failure before the first connection ends the client */
  async start(firstMustSucceed: boolean): Promise<void> {
    this.#dialer.firstMustSucceed = firstMustSucceed;
    const { signal, store } = this.#options;
    if (signal?.aborted) {
      this.#dialer.end(aborted(signal, 'connecting'));
      return;
    }
    if (signal !== undefined) {
      const abort = (): void => this.#abort(aborted(signal, 'the client'));
      signal.addEventListener('abort', abort);
      this.#stopListening = () => signal.removeEventListener('abort', abort);
    }
    if (store === undefined || (await this.#restore(store))) this.#dialer.start();
  }

  /** False where the client is over meanwhile. */
  async #restore(store: ClientStore): Promise<boolean> {
    try {
      const state = await store.open(this.clientId, (error) => this.#storeFailed(error));
      if (this.#ending !== undefined || this.#options.signal?.aborted) return false;
      this.#session.restore(state);
      return true;
    } catch (error) {
      this.#storeFailed(error as Error);
      return false;
    }
  }

  // ---- what it is doing

  /** Fulfilled when it is over for good; with the reason, unless `end()` was called. Never rejected. */
  get closed(): Promise<Error | undefined> {
    this.#over ??= Promise.withResolvers();
    if (this.#isOver) this.#over.resolve(this.#reason);
    return this.#over.promise;
  }

  /** What it is doing now, and why. */
  get state(): ClientState {
    return this.#dialer.state;
  }

  /** Calls `listener` whenever {@link state} changes; returns the function that stops that. */
  onState(listener: (state: ClientState) => void): () => void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  get connected(): boolean {
    return this.#session.connection !== null;
  }

  /** Version of the present or the next connection. */
  get protocolVersion(): ProtocolVersion {
    return this.#dialer.protocolVersion;
  }

  /** What the broker said in its last CONNACK; empty before the first, and in MQTT 3.x. */
  get serverProperties(): Properties {
    return this.#session.connack?.properties ?? {};
  }

  /** Whether the broker still had our session when we connected last. */
  get sessionPresent(): boolean {
    return this.#session.connack?.sessionPresent ?? false;
  }

  /** What waits to be sent, and what waits for its acknowledgement. */
  get queue(): QueueState {
    return this.#session.outbound.state;
  }

  /** Fulfilled as soon as it is connected; rejected when it is over. */
  ready(): Promise<void> {
    if (this.connected) return Promise.resolve();
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
    for (const listener of [...(this.#listeners ?? [])]) {
      try {
        listener(state);
      } catch (error) {
        this.#platform.yield(() => {
          throw error;
        });
      }
    }
  }

  #storeFailed(cause: Error): void {
    this.#abort(storeFailed(cause));
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
      checkPublish(topic, options, this.state, this.serverProperties);
      const { connection, outbound } = this.#session;
      if (connection?.open && (options.qos ?? 0) === 0 && !outbound.waiting) {
        const { retain = false, properties } = options;
        return this.#session.publishNow(connection, topic, bytesOf(payload), retain, properties);
      }
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
    checkPublish(topic, options, this.state, this.serverProperties);
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
    const message = new Outgoing(published(topic, payload, options), waiter);
    message.whenKept = kept;
    this.#session.outbound.accept(message, options.signal);
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
    // As MQTT.js has it, where this would subscribe to a topic called "message".
    if (handler.length > 1) throw new TypeError('a handler takes one argument, the message: (message) => ...');
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
    const subscription = new Subscription<P>(filters, options, this.#session, handler);
    this.#session.subscriptions.add(subscription as Subscription<unknown>);
    return subscription;
  }

  /**
   * Unsubscribes from a filter, whoever subscribed to it: also from one that a session has from an earlier process.
   * Fulfilled when the broker has confirmed it, or when there is no connection: then the next one sees to it.
   *
   * @param properties of UNSUBSCRIBE, MQTT 5.0 only
   */
  unsubscribe(filter: string, properties?: Properties): Promise<void> {
    return new Promise((resolve) => this.#session.subscriptions.unsubscribe(filter, resolve, properties));
  }

  // ---- request and response

  /**
   * Publishes a request and waits for its response. MQTT 5.0 only. Responses come to a topic of this client below
   * `cauldron/responses`, or below what the broker names, where the option `properties: { requestResponseInformation: 1 }`
   * asks it to.
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
    this.#requests ??= new Requests(this, this.#platform, this.#session);
    return this.#requests;
  }

  // ---- the end

  /**
   * Proves again who it is, for credentials that expire (MQTT 5.0 section 4.12.1); needs `authentication`.
   *
   * @throws {MqttError} NOT_AUTHORIZED; CONNECTION_CLOSED
   */
  reauthenticate(): Promise<void> {
    return this.#session.connection?.reauthenticate() ?? Promise.reject(connectionClosed('there is no connection'));
  }

  /**
   * Waits for publishes under way, says DISCONNECT, so that no will is published, and closes. Fulfilled when all is over.
   */
  end(options: EndOptions = {}): Promise<void> {
    this.#ending ??= this.#end(options);
    return this.#ending;
  }

  async #end({ timeout = 5000, reasonCode = 0, properties, abrupt = false }: EndOptions): Promise<void> {
    // What a store keeps need not wait for a connection that may never come.
    const { status } = this.state;
    const mayBeSent = status === 'connected' || (status === 'connecting' && this.#options.store === undefined);
    const { outbound } = this.#session;
    if (mayBeSent && timeout > 0 && !abrupt && !outbound.idle) await outbound.finished(timeout, this.#platform);
    const mine = this.#options.cleanStart ?? this.#options.store === undefined;
    const forget = mine && this.#options.sessionExpiry === undefined ? { sessionExpiryInterval: 0 } : undefined;
    await this.#dialer.close(undefined, abrupt ? null : { reasonCode, properties: properties ?? forget });
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
    this.#stopListening?.();
    this.#ready?.reject(error);
    this.#session.close(error, reason);
    void this.#shut(reason);
  }

  async #shut(reason: Error | undefined): Promise<void> {
    this.#reason = reason;
    try {
      await this.#options.store?.close();
    } catch (error) {
      this.#reason ??= storeFailed(error as Error);
    }
    this.#isOver = true;
    this.#over?.resolve(this.#reason);
  }
}

/** 12 characters of 36: enough that two of a million clients rarely meet. */
function randomId(platform: Platform): string {
  let id = 'cauldron-';
  for (let i = 0; i < 12; i++) id += Math.floor(platform.random() * 36).toString(36);
  return id;
}
