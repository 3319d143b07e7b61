import type { MessageView } from '@cauldron/protocol';
import { copyOf, InboundQos2, MqttError, PacketType, protocolError, ReasonCode } from '@cauldron/protocol';
import type { Connection } from './connection.ts';
import { Delivery } from './delivery.ts';
import { Fifo } from './fifo.ts';
import { Message } from './message.ts';
import type { ClientStore, StoreOperation } from './store.ts';
import type { Subscription } from './subscription.ts';
import { TopicCache } from './topic-cache.ts';

/** Whoever takes messages: a subscription, or the handler for what no subscription matches. */
export type Consumer = Pick<Subscription<unknown>, 'offer'>;

/** What the receiving half needs of its session. */
export interface InboundPort {
  /** Who takes messages on a topic. */
  consumersOf(topic: string): readonly Consumer[];
  /** Those of them that a copy with these Subscription Identifiers is for. */
  narrow(topic: string, found: readonly Consumer[], identifiers: readonly number[]): readonly Consumer[];
}

const NO_PARAMS = Object.freeze({});

/**
 * The receiving half of a session. It outlives connections: a QoS 2 message that comes again on the next connection is
 * recognised.
 *
 *     QoS 1   PUBLISH -> consumers -> PUBACK
 *     QoS 2   PUBLISH -> consumers -> PUBREC    PUBREL -> PUBCOMP    (a repeated PUBLISH is answered, not handed over)
 *
 * Acknowledgements leave in the order of their messages, so one that is consumed early waits for those before it.
 * // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
 */
export class Inbound {
  readonly #port: InboundPort;
  readonly #aliasMaximum: number;
  readonly #store: ClientStore | undefined;
  readonly #topics = new TopicCache<readonly Consumer[]>();
  readonly #qos2 = new InboundQos2();
  /** QoS 2 messages that are not consumed yet, by packet identifier. */
  #unfinished: Map<number, Delivery> | undefined;
  #connection: Connection | null = null;
  /** What this connection owes acknowledgements for, in the order it came. */
  #owed = new Fifo<Delivery>();
  #aliases: Map<number, Uint8Array> | undefined;

  /**
   * @param aliasMaximum the Topic Alias Maximum of our CONNECT
   */
  constructor(port: InboundPort, aliasMaximum: number, store: ClientStore | undefined) {
    this.#port = port;
    this.#aliasMaximum = aliasMaximum;
    this.#store = store;
  }

  /** Subscriptions have changed. */
  invalidate(): void {
    this.#topics.invalidate();
  }

  /** Takes back what a store kept. */
  restore(packetIds: readonly number[]): void {
    for (const packetId of packetIds) this.#qos2.begin(packetId);
  }

  connected(connection: Connection, sessionPresent: boolean): void {
    this.#connection = connection;
    if (sessionPresent) return;
    // [MQTT-3.2.2-5] the identifiers mean nothing any more
    for (const packetId of this.#qos2.ids()) this.#qos2.end(packetId);
    this.#unfinished?.clear();
    this.#keep({ kind: 'inbound-clear' });
  }

  disconnected(): void {
    this.#connection = null;
    this.#owed = new Fifo();
    this.#aliases = undefined;
  }

  /** A PUBLISH; the view is valid during the call. @throws {MqttError} what the broker did wrong */
  published(view: MessageView): void {
    const { qos, packetId } = view;
    const properties = view.hasProperties ? view.properties() : undefined;
    const { topic, value: found } = this.#topicOf(view, properties?.topicAlias);
    if (qos === 2 && !this.#qos2.begin(packetId)) {
      this.#again(packetId); // [MQTT-4.3.3-10]
      return;
    }
    const identifiers = properties?.subscriptionIdentifiers;
    const isOneOf = identifiers !== undefined && found.length > 1;
    const consumers = isOneOf ? this.#port.narrow(topic, found, identifiers) : found;
    const payload = copyOf(view.bytes, view.payloadStart, view.end);
    const message = new Message(topic, payload, qos, view.retain, view.dup, properties, NO_PARAMS, packetId);
    if (qos === 0) {
      for (let i = 0; i < consumers.length; i++) consumers[i]!.offer(message, null);
      return;
    }
    // One more than the consumers, so that it is not done before all of them have it.
    const delivery = new Delivery(qos, packetId, consumers.length + 1, this.#consumed);
    if (qos === 2) (this.#unfinished ??= new Map()).set(packetId, delivery);
    this.#owed.push(delivery);
    for (let i = 0; i < consumers.length; i++) consumers[i]!.offer(message, delivery);
    delivery.settle();
  }

  #topicOf(
    view: MessageView,
    alias: number | undefined,
  ): { readonly topic: string; readonly value: readonly Consumer[] } {
    if (alias === undefined) return this.#lookUp(view, view.bytes, view.topicStart, view.topicEnd);
    if (alias > this.#aliasMaximum) {
      throw new MqttError(`the broker used topic alias ${alias}; we allow ${this.#aliasMaximum}`, {
        code: 'TOPIC_ALIAS_INVALID',
        reasonCode: ReasonCode.topicAliasInvalid,
        spec: 'MQTT-3.1.2-26',
      });
    }
    const aliases = (this.#aliases ??= new Map());
    if (view.topicEnd > view.topicStart) aliases.set(alias, copyOf(view.bytes, view.topicStart, view.topicEnd));
    const topic = aliases.get(alias);
    if (topic === undefined) throw protocolError(`the broker used topic alias ${alias} before it set its topic`);
    return this.#lookUp(view, topic, 0, topic.length);
  }

  #lookUp(view: MessageView, bytes: Uint8Array, start: number, end: number) {
    if (start === end) throw protocolError('a PUBLISH has neither a topic nor a topic alias', 'MQTT-4.7.3-1');
    return this.#topics.find(bytes, start, end, view, this.#port);
  }

  /** A QoS 2 message that is here already. */
  #again(packetId: number): void {
    const delivery = this.#unfinished?.get(packetId) ?? new Delivery(2, packetId, 0, this.#consumed);
    this.#owed.push(delivery);
    this.#acknowledge();
  }

  readonly #consumed = (delivery: Delivery): void => {
    const { packetId, failed } = delivery;
    if (this.#unfinished?.get(packetId) === delivery) {
      this.#unfinished.delete(packetId);
      if (failed) this.#qos2.end(packetId); // when it comes again it is handed out again
    }
    this.#acknowledge();
  };

  /** Acknowledges what may be, in order. What a consumer failed on is left out: the broker sends it again one day. */
  #acknowledge(): void {
    while (this.#owed.first?.consumed === true) this.#answer(this.#owed.shift()!);
  }

  #answer({ qos, packetId, failed }: Delivery): void {
    if (failed) return;
    const connection = this.#connection;
    if (qos === 1) {
      connection?.acknowledge(PacketType.puback, packetId); // [MQTT-4.3.2-4]
      return;
    }
    // Once PUBREC says that it is ours, it must not be handed out again, whatever happens to us.
    this.#keep({ kind: 'inbound', packetId }, () => {
      if (this.#connection !== connection) return;
      connection?.acknowledge(PacketType.pubrec, packetId); // [MQTT-4.3.3-8]
    });
  }

  #keep(operation: StoreOperation, then?: () => void): void {
    if (this.#store === undefined) then?.();
    else this.#store.add(operation, then);
  }

  /** Ends a QoS 2 exchange. // [MQTT-4.3.3-11] */
  pubrel(packetId: number): void {
    const connection = this.#connection;
    const reasonCode = this.#qos2.end(packetId) ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
    this.#keep({ kind: 'inbound-done', packetId }, () => {
      if (this.#connection === connection) connection?.send({ type: PacketType.pubcomp, packetId, reasonCode });
    });
  }
}
