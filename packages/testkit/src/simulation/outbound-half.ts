import { type AckType, type Packet, PacketType, type Properties, type QoS } from '@cauldron/protocol';
import type { SentMessage } from './ledger.ts';
import type { World } from './world.ts';

interface InFlight {
  readonly message: SentMessage;
  readonly payload: Uint8Array;
  readonly properties: Properties | undefined;
  /** PUBREC came: what is owed is a PUBREL. */
  released: boolean;
}

/** What a scenario wants published. */
export interface Draft {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Bytes of payload beyond the number of the message; -1 = no payload at all. */
  readonly padding: number;
  /** Seconds; 0 = never. */
  readonly expiry: number;
}

/**
 * The publishing half of a correct client: what it has in flight outlives its connections as long as its session does,
 * and goes out again in its order. Packet identifiers are random, so that the broker meets all of them.
 */
export class OutboundHalf {
  readonly #world: World;
  readonly #clientId: string;
  readonly #version5: boolean;
  readonly #send: (packet: Packet) => void;
  /** By packet identifier, in the order of sending. */
  #flight = new Map<number, InFlight>();
  #limit = 0;
  #aliasMaximum = 0;
  readonly #aliases = new Map<string, number>();

  constructor(world: World, clientId: string, version5: boolean, send: (packet: Packet) => void) {
    this.#world = world;
    this.#clientId = clientId;
    this.#version5 = version5;
    this.#send = send;
  }

  get inFlight(): number {
    return this.#flight.size;
  }

  has(packetId: number): boolean {
    return this.#flight.has(packetId);
  }

  /** The session is given up: nobody knows what became of what is in flight. */
  clear(): void {
    this.#flight = new Map();
  }

  /** Connected: what the broker takes. What is in flight goes out again. */
  connected(receiveMaximum: number, aliasMaximum: number): void {
    this.#limit = receiveMaximum;
    this.#aliasMaximum = aliasMaximum;
    this.#aliases.clear();
    for (const [packetId, item] of this.#flight) {
      if (item.released) this.#send({ type: PacketType.pubrel, packetId, reasonCode: 0 });
      else this.#transmit(item, packetId, true);
    }
  }

  /** Publishes, if the broker takes one more; a QoS 0 message always. */
  publish(draft: Draft): void {
    if (draft.qos > 0 && this.#flight.size >= this.#limit) return;
    const { messages } = this.#world.ledger;
    const index = messages.length;
    const payload = draft.padding < 0 ? '' : `${index} ${'.'.repeat(draft.padding)}`;
    const message: SentMessage = {
      index,
      publisher: this.#clientId,
      topic: draft.topic,
      qos: draft.qos,
      retain: draft.retain,
      empty: payload === '',
      size: draft.topic.length + payload.length + 50,
      expires: draft.expiry > 0,
      firstSentAt: this.#world.ledger.moment(),
      transmissions: 0,
      acknowledgedAt: Number.POSITIVE_INFINITY,
    };
    messages.push(message);
    const properties = draft.expiry > 0 && this.#version5 ? { messageExpiryInterval: draft.expiry } : undefined;
    const item = { message, payload: new TextEncoder().encode(payload), properties, released: false };
    const packetId = draft.qos === 0 ? 0 : this.#freeId();
    if (packetId > 0) this.#flight.set(packetId, item);
    this.#transmit(item, packetId, false);
  }

  #freeId(): number {
    for (;;) {
      const id = this.#world.random.chance(50)
        ? this.#world.random.between(1, 12)
        : this.#world.random.between(1, 65_535);
      if (!this.#flight.has(id)) return id;
    }
  }

  #transmit(item: InFlight, packetId: number, dup: boolean): void {
    const { message, payload, properties } = item;
    message.transmissions += 1;
    const alias = this.#aliasOf(message.topic);
    const known = alias > 0 && this.#aliases.get(message.topic) === alias;
    if (alias > 0) this.#aliases.set(message.topic, alias);
    this.#send({
      type: PacketType.publish,
      topic: known ? '' : message.topic,
      payload,
      qos: message.qos,
      retain: message.retain,
      dup,
      packetId,
      properties: alias > 0 ? { ...properties, topicAlias: alias } : properties,
    });
  }

  /** An alias for a topic, new or known; 0 = none this time. */
  #aliasOf(topic: string): number {
    if (this.#aliasMaximum === 0 || this.#world.random.chance(40)) return 0;
    const known = this.#aliases.get(topic);
    if (known !== undefined) return known;
    const alias = this.#world.random.between(1, this.#aliasMaximum);
    for (const [other, taken] of this.#aliases) if (taken === alias) this.#aliases.delete(other);
    return alias;
  }

  /** PUBACK, PUBREC or PUBCOMP. */
  acknowledged(type: AckType, packetId: number, reasonCode: number): void {
    const item = this.#flight.get(packetId);
    const fits =
      item !== undefined &&
      (type === PacketType.puback ? item.message.qos === 1 : item.message.qos === 2) &&
      (type === PacketType.pubcomp) === item.released;
    if (!fits) {
      this.#world.fail(
        'answer',
        `${this.#clientId} got an acknowledgement (type ${type}) for ${packetId}, not in flight`,
      );
      return;
    }
    if (type === PacketType.pubcomp) {
      this.#flight.delete(packetId);
      return;
    }
    if (this.#world.mayRefuse(reasonCode)) {
      this.#flight.delete(packetId); // it may have come to some, and will not come again
      return;
    }
    if (reasonCode >= 0x80) {
      this.#world.fail('answer', `message ${item.message.index} of ${this.#clientId} was refused with ${reasonCode}`);
      return;
    }
    this.#world.acknowledged(item.message);
    if (type === PacketType.puback) {
      this.#flight.delete(packetId);
      return;
    }
    item.released = true;
    this.#send({ type: PacketType.pubrel, packetId, reasonCode: 0 });
  }
}
