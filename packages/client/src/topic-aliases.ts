import type { Properties, PublishPacket } from '@cauldron/protocol';
import { ReasonCode } from '@cauldron/protocol';
import { clientError } from './error.ts';

/** Sends a packet, or throws what cannot be sent. */
export interface PacketSender {
  send(packet: PublishPacket): void;
}

/** The topic aliases towards the broker on one connection: those given here, or those of the program (section 3.3.2.3.4). */
export class TopicAliases {
  /** How many are given here; 0 once the program uses numbers of its own. */
  #given: number;
  /** How many the broker allows. */
  readonly #allowed: number;
  /** What the broker knows. */
  #known: Map<string, number> | undefined;

  /**
   * @param wanted how many topics may get one
   * @param allowed the broker's Topic Alias Maximum
   */
  constructor(wanted: number, allowed: number) {
    this.#given = Math.min(wanted, allowed);
    this.#allowed = allowed;
  }

  /** Whether publishes have to come by here. */
  get inUse(): boolean {
    return this.#given > 0;
  }

  /** Sends a PUBLISH, with an alias where it has one. @throws {MqttError} TOPIC_ALIAS_INVALID; what cannot be sent */
  send(packet: PublishPacket, to: PacketSender): void {
    const { topic, properties } = packet;
    if (properties?.topicAlias !== undefined) {
      this.#sendOwn(packet, properties, to);
      return;
    }
    const known = this.#known?.get(topic);
    const isFree = (this.#known?.size ?? 0) < this.#given; // [MQTT-3.2.2-17]
    if (known === undefined && !isFree) {
      to.send(packet);
      return;
    }
    const topicAlias = known ?? (this.#known?.size ?? 0) + 1;
    to.send({ ...packet, topic: known === undefined ? topic : '', properties: { ...properties, topicAlias } });
    this.#learn(topic, topicAlias); // once it was sent: what cannot be sent tells the broker no alias
  }

  /** Sends what has an alias of the program's own, which may have been meant for another connection. */
  #sendOwn(packet: PublishPacket, { topicAlias = 0, ...properties }: Properties, to: PacketSender): void {
    const { topic } = packet;
    this.#given = 0; // from here on the numbers are the program's
    const known = [...(this.#known ?? [])].find(([, alias]) => alias === topicAlias)?.[0];
    const isAllowed = topicAlias <= this.#allowed;
    if (topic === '' && (known === undefined || !isAllowed)) {
      const text = `topic alias ${topicAlias} has no topic on this connection; publish with the topic first`;
      throw clientError('TOPIC_ALIAS_INVALID', text, ReasonCode.topicAliasInvalid);
    }
    to.send(isAllowed ? packet : { ...packet, properties }); // [MQTT-3.2.2-17] [MQTT-3.2.2-18]
    if (topic === '' || !isAllowed) return;
    if (known !== undefined) this.#known?.delete(known);
    this.#learn(topic, topicAlias);
  }

  #learn(topic: string, alias: number): void {
    this.#known ??= new Map();
    this.#known.set(topic, alias);
  }
}
