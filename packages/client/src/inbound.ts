import type { Packet, PublishPacket, PublishView } from '@cauldron/protocol';
import { InboundQos2, MqttError, PacketType, protocolError, ReasonCode } from '@cauldron/protocol';
import type { MessageHandler } from './options.ts';

/** QoS 0 messages that wait for the first handler; what comes beyond is dropped, as QoS 0 may be. */
const MAX_HELD_QOS0 = 1000;

/** What the inbound half needs from its connection. */
export interface InboundPort {
  send(packet: Packet): void;
  pause(): void;
  resume(): void;
  fail(error: Error): void;
}

/**
 * The receiving half of a client: topic aliases, QoS 1 and 2 toward us, and the handlers.
 *
 *     QoS 1   PUBLISH -> handlers -> PUBACK
 *     QoS 2   PUBLISH -> handlers -> PUBREC    PUBREL -> PUBCOMP    (a repeated PUBLISH is answered, not handed over)
 */
export class Inbound {
  readonly #port: InboundPort;
  readonly #aliases = new Map<number, string>();
  readonly #aliasMaximum: number;
  readonly #qos2 = new InboundQos2();
  readonly #handlers = new Set<MessageHandler>();
  #held: PublishPacket[] = [];
  /** Messages whose handlers are not done. */
  #busy = 0;

  /** @param aliasMaximum the Topic Alias Maximum of our CONNECT */
  constructor(port: InboundPort, aliasMaximum: number) {
    this.#port = port;
    this.#aliasMaximum = aliasMaximum;
  }

  /** Adds a handler; the first one gets what came before it. Returns the function that removes it. */
  add(handler: MessageHandler): () => void {
    this.#handlers.add(handler);
    const held = this.#held;
    this.#held = [];
    for (const message of held) this.#hand(message);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  /**
   * The message with its topic, whatever alias stood for it.
   *
   * @throws {MqttError} a topic alias that was never set or is above our maximum
   */
  read(view: PublishView): PublishPacket {
    return this.#resolveAlias(view.toPacket());
  }

  /** Hands a message over, or answers the repetition of one. */
  take(packet: PublishPacket): void {
    if (packet.qos === 2 && !this.#qos2.begin(packet.packetId)) {
      // [MQTT-4.3.3-10]
      this.#acknowledge(packet);
    } else if (this.#handlers.size > 0) {
      this.#hand(packet);
    } else if (packet.qos > 0 || this.#held.length < MAX_HELD_QOS0) {
      this.#held.push(packet);
    }
  }

  /** Ends a QoS 2 exchange. // [MQTT-4.3.3-11] */
  pubrel(packetId: number): void {
    const known = this.#qos2.end(packetId);
    const reasonCode = known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
    this.#port.send({ type: PacketType.pubcomp, packetId, reasonCode });
  }

  #resolveAlias(packet: PublishPacket): PublishPacket {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet;
    if (alias > this.#aliasMaximum) {
      throw new MqttError(`the broker used topic alias ${alias}; we allow ${this.#aliasMaximum}`, {
        code: 'TOPIC_ALIAS_INVALID',
        reasonCode: ReasonCode.topicAliasInvalid,
        spec: 'MQTT-3.1.2-26',
      });
    }
    if (packet.topic !== '') {
      this.#aliases.set(alias, packet.topic);
      return packet;
    }
    const topic = this.#aliases.get(alias);
    if (topic === undefined) throw protocolError(`the broker used topic alias ${alias} before it set its topic`);
    return { ...packet, topic };
  }

  #hand(message: PublishPacket): void {
    try {
      const pending = [...this.#handlers].map((handler) => handler(message)).filter((result) => result !== undefined);
      if (pending.length === 0) this.#acknowledge(message);
      else this.#wait(message, pending);
    } catch (error) {
      this.#port.fail(error as Error);
    }
  }

  #wait(message: PublishPacket, pending: readonly Promise<void>[]): void {
    this.#busy += 1;
    if (this.#busy === 1) this.#port.pause();
    Promise.all(pending).then(
      () => {
        this.#acknowledge(message);
        this.#busy -= 1;
        if (this.#busy === 0) this.#port.resume();
      },
      (error: Error) => this.#port.fail(error),
    );
  }

  #acknowledge({ qos, packetId }: PublishPacket): void {
    if (qos === 0) return;
    // [MQTT-4.3.2-4] [MQTT-4.3.3-8]
    this.#port.send({ type: qos === 1 ? PacketType.puback : PacketType.pubrec, packetId, reasonCode: 0 });
  }
}
