import { type Packet, PacketType } from '@cauldron/protocol';
import type { Received } from './history.ts';

/** What a broker delivered, read off the packets of a subscriber. */
export class DeliveryLog {
  readonly delivered: Received[] = [];
  /** Messages that came under the packet identifier of another one, which it had not released: no client can see them. */
  readonly masked: Received[] = [];
  /** Packet identifiers of QoS 2 that were published and not yet released, with the message: it can only be repeated. */
  readonly #open = new Map<number, number>();

  /** @param read what the payload of a message says */
  received(packet: Packet, read: (payload: Uint8Array) => Received): void {
    if (packet.type === PacketType.connack && !packet.sessionPresent) this.#open.clear();
    // [MQTT-4.3.3-12]: after PUBREL the identifier stands for another message.
    if (packet.type === PacketType.pubrel) this.#open.delete(packet.packetId);
    if (packet.type !== PacketType.publish || packet.qos === 0) return;
    const message = read(packet.payload as Uint8Array);
    if (packet.qos === 2) {
      const open = this.#open.get(packet.packetId);
      if (open !== undefined && open !== message.number) this.masked.push(message);
      if (open !== undefined) return;
      this.#open.set(packet.packetId, message.number);
    }
    this.delivered.push(message);
  }
}
