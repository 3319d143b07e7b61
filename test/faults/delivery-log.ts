import { type Packet, PacketType } from '@cauldron/protocol';
import type { Received } from './history.ts';

/** What a broker delivered, read off the packets of a subscriber. */
export class DeliveryLog {
  readonly delivered: Received[] = [];
  /** Packet identifiers of QoS 2 that were published and not yet released: with them it only repeats itself. */
  readonly #open = new Set<number>();

  /** @param read what the payload of a message says */
  received(packet: Packet, read: (payload: Uint8Array) => Received): void {
    if (packet.type === PacketType.connack && !packet.sessionPresent) this.#open.clear();
    // [MQTT-4.3.3-12]: after PUBREL the identifier stands for another message.
    if (packet.type === PacketType.pubrel) this.#open.delete(packet.packetId);
    if (packet.type !== PacketType.publish || packet.qos === 0) return;
    if (packet.qos === 2) {
      if (this.#open.has(packet.packetId)) return;
      this.#open.add(packet.packetId);
    }
    this.delivered.push(read(packet.payload as Uint8Array));
  }
}
