import type { AckType, ConnackPacket, MessageView, Properties, SubackPacket, UnsubackPacket } from '@cauldron/protocol';
import { PacketType } from '@cauldron/protocol';
import type { Connection, PacketReceiver } from './connection.ts';
import { type Consumer, Inbound } from './inbound.ts';
import type { Message } from './message.ts';
import type { ClientOptions, PublishResult } from './options.ts';
import { Outbound } from './outbound.ts';
import { HIGH_WATER } from './outbox.ts';
import { type Outgoing, SUCCESS } from './outgoing.ts';
import type { Platform } from './platform.ts';
import type { RequestsPort } from './requests.ts';
import type { StoredState } from './store.ts';
import { Subscription, type SubscriptionPort } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import { Unmatched } from './unmatched.ts';

/** QoS 0 bytes after which a program that publishes in a loop lets other events have their turn. */
const TURN = 65_536;
/** What most publishes of QoS 0 answer: one promise for all. */
const SENT = Promise.resolve(SUCCESS);

/**
 * What a client has beyond any one connection: what it is subscribed to, and the messages under way in both directions.
 * Takes the packets of whichever connection there is.
 */
export class Session implements PacketReceiver, SubscriptionPort, RequestsPort {
  readonly outbound: Outbound;
  readonly subscriptions: Subscriptions;
  /** The connection that the broker accepted, while there is one. */
  connection: Connection | null = null;
  /** The broker's last answer to CONNECT. */
  connack: ConnackPacket | undefined;
  readonly #platform: Platform;
  readonly #options: ClientOptions;
  readonly #inbound: Inbound;
  readonly #unmatched: Unmatched;
  readonly #fallback: readonly Consumer[];
  #drained: PromiseWithResolvers<PublishResult> | undefined;
  /** Bytes of QoS 0 published since other events had their turn. */
  #turn = 0;
  /** Subscriptions whose consumers are behind, and whether an answer of the broker is awaited. */
  #behind = 0;
  #awaiting = false;
  /** Responses to requests that are awaited. */
  #expected = 0;

  constructor(platform: Platform, options: ClientOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#unmatched = new Unmatched(platform);
    this.outbound = new Outbound(options, this);
    this.#inbound = new Inbound(this, options.topicAliasMaximum ?? 0, options.store);
    this.subscriptions = new Subscriptions(this.outbound, this);
    const { onMessage } = options;
    this.#fallback = [onMessage === undefined ? this.#unmatched : new Subscription([], {}, this, onMessage)];
  }

  /** Takes back what a store kept. */
  restore({ messages, inbound }: StoredState): void {
    this.outbound.restore(messages);
    this.#inbound.restore(inbound);
  }

  // ---- connections come and go

  connected(connection: Connection, connack: ConnackPacket, isSure: boolean): void {
    const { sessionPresent } = connack;
    if (this.connack === undefined && sessionPresent) this.#unmatched.hold();
    this.connack = connack;
    this.connection = connection;
    this.#inbound.connected(connection, sessionPresent);
    this.outbound.connected(connection, sessionPresent);
    this.subscriptions.connected(sessionPresent, sessionPresent && isSure);
    this.#flow();
  }

  disconnected(): void {
    this.connection = null;
    this.#inbound.disconnected();
    this.#unmatched.disconnected();
    this.outbound.disconnected();
    this.subscriptions.disconnected();
    this.drained();
  }

  /** The client is over. */
  close(error: Error, reason: Error | undefined): void {
    this.#unmatched.close();
    this.#inbound.disconnected();
    this.outbound.close(error);
    this.subscriptions.close(reason);
    this.drained();
  }

  // ---- packets in

  published(view: MessageView): void {
    this.#inbound.published(view);
  }

  acknowledged(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void {
    if (type === PacketType.pubrel) this.#inbound.pubrel(packetId);
    else this.outbound.acknowledged(type, packetId, reasonCode, properties);
  }

  answered(packet: SubackPacket | UnsubackPacket): void {
    this.outbound.answered(packet);
  }

  // ---- QoS 0 out

  /**
   * Publishes at QoS 0 on the connection that is there.
   *
   * @returns fulfilled when more is welcome
   */
  publishNow(
    connection: Connection,
    topic: string,
    payload: Uint8Array,
    retain: boolean,
    properties: Properties | undefined,
  ): Promise<PublishResult> {
    connection.publish(topic, payload, 0, retain, false, 0, properties);
    this.#turn += payload.length + topic.length;
    return this.#turn < TURN ? SENT : this.#drain(connection);
  }

  /** The promise of a QoS 0 publish after which the program should wait. */
  #drain(connection: Connection): Promise<PublishResult> {
    if (this.#drained === undefined) {
      this.#drained = Promise.withResolvers();
      connection.outbox.flush();
      this.#platform.yield(() => {
        if (connection.outbox.pending < HIGH_WATER) this.drained();
      });
    }
    return this.#drained.promise;
  }

  /** There is room to write again, or nothing left to wait for. */
  drained(): void {
    this.#turn = 0;
    this.#drained?.resolve(SUCCESS);
    this.#drained = undefined;
  }

  // ---- messages in

  get limits(): Properties {
    return this.connection?.limits ?? {};
  }

  get identifies(): boolean {
    return this.connection?.protocolVersion === 5 && this.limits.subscriptionIdentifiersAvailable !== 0;
  }

  narrow(topic: string, found: readonly Consumer[], identifiers: readonly number[]): readonly Consumer[] {
    return found === this.#fallback
      ? found
      : this.subscriptions.narrow(topic, found as Subscription<unknown>[], identifiers);
  }

  /** Who takes messages on a topic. */
  consumersOf(topic: string): readonly Consumer[] {
    const found = this.subscriptions.match(topic);
    return found.length === 0 ? this.#fallback : found;
  }

  /** Other subscriptions may match a topic than before. */
  subscriptionsChanged(): void {
    this.#inbound.invalidate();
    this.#unmatched.retry((topic) => this.consumersOf(topic));
  }

  ended(subscription: Subscription<unknown>): void {
    this.subscriptions.remove(subscription);
  }

  behind(behind: boolean): void {
    this.#behind += behind ? 1 : -1;
    this.#flow();
  }

  /** The first of our packets waits for an answer, or none does any more. */
  awaiting(awaiting: boolean): void {
    this.#awaiting = awaiting;
    this.#flow();
  }

  /** The program is told after what goes on now: it may publish again, or throw. */
  undelivered(error: Error, { topic, payload, qos, retain, properties }: Outgoing): void {
    const { onUndelivered } = this.#options;
    if (onUndelivered === undefined) return;
    this.#platform.defer(() => onUndelivered(error, { topic, payload, qos, retain, properties }));
  }

  /** So many more responses to requests are awaited. */
  expects(responses: number): void {
    this.#expected += responses;
    this.#flow();
  }

  /** Reads on, or not: a consumer that is behind slows the broker, unless an answer has to be read. */
  #flow(): void {
    this.connection?.pause(this.#behind > 0 && !this.#awaiting && this.#expected === 0);
  }

  /** A response could not be published. */
  unanswered(error: Error, message: Message): void {
    if (this.#options.onError !== undefined) this.failed(error, message);
  }

  failed(error: Error, message: Message): void {
    const { onError } = this.#options;
    this.call(() => {
      if (onError === undefined) throw error;
      onError(error, message);
    });
  }

  /** Calls the program: what it throws is an uncaught error of its own, and disturbs nothing here. */
  call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#platform.yield(() => throwIt(error));
    }
  }
}

function throwIt(error: unknown): never {
  throw error;
}
