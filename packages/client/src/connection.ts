import type {
  AckType,
  ClientPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  Packet,
  PacketSink,
  Properties,
  ProtocolVersion,
  QoS,
  SubackPacket,
  UnsubackPacket,
} from '@cauldron/protocol';
import {
  encodeClientPacket,
  encodeProperties,
  FrameDecoder,
  fromServers,
  LARGEST_PACKET,
  MessageView,
  MqttError,
  PacketType,
  packetTooLarge,
  protocolError,
  publishFrameSize,
  ReasonCode,
  writeAck,
  writePublish,
} from '@cauldron/protocol';
import type { Authentication, AuthenticationFlow } from './authentication.ts';
import { clientError, connectionClosed, connectionRefused, disconnected, UnreachableError } from './error.ts';
import { KeepAlive } from './keep-alive.ts';
import { OldRefusal } from './old-refusal.ts';
import type { ClientOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Platform, Target, Timer, Transport, TransportReceiver } from './platform.ts';
import { TopicAliases } from './topic-aliases.ts';
import { encodeTopic } from './topic-bytes.ts';

/** Whoever opened a connection. */
export interface ConnectionOwner {
  /** The broker accepted. */
  accepted(connection: Connection, connack: ConnackPacket): void;
  /** It is over; called once, also where it never came about. `error` is missing where {@link Connection.end} ended it. */
  closed(connection: Connection, error: Error | undefined): void;
}

/** Whoever takes its packets, once the broker has accepted. */
export interface PacketReceiver {
  /** The view is valid during the call. */
  published(view: MessageView): void;
  acknowledged(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void;
  answered(packet: SubackPacket | UnsubackPacket): void;
  /** There is room to write again. */
  drained(): void;
}

/** What a connection says of itself. */
export interface ConnectionRequest {
  /** Without authentication method and data. */
  readonly packet: ConnectPacket;
  readonly authentication: Authentication | undefined;
  /** Milliseconds until the CONNACK must be here. */
  readonly timeout: number;
  readonly maxPacketSize: number;
  readonly topicAliases: number;
  readonly trace: ClientOptions['trace'];
}

/** Of connections whose broker takes none. */
const NO_ALIASES = new TopicAliases(0, 0);

/** Decoders of one program never run at the same time. */
const sharedView = new MessageView();

/**
 * One network connection from its opening to its end: CONNECT, enhanced authentication, keep alive, limits of the broker.
 * What outlives it, sessions and subscriptions, is its owner's.
 *
 *     opening -> connecting -CONNACK-> open -> over
 */
export class Connection implements TransportReceiver, PacketSink<MessageView> {
  readonly outbox: Outbox;
  readonly protocolVersion: ProtocolVersion;
  /** Properties of the CONNACK: what the broker allows. */
  limits: Properties = {};
  /** CONNECT was sent, or is about to be. */
  asked = false;
  readonly #platform: Platform;
  readonly #target: Target;
  /** What it asks for; dropped once the broker has accepted. */
  #request: ConnectionRequest | undefined;
  readonly #trace: ClientOptions['trace'];
  readonly #owner: ConnectionOwner;
  readonly #receiver: PacketReceiver;
  readonly #transport: Transport;
  readonly #decoder: FrameDecoder;
  #keepAlive: KeepAlive | undefined;
  #phase: 'opening' | 'connecting' | 'open' | 'over' = 'opening';
  /** Why it is over, where that is known before the transport closes. */
  #reason: Error | undefined;
  #closed = false;
  #timer: Timer | undefined;
  readonly #authentication: AuthenticationFlow | undefined;
  #aliases = NO_ALIASES;
  #paused = false;
  readonly #oldRefusal = new OldRefusal();

  constructor(
    platform: Platform,
    target: Target,
    request: ConnectionRequest,
    owner: ConnectionOwner,
    receiver: PacketReceiver,
  ) {
    this.#platform = platform;
    this.#target = target;
    this.#request = request;
    this.#trace = request.trace;
    this.#owner = owner;
    this.#receiver = receiver;
    this.protocolVersion = request.packet.protocolVersion;
    this.#decoder = new FrameDecoder(this, {
      accept: fromServers,
      maxPacketSize: request.maxPacketSize,
      view: sharedView,
    });
    this.#decoder.version = this.protocolVersion;
    this.#authentication = request.authentication?.start(this);
    this.#transport = platform.open(target, this.protocolVersion === 3 ? 'mqttv3.1' : 'mqtt', this); // [MQTT-6.0.0-3]
    this.#timer = platform.setTimer(request.timeout, () => this.#timeout());
    this.outbox = new Outbox(this.#transport, platform, this);
  }

  /** The broker accepted and it is not over. */
  get open(): boolean {
    return this.#phase === 'open';
  }

  // ---- what the transport tells

  opened(): void {
    if (this.#phase !== 'opening') return;
    this.#phase = 'connecting';
    this.asked = true;
    const { packet } = this.#request!;
    try {
      if (this.#authentication === undefined) this.send(packet);
      else {
        this.#authentication.opened((properties) => {
          this.send({ ...packet, properties: { ...packet.properties, ...properties } });
        });
      }
    } catch (error) {
      this.fail(error as Error);
    }
  }

  received(chunk: Uint8Array, end: number): void {
    if (this.#phase === 'over') return;
    this.#keepAlive?.received();
    if (this.#phase === 'connecting' && this.protocolVersion === 5 && this.#oldRefusal.completes(chunk, end)) {
      const packet: ConnackPacket = { type: PacketType.connack, sessionPresent: false, reasonCode: 1 };
      this.#over(connectionRefused(packet, 4, this.#target.text), true);
      return;
    }
    try {
      this.#decoder.push(chunk, end);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  drained(): void {
    this.#receiver.drained();
  }

  closed(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    const why = error === undefined ? 'the other end closed it' : error.message;
    if (this.#phase !== 'over') {
      const lost =
        // Also where TLS or a foreign protocol shows only behind the opening.
        (this.#phase === 'opening' && error !== undefined) || error instanceof UnreachableError
          ? error
          : connectionClosed(`the connection to ${this.#target.text} was lost: ${why}`, error);
      this.#over(lost);
    }
    this.#owner.closed(this, this.#reason);
  }

  // ---- packets in

  onPublish(view: MessageView): void {
    if (this.#phase !== 'open') throw unexpected(PacketType.publish);
    this.#trace?.('received', view.toPacket());
    this.#receiver.published(view);
  }

  onAck(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void {
    if (this.#phase !== 'open') throw unexpected(type);
    this.#trace?.('received', { type, packetId, reasonCode, properties });
    this.#receiver.acknowledged(type, packetId, reasonCode, properties);
  }

  onPacket(packet: Packet): void {
    this.#trace?.('received', packet);
    if (packet.type === PacketType.connack) this.#onConnack(packet);
    else if (packet.type === PacketType.disconnect) this.#over(disconnected(packet), true);
    else if (packet.type === PacketType.auth && this.#authentication !== undefined)
      this.#authentication.received(packet);
    else if (this.#phase !== 'open' || packet.type === PacketType.auth) throw unexpected(packet.type);
    else if (packet.type === PacketType.suback || packet.type === PacketType.unsuback) this.#receiver.answered(packet);
  }

  #onConnack(packet: ConnackPacket): void {
    if (this.#phase !== 'connecting') throw unexpected(packet.type); // [MQTT-3.2.0-2]
    if (packet.reasonCode !== 0) {
      this.#over(connectionRefused(packet, this.protocolVersion, this.#target.text), true);
      return;
    }
    if (packet.sessionPresent && this.#request!.packet.cleanStart) {
      throw protocolError('the broker says it has a session, but a clean start was asked for', 'MQTT-3.2.2-2');
    }
    const authentication = this.#authentication;
    // What the broker sends behind it waits until the broker is known, and whoever waits for us has added handlers.
    this.#decoder.pause();
    if (authentication === undefined) this.#accepted(packet);
    else authentication.accepted(packet.properties, () => this.#accepted(packet));
  }

  #accepted(packet: ConnackPacket): void {
    const request = this.#request!;
    this.#request = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#phase = 'open';
    this.limits = packet.properties ?? {};
    const { topicAliasMaximum = 0 } = this.limits;
    if (topicAliasMaximum > 0) this.#aliases = new TopicAliases(request.topicAliases, topicAliasMaximum);
    // [MQTT-3.2.2-21]
    const seconds = this.limits.serverKeepAlive ?? request.packet.keepAlive;
    this.#keepAlive = new KeepAlive(this.#platform, seconds, this);
    // Whoever waits for the connection gets to add handlers before the first message is handed out.
    this.#decoder.pause();
    this.#owner.accepted(this, packet);
    this.#platform.yield(() => this.#decode());
  }

  /** Goes on with what came meanwhile, unless a consumer wants it to wait. */
  #decode(): void {
    if (this.#phase !== 'open' || this.#paused) return;
    try {
      this.#decoder.resume();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** Proves again who we are, for credentials that expire (section 4.12.1). */
  reauthenticate(): Promise<void> {
    return this.#authentication?.reauthenticate() ?? Promise.reject(protocolError('no authentication method is set'));
  }

  // ---- packets out

  /**
   * Sends a packet.
   *
   * @throws {MqttError} PACKET_TOO_LARGE when it is larger than the broker accepts; what cannot be encoded
   */
  send(packet: ClientPacket): void {
    if (this.#phase === 'over') return;
    const frame = encodeClientPacket(packet, this.protocolVersion);
    this.#checkSize(frame.length);
    this.#trace?.('sent', packet);
    this.outbox.append(frame);
  }

  /** Sends a PUBLISH, with a topic alias where it has one. Throws as {@link send}. */
  publish(
    topic: string,
    payload: Uint8Array,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    properties: Properties | undefined,
  ): void {
    if (this.#aliases.inUse || this.#trace !== undefined || properties?.topicAlias !== undefined) {
      const packet = { type: PacketType.publish, topic, payload, qos, retain, dup, packetId, properties };
      this.#aliases.send(packet, this);
      return;
    }
    const encoded = this.protocolVersion === 5 ? encodeProperties(properties, PacketType.publish) : null;
    const name = encodeTopic(topic);
    const size = publishFrameSize(name, payload, qos, encoded);
    this.#checkSize(size);
    const { outbox } = this;
    outbox.reserve(size);
    outbox.at = writePublish(outbox.buffer, outbox.at, name, payload, qos, retain, dup, packetId, encoded);
  }

  /** Acknowledges with success. */
  acknowledge(type: AckType, packetId: number): void {
    this.#trace?.('sent', { type, packetId, reasonCode: 0 });
    const { outbox } = this;
    outbox.reserve(4);
    outbox.at = writeAck(outbox.buffer, outbox.at, type, packetId);
  }

  #checkSize(size: number): void {
    const most = Math.min(this.limits.maximumPacketSize ?? LARGEST_PACKET, LARGEST_PACKET);
    if (size <= most) return;
    // [MQTT-3.2.2-15]
    throw packetTooLarge(`the packet has ${size} bytes; the broker accepts at most ${most}`, 'MQTT-3.2.2-15');
  }

  // ---- flow and end

  /** Has the broker wait, or go on: what is not read is not acknowledged. */
  pause(paused: boolean): void {
    if (this.#paused === paused || this.#phase !== 'open') return;
    this.#paused = paused;
    this.#keepAlive?.suspend(paused);
    if (paused) {
      this.#decoder.pause();
      this.#transport.pause();
      return;
    }
    this.#decode();
    if (!this.#paused) this.#transport.resume();
  }

  /** Says DISCONNECT, so no will is published, and closes; null = breaks off. // [MQTT-3.14.4-1] [MQTT-3.14.4-2] */
  end(packet: Omit<DisconnectPacket, 'type'> | null): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'open' && packet !== null) this.send({ ...packet, type: PacketType.disconnect });
    this.#over(undefined, packet !== null);
  }

  /** Ends it because of an error: MQTT 5.0 tells the broker its reason code. // [MQTT-4.13.1-1] */
  fail(error: Error): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'open' && this.protocolVersion === 5) {
      const code = error instanceof MqttError ? error.reasonCode : ReasonCode.unspecifiedError;
      // A code that only servers may send would break the rule that ends the connection. // [MQTT-3.14.2-1]
      const mayBeSent = (code >= 0x80 && code <= 0x83) || (code >= 0x90 && code <= 0x99);
      this.send({ type: PacketType.disconnect, reasonCode: mayBeSent ? code : ReasonCode.unspecifiedError });
    }
    this.#over(error, true);
  }

  #over(reason: Error | undefined, close = false): void {
    if (this.#phase === 'over') return;
    const opened = this.#phase !== 'opening';
    this.#phase = 'over';
    this.#reason = reason;
    this.#timer?.cancel();
    this.#keepAlive?.stop();
    this.#decoder.stop();
    this.#authentication?.closed(reason ?? connectionClosed('the client was ended'));
    this.outbox?.flush();
    this.outbox?.close();
    if (close && opened) this.#transport.end();
    else if (!this.#closed) this.#transport?.destroy();
  }

  /** @internal */
  ping(): void {
    this.send({ type: PacketType.pingreq });
  }

  /** The network was away: notices soon whether it is still there. */
  probe(): void {
    this.#keepAlive?.probe();
  }

  /** @internal Bytes left. */
  wrote(): void {
    this.#keepAlive?.sent();
  }

  #timeout(): void {
    const what = this.#phase === 'opening' ? 'no connection' : 'no answer to CONNECT';
    const text = `${what} from ${this.#target.text} within ${this.#request!.timeout} ms; check the address, and that an MQTT broker listens there`;
    this.#over(clientError('TIMEOUT', text));
  }

  /** @internal The keep alive has it that the broker is gone. */
  dead(): void {
    const text = `the broker at ${this.#target.text} did not answer a PINGREQ within the keep-alive time`;
    this.#over(clientError('TIMEOUT', text, ReasonCode.keepAliveTimeout));
  }
}

const unexpected = (type: number): MqttError =>
  protocolError(`the broker sent packet type ${type} where it has no place`, 'MQTT-3.2.0-1'); // [MQTT-3.2.0-1]
