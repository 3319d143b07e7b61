import type { AckType, ConnackPacket, Packet, Properties, ProtocolVersion, PublishView } from '@cauldron/protocol';
import {
  MqttError,
  PacketType,
  protocolError,
  ReasonCode,
  topicFilterProblem,
  topicNameProblem,
} from '@cauldron/protocol';
import { connectionClosed, disconnected } from './error.ts';
import { Inbound } from './inbound.ts';
import { KeepAlive } from './keep-alive.ts';
import type {
  CloseInfo,
  ConnectOptions,
  EndOptions,
  MessageHandler,
  PublishOptions,
  PublishResult,
  SubscribeResult,
  Subscription,
} from './options.ts';
import { Outbound } from './outbound.ts';
import type { Wire } from './wire.ts';

const utf8 = new TextEncoder();

/**
 * One connection to a broker. Made by {@link connect}; when it is over it stays over.
 *
 * It does not reconnect, and the QoS state of a session dies with the connection: an unfinished QoS 1 or 2 publish is
 * rejected, not sent again. Resuming that state belongs to the full client, which builds on these parts.
 */
export class Client {
  /** The broker's answer to CONNECT. */
  readonly connack: ConnackPacket;
  readonly protocolVersion: ProtocolVersion;
  /** The identifier in use: ours, or the one the broker assigned. Empty where a 3.1.1 broker keeps it to itself. */
  readonly clientId: string;
  /** Fulfilled when the connection is over, however that came about. Never rejected. */
  readonly closed: Promise<CloseInfo>;
  readonly #wire: Wire;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #keepAlive: KeepAlive;
  readonly #trace: ConnectOptions['trace'];
  readonly #settle: (info: CloseInfo) => void;
  /** Who wants nothing to be read. */
  readonly #paused = new Set<'user' | 'handler'>();
  #over: CloseInfo | undefined;

  /** @internal use {@link connect} */
  constructor(wire: Wire, connack: ConnackPacket, options: ConnectOptions) {
    const properties = connack.properties ?? {};
    this.connack = connack;
    this.protocolVersion = options.protocolVersion ?? 5;
    this.clientId = properties.assignedClientIdentifier ?? options.clientId ?? '';
    this.#wire = wire;
    this.#trace = options.trace;
    wire.peerMaxPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#settle = resolve;
    const window = Math.min(options.maxInflight ?? 100, properties.receiveMaximum ?? 65_535);
    this.#outbound = new Outbound((packet) => this.#send(packet), window);
    this.#inbound = new Inbound(
      {
        send: (packet) => this.#send(packet),
        pause: () => this.#pause('handler'),
        resume: () => this.#resume('handler'),
        fail: (error) => this.fail(error),
      },
      options.properties?.topicAliasMaximum ?? 0,
    );
    if (options.onMessage !== undefined) this.#inbound.add(options.onMessage);
    this.#keepAlive = new KeepAlive(
      properties.serverKeepAlive ?? options.keepAlive ?? 60, // [MQTT-3.2.2-21]
      () => this.#send({ type: PacketType.pingreq }),
      () => this.fail(timeout('the broker did not answer a PINGREQ within the keep-alive time')),
    );
  }

  /** Whether the broker still had our session. */
  get sessionPresent(): boolean {
    return this.connack.sessionPresent;
  }

  /**
   * Publishes a message. Fulfilled when the QoS exchange is complete; for QoS 0 when the socket takes more. A refusal by
   * the broker is a result (`reasonCode` >= 0x80), not an error.
   *
   * @throws {MqttError} TOPIC_NAME_INVALID, QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, PACKET_TOO_LARGE before sending;
   *   CONNECTION_CLOSED when the connection goes first
   */
  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<PublishResult> {
    const { qos = 0, retain = false } = options;
    this.#checkPublish(topic, options);
    const properties = this.protocolVersion === 5 ? options.properties : undefined;
    const body = typeof payload === 'string' ? utf8.encode(payload) : payload;
    const packet = { type: PacketType.publish, topic, payload: body, qos, retain, dup: false, packetId: 0, properties };
    if (qos > 0) {
      const { packetId, reasonCodes, properties: answer } = await this.#outbound.publish(packet);
      return { packetId, reasonCode: reasonCodes[0] ?? 0, properties: answer };
    }
    this.#assertOpen();
    if (!this.#send(packet)) await this.#wire.drained();
    return { packetId: 0, reasonCode: 0, properties: undefined };
  }

  #checkPublish(topic: string, { qos = 0, retain = false, properties }: PublishOptions): void {
    const problem = topic === '' && properties?.topicAlias !== undefined ? undefined : topicNameProblem(topic);
    if (problem !== undefined) throw invalid('TOPIC_NAME_INVALID', ReasonCode.topicNameInvalid, problem);
    const limits = this.connack.properties ?? {};
    // [MQTT-3.2.2-11]
    if (qos > (limits.maximumQoS ?? 2)) {
      const text = `the broker supports QoS up to ${limits.maximumQoS}, not ${qos}`;
      throw invalid('QOS_NOT_SUPPORTED', ReasonCode.qosNotSupported, text);
    }
    // [MQTT-3.2.2-14]
    if (retain && limits.retainAvailable === 0) {
      throw invalid('RETAIN_NOT_SUPPORTED', ReasonCode.retainNotSupported, 'the broker keeps no retained messages');
    }
    const alias = properties?.topicAlias ?? 0;
    // [MQTT-3.2.2-17]
    if (alias > (limits.topicAliasMaximum ?? 0)) {
      const text = `the broker allows topic aliases up to ${limits.topicAliasMaximum ?? 0}, not ${alias}`;
      throw invalid('TOPIC_ALIAS_INVALID', ReasonCode.topicAliasInvalid, text);
    }
  }

  /**
   * Subscribes to one or more filters with one SUBSCRIBE. A refusal is a result (`reasonCodes` >= 0x80).
   *
   * @throws {MqttError} TOPIC_FILTER_INVALID before sending; CONNECTION_CLOSED when the connection goes first
   */
  async subscribe(
    filters: string | Subscription | readonly (string | Subscription)[],
    options: { properties?: Properties | undefined } = {},
  ): Promise<SubscribeResult> {
    const list = (Array.isArray(filters) ? filters : [filters]) as readonly (string | Subscription)[];
    const subscriptions = list.map((item) => {
      const given: Subscription = typeof item === 'string' ? { filter: item } : item;
      const { filter, qos = 0, noLocal = false, retainAsPublished = false, retainHandling = 0 } = given;
      checkFilter(filter);
      return { filter, qos, noLocal, retainAsPublished, retainHandling };
    });
    return this.#outbound.request(PacketType.suback, (packetId) => ({
      type: PacketType.subscribe,
      packetId,
      subscriptions,
      properties: options.properties,
    }));
  }

  /** Unsubscribes. Errors as {@link subscribe}. */
  async unsubscribe(
    filters: string | readonly string[],
    options: { properties?: Properties | undefined } = {},
  ): Promise<SubscribeResult> {
    const list = typeof filters === 'string' ? [filters] : filters;
    for (const filter of list) checkFilter(filter);
    return this.#outbound.request(PacketType.unsuback, (packetId) => ({
      type: PacketType.unsubscribe,
      packetId,
      filters: list,
      properties: options.properties,
    }));
  }

  /** Hands every message to `handler` from now on; see {@link MessageHandler}. Returns the function that stops that. */
  onMessage(handler: MessageHandler): () => void {
    return this.#inbound.add(handler);
  }

  /** Handles no packet after the current one until {@link resume}: what is not handled is not acknowledged. */
  pause(): void {
    this.#pause('user');
  }

  resume(): void {
    this.#resume('user');
  }

  #pause(by: 'user' | 'handler'): void {
    this.#paused.add(by);
    this.#keepAlive.suspend(true);
    this.#wire.pause();
  }

  #resume(by: 'user' | 'handler'): void {
    this.#paused.delete(by);
    if (this.#over !== undefined || this.#paused.size > 0) return;
    this.#keepAlive.suspend(false);
    this.#wire.resume();
  }

  /** Says DISCONNECT, so that no will is published, and closes. Fulfilled when the connection is closed. */
  async end(options: EndOptions = {}): Promise<void> {
    if (this.#over === undefined) {
      const { reasonCode = 0, properties } = options;
      this.#send({ type: PacketType.disconnect, reasonCode, properties }); // [MQTT-3.14.4-1]
      this.#finish({ by: 'client', error: undefined });
    }
    await this.closed;
  }

  /** @internal Ends the connection because of an error: MQTT 5.0 tells the broker its reason code. */
  fail(error: Error): void {
    if (this.#over !== undefined) return;
    if (this.protocolVersion === 5 && this.#wire.open) {
      const reasonCode = error instanceof MqttError ? error.reasonCode : ReasonCode.unspecifiedError;
      this.#wire.send({ type: PacketType.disconnect, reasonCode });
    }
    this.#finish({ by: 'error', error });
  }

  /** @internal The socket is gone. */
  socketClosed(error: Error | undefined): void {
    const why = error === undefined ? '' : `: ${error.message}`;
    const by = error === undefined ? 'server' : 'error';
    if (this.#over === undefined) {
      this.#finish({ by, error: connectionClosed(`the connection to the broker was lost${why}`, error) });
    }
    this.#settle(this.#over!);
  }

  #finish(info: CloseInfo): void {
    this.#over = info;
    this.#keepAlive.stop();
    this.#outbound.close(info.error ?? connectionClosed('the connection was ended before the exchange was complete'));
    this.#wire.end();
  }

  #assertOpen(): void {
    if (this.#over !== undefined) throw this.#over.error ?? connectionClosed('the connection is already ended');
  }

  #send(packet: Packet): boolean {
    if (this.#over !== undefined) return true;
    this.#keepAlive.sent();
    return this.#wire.send(packet);
  }

  /** @internal */
  bytesReceived(): void {
    this.#keepAlive.received();
  }

  /** @internal */
  handlePublish(view: PublishView): void {
    const packet = this.#inbound.read(view);
    this.#trace?.('received', packet);
    this.#inbound.take(packet);
  }

  /** @internal */
  handleAck(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void {
    this.#trace?.('received', { type, packetId, reasonCode, properties });
    if (type === PacketType.pubrel) this.#inbound.pubrel(packetId);
    else this.#outbound.acknowledged(type, packetId, reasonCode, properties);
  }

  /** @internal */
  handlePacket(packet: Packet): void {
    this.#trace?.('received', packet);
    switch (packet.type) {
      case PacketType.suback:
      case PacketType.unsuback:
        this.#outbound.answered(packet.type, packet.packetId, packet.reasonCodes, packet.properties);
        return;
      case PacketType.disconnect:
        this.#finish({ by: 'server', error: disconnected(packet) });
        return;
      case PacketType.pingresp:
        return;
      default:
        throw protocolError(`the broker sent packet type ${packet.type} where it has no place`);
    }
  }
}

function checkFilter(filter: string): void {
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw invalid('TOPIC_FILTER_INVALID', ReasonCode.topicFilterInvalid, problem);
}

const invalid = (code: MqttError['code'], reasonCode: number, message: string): MqttError =>
  new MqttError(message, { code, reasonCode });

const timeout = (message: string): MqttError =>
  new MqttError(message, { code: 'TIMEOUT', reasonCode: ReasonCode.keepAliveTimeout });
