import { type ConnackPacket, type Packet, PacketIds, PacketType, type QoS } from '@cauldron/protocol';
import { DurableClient } from './durable-client.ts';
import type { SentMessage } from './history.ts';
import { payloadOf, SMALLEST_PAYLOAD } from './payload.ts';

interface InFlight {
  readonly message: SentMessage;
  /** PUBREC came: what is owed is a PUBREL. */
  released: boolean;
  /** How often PUBREL was sent. */
  releases: number;
}

/** Topics that everybody who subscribes at all has from the beginning, and those that are joined and left. */
export const LOAD_TOPICS = 6;
export const PASSING_TOPICS = 6;
const KEPT_TOPICS = 5;
const WINDOW = 20;

/** A client that publishes at QoS 1 and 2 as fast as it gets answers, and sends again what was not answered. */
export class Publisher extends DurableClient {
  /** By packet identifier, in the order of sending. */
  readonly #flight = new Map<number, InFlight>();
  readonly #ids = new PacketIds();
  #window = WINDOW;

  get idle(): boolean {
    return this.connected && this.#flight.size === 0;
  }

  protected onConnected(connack: ConnackPacket, _resumed: boolean): void {
    this.#window = Math.min(WINDOW, connack.properties?.receiveMaximum ?? 65_535);
    // [MQTT-4.4.0-1]
    for (const [packetId, item] of this.#flight) {
      if (item.released) this.#release(packetId, item);
      else this.#transmit(packetId, item.message, true);
    }
    this.#publishSoon();
  }

  protected forget(): void {
    for (const packetId of this.#flight.keys()) this.#ids.free(packetId);
    this.#flight.clear();
  }

  #publishSoon(): void {
    this.later(this.random.between(1, 8), () => {
      if (this.world.calm) return;
      for (let burst = this.random.between(1, 4); burst > 0; burst--) this.#publish();
      if (this.random.chance(1)) this.away(this.random.chance(50), this.random.below(100));
      else this.#publishSoon();
    });
  }

  #publish(): void {
    if (this.#flight.size >= this.#window) return;
    const { random } = this;
    const { clientId } = this.identity;
    const kind = random.below(100);
    const kept = random.below(KEPT_TOPICS);
    const retain = kind >= 85;
    // A retained topic has one publisher and one QoS, so that it is known which value is the newest.
    const qos = (retain ? 1 + (kept % 2) : random.between(1, 2)) as QoS;
    const load = kind < 65 ? `load/${random.below(LOAD_TOPICS)}` : `passing/${random.below(PASSING_TOPICS)}`;
    const topic = retain ? `kept/${clientId}/${kept}` : load;
    const size = retain && random.chance(10) ? 0 : this.#size();
    const message = this.world.history.sent(clientId, topic, qos, retain, size);
    const packetId = this.#ids.take(() => false);
    this.#flight.set(packetId, { message, released: false, releases: 0 });
    this.#transmit(packetId, message, false);
  }

  /** Mostly small, sometimes larger than a page of the store, now and then larger than many. */
  #size(): number {
    const { random } = this;
    if (random.chance(90)) return random.between(SMALLEST_PAYLOAD, 200);
    return random.chance(80) ? random.between(200, 6000) : random.between(6000, 60_000);
  }

  #transmit(packetId: number, message: SentMessage, dup: boolean): void {
    const { index, topic, qos, retain, size } = message;
    if (dup) message.transmissions += 1;
    const payload = size === 0 ? new Uint8Array(0) : payloadOf(index, size);
    this.send({ type: PacketType.publish, topic, payload, qos, retain, dup, packetId });
  }

  #release(packetId: number, item: InFlight): void {
    item.releases += 1;
    this.send({ type: PacketType.pubrel, packetId, reasonCode: 0 });
  }

  protected onPacket(packet: Packet): void {
    switch (packet.type) {
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubcomp:
        this.#answered(packet.type, packet.packetId, packet.reasonCode);
        return;
      default:
        this.complain('answer', `a packet of type ${packet.type} came to a client that only publishes`);
    }
  }

  #answered(type: PacketType, packetId: number, reasonCode: number): void {
    const item = this.#flight.get(packetId);
    const qos = type === PacketType.puback ? 1 : 2;
    if (item === undefined || item.message.qos !== qos || item.released !== (type === PacketType.pubcomp)) {
      this.complain('answer', `an acknowledgement (type ${type}) came for ${packetId}, which waits for no such thing`);
      return;
    }
    if (type === PacketType.pubcomp) this.#completed(packetId, item, reasonCode);
    else if (reasonCode >= 0x80) {
      this.complain('answer', `message ${item.message.index} was refused with 0x${reasonCode.toString(16)}`);
      this.#end(packetId);
    } else {
      this.world.history.acknowledged(item.message);
      if (type === PacketType.puback) this.#end(packetId);
      else {
        item.released = true;
        this.#release(packetId, item);
      }
    }
  }

  /** "Packet Identifier not found" is right where an earlier PUBREL ended the exchange, and wrong for the first one. */
  #completed(packetId: number, { message, releases }: InFlight, reasonCode: number): void {
    const mayBeOver = releases > 1 && reasonCode === 0x92;
    if (reasonCode !== 0 && !mayBeOver) {
      const what = `PUBCOMP of message ${message.index} (${packetId}) came with 0x${reasonCode.toString(16)}`;
      this.complain('qos2-state', `${what} after ${releases} PUBREL`);
    }
    this.#end(packetId);
  }

  #end(packetId: number): void {
    this.#flight.delete(packetId);
    this.#ids.free(packetId);
  }
}
