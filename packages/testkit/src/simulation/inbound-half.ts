import { type AckType, InboundQos2, PacketType, type PublishPacket, type QoS } from '@cauldron/protocol';
import type { Generation, SentMessage, SubscriptionModel } from './ledger.ts';
import type { World } from './world.ts';

interface OwedAck {
  readonly type: AckType;
  readonly packetId: number;
  readonly reasonCode: number;
}

/** What a client told the broker that it takes. */
export interface Takes {
  /** 65,535 where it said nothing. */
  readonly receiveMaximum: number;
  readonly aliasMaximum: number;
}

/**
 * The receiving half of a correct client, and a strict one: it notes every message and says so when the broker sends what
 * it must not.
 */
export class InboundHalf {
  readonly #world: World;
  readonly #clientId: string;
  readonly #takes: Takes;
  /** QoS 2 between PUBLISH and PUBREL; part of the session. */
  #qos2 = new InboundQos2();
  #qos2Messages = new Map<number, number>();
  /** Packet identifiers the broker may not use again yet, on this connection. */
  readonly #unanswered = new Set<number>();
  readonly #aliases = new Map<number, string>();
  #owed: OwedAck[] = [];

  constructor(world: World, clientId: string, takes: Takes) {
    this.#world = world;
    this.#clientId = clientId;
    this.#takes = takes;
  }

  get owes(): number {
    return this.#owed.length;
  }

  /** The session is given up. */
  clear(): void {
    this.#qos2 = new InboundQos2();
    this.#qos2Messages = new Map();
  }

  /** A new connection: what was owed on the last one is not any more. */
  connected(): void {
    this.#owed = [];
    this.#unanswered.clear();
    this.#aliases.clear();
  }

  /** Takes the answers that are due, in their order. */
  takeOwed(): OwedAck[] {
    const owed = this.#owed;
    this.#owed = [];
    for (const { type, packetId } of owed) if (type !== PacketType.pubrec) this.#unanswered.delete(packetId);
    return owed;
  }

  onPubrel(packetId: number): void {
    this.#qos2Messages.delete(packetId);
    const known = this.#qos2.end(packetId);
    this.#owed.push({ type: PacketType.pubcomp, packetId, reasonCode: known ? 0 : 0x92 });
  }

  onPublish(packet: PublishPacket, generation: Generation): void {
    const topic = this.#topicOf(packet);
    if (topic === null) return;
    const { qos, packetId } = packet;
    if (qos > 0) this.#countInFlight(packetId);
    const text = new TextDecoder().decode(packet.payload);
    const index = text === '' || text.startsWith('will') ? -1 : Number.parseInt(text, 10);
    if (qos === 1) this.#owed.push({ type: PacketType.puback, packetId, reasonCode: 0 });
    if (qos === 2) {
      this.#owed.push({ type: PacketType.pubrec, packetId, reasonCode: 0 });
      if (!this.#qos2.begin(packetId)) {
        const before = this.#qos2Messages.get(packetId);
        if (before !== index || !packet.dup) {
          this.#fail('packet-id', `${packetId} stands for message ${before} until PUBREL, and came with ${index}`);
        }
        return;
      }
      this.#qos2Messages.set(packetId, index);
    }
    if (index >= 0) this.#deliver(packet, topic, index, generation);
  }

  #fail(invariant: Parameters<World['fail']>[0], message: string): void {
    this.#world.fail(invariant, `${this.#clientId}: ${message}`);
  }

  #topicOf(packet: PublishPacket): string | null {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet.topic;
    if (alias === 0 || alias > this.#takes.aliasMaximum) {
      this.#fail('topic-alias', `alias ${alias} came, at most ${this.#takes.aliasMaximum} were allowed`);
      return null;
    }
    if (packet.topic !== '') this.#aliases.set(alias, packet.topic);
    const topic = this.#aliases.get(alias);
    if (topic === undefined) this.#fail('topic-alias', `alias ${alias} stands for no topic`);
    return topic ?? null;
  }

  #countInFlight(packetId: number): void {
    if (this.#unanswered.has(packetId)) {
      this.#fail('packet-id', `${packetId} came again on the same connection before it was answered`);
    }
    this.#unanswered.add(packetId);
    if (this.#unanswered.size > this.#takes.receiveMaximum) {
      this.#fail(
        'receive-maximum',
        `${this.#unanswered.size} are in flight, at most ${this.#takes.receiveMaximum} may`,
      );
    }
  }

  #deliver(packet: PublishPacket, topic: string, index: number, generation: Generation): void {
    const message = this.#world.ledger.messages[index];
    if (message === undefined || message.topic !== topic) {
      this.#fail('well-formed', `message ${index} came with the topic '${topic}'`);
      return;
    }
    this.#world.trace(() => {
      const flags = `${packet.retain ? ' retain' : ''}${packet.dup ? ' dup' : ''}`;
      return `${this.#clientId} got message ${index} QoS ${packet.qos} id ${packet.packetId}${flags}`;
    });
    const now = this.#world.ledger.moment();
    const asPublished = generation.subscriptions.some(({ retainAsPublished }) => retainAsPublished);
    if (packet.retain && !(asPublished && message.retain)) {
      if (!message.retain) this.#fail('retained-fresh', `message ${index} came as retained and never was`);
      generation.retained.push({ message, at: now, identifier: packet.properties?.subscriptionIdentifiers?.[0] ?? 0 });
    } else if (!(asPublished && message.retain)) {
      this.#live(packet, message, generation, now);
    }
  }

  #live(packet: PublishPacket, message: SentMessage, generation: Generation, now: number): void {
    const granted = this.#highestQos(message, generation, now, packet);
    if (granted < packet.qos) {
      this.#fail(
        'subscribed',
        `message ${message.index} came with QoS ${packet.qos}, ${granted} was agreed on (-1 = none)`,
      );
    }
    const receipts = generation.receipts.get(message) ?? { live: 0, fresh: 0, exact: 0, qos: 0 as QoS };
    const first = receipts.live === 0;
    receipts.live += 1;
    if (!packet.dup) receipts.fresh += 1;
    if (packet.qos === 2) receipts.exact += 1;
    if (packet.qos > receipts.qos) receipts.qos = packet.qos;
    generation.receipts.set(message, receipts);
    if (first) this.#checkOrder(packet.qos, message, generation);
  }

  /** The highest QoS a message may have come with; -1 = it must not have come. */
  #highestQos(message: SentMessage, generation: Generation, now: number, packet: PublishPacket): number {
    let highest = -1;
    for (const subscription of generation.possible(message.topic, message.firstSentAt, now)) {
      if (subscription.noLocal && message.publisher === this.#clientId) continue;
      if (!identified(subscription, packet)) continue;
      highest = Math.max(highest, Math.min(subscription.qos, message.qos));
    }
    return highest;
  }

  /** Order holds per topic, publisher and QoS, of what each was first. */
  #checkOrder(qos: QoS, message: SentMessage, generation: Generation): void {
    const key = `${message.publisher} ${message.topic} ${message.qos} ${qos}`;
    const last = generation.last.get(key);
    if (last === undefined || last.index < message.index) {
      generation.last.set(key, message);
      return;
    }
    // Sent twice by its publisher, it may be the second copy that came: the first went to nobody here, to another member
    // of a share group, was lost at QoS 0, expired, or was too large without the alias that the second had.
    const refused = this.#world.ledger.failedSince(message.firstSentAt);
    const lossy = qos === 0 || message.expires || refused || !generation.takes(message);
    if (message.transmissions > 1 && (lossy || !subscribedSince(generation, message))) return;
    this.#fail('order', `message ${message.index} came after ${last.index} of the same publisher, topic and QoS`);
  }
}

/** Whether a subscription may have led to a packet, as far as subscription identifiers tell. */
function identified(subscription: SubscriptionModel, packet: PublishPacket): boolean {
  const identifiers = packet.properties?.subscriptionIdentifiers;
  if (identifiers === undefined) return subscription.identifier === 0;
  // Several subscriptions may have been merged: one that carries no identifier is among them unseen.
  return subscription.identifier === 0 || identifiers.includes(subscription.identifier);
}

/** Whether the first copy of a message must have reached a session too, if it reached the broker. */
function subscribedSince(generation: Generation, message: SentMessage): boolean {
  const { topic, firstSentAt, acknowledgedAt, publisher } = message;
  for (const { group, qos, noLocal, sureFrom, sureTo } of generation.possible(topic, firstSentAt, firstSentAt)) {
    const own = noLocal && publisher === generation.clientId;
    // While the message is not acknowledged, the subscription must not have come into doubt since.
    const sure = sureFrom < firstSentAt && sureTo >= acknowledgedAt;
    if (group === undefined && qos > 0 && !own && sure) return true;
  }
  return false;
}
