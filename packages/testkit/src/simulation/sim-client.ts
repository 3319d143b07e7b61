import {
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  FrameDecoder,
  fromServers,
  MqttError,
  type Packet,
  PacketType,
  type Properties,
  type ProtocolVersion,
  type Will,
} from '@cauldron/protocol';
import { InboundHalf } from './inbound-half.ts';
import type { Generation } from './ledger.ts';
import { type Draft, OutboundHalf } from './outbound-half.ts';
import type { ClientEnd, SimLink } from './sim-link.ts';
import { type SubscribeWish, SubscriptionHalf } from './subscription-half.ts';
import type { World } from './world.ts';

/** Who a client is for the whole run. */
export interface Profile {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  /** durable: its session outlives every pause; short: for a few seconds (5.0 only); clean: ends with the connection. */
  readonly kind: 'durable' | 'short' | 'clean';
  /** Seconds of session expiry of a short one. */
  readonly shortExpiry: number;
  /** 65,535 = it says nothing. */
  readonly receiveMaximum: number;
  readonly aliasMaximum: number;
  /** Bytes; Infinity = it says nothing. */
  readonly maxPacketSize: number;
  /** Seconds; 0 = off. */
  readonly keepAlive: number;
}

/** Seconds a durable session is kept: longer than any run. */
const FOREVER = 1_000_000;

/**
 * A client that does everything right, over a network that does not: it keeps its half of the session across
 * connections, sends again what it must, and answers in order, if not always soon.
 */
export class SimClient implements ClientEnd {
  readonly profile: Profile;
  readonly outbound: OutboundHalf;
  readonly inbound: InboundHalf;
  /** Holds its answers back until this is lifted. */
  holding = false;
  generation: Generation | null = null;
  readonly #world: World;
  readonly #subscriptions: SubscriptionHalf;
  #link: SimLink | null = null;
  #decoder!: FrameDecoder;
  #connected = false;
  /** The session of the CONNECT under way is a new one, whatever was before. */
  #cleanStart = false;
  #expiry = 0;
  /** It gave its session up and has not heard that there is a new one. */
  #wantsClean = false;
  /** The last CONNECT was not answered. */
  #unanswered = false;
  #connects = 0;
  #lastSent = 0;
  #answering = false;

  constructor(world: World, profile: Profile) {
    this.#world = world;
    this.profile = profile;
    const { clientId, version } = profile;
    this.outbound = new OutboundHalf(world, clientId, version === 5, (packet) => this.#send(packet));
    this.inbound = new InboundHalf(world, clientId, profile);
    this.#subscriptions = new SubscriptionHalf(world, profile, {
      send: (packet) => this.#send(packet),
      taken: (packetId) => this.outbound.has(packetId),
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Nothing is under way in either direction, as far as the client knows. */
  get idle(): boolean {
    const { outbound, inbound } = this;
    return this.#connected && outbound.inFlight + inbound.owes + this.#subscriptions.open === 0;
  }

  get stalled(): boolean {
    return this.#link?.stalled ?? false;
  }

  // ---- connecting

  /** Connects; a connection that is still there is left behind, for the broker to see that it was taken over. */
  connect(will: Omit<Will, 'payload'> | undefined, anew = false): void {
    const { profile } = this;
    this.#leave();
    const { clientId, version, keepAlive } = profile;
    // The last CONNECT may have begun a session that this client never heard of, if its own had expired.
    if (profile.kind === 'short' && this.#unanswered) this.#wantsClean = true;
    this.#unanswered = true;
    this.#cleanStart = profile.kind === 'clean' || anew || this.#wantsClean;
    const persistent = profile.kind !== 'clean' && !(version < 5 && this.#cleanStart);
    this.#expiry = !persistent ? 0 : profile.kind === 'short' ? profile.shortExpiry : FOREVER;
    if (this.#cleanStart) {
      this.#giveUp();
      this.#wantsClean = true;
    }
    this.#connects += 1;
    const name = `will-${clientId}-${this.#connects}`;
    const packet: ConnectPacket = {
      type: PacketType.connect,
      protocolVersion: version,
      cleanStart: this.#cleanStart,
      keepAlive,
      clientId,
      will: will && { ...will, payload: new TextEncoder().encode(`${name} `) },
      properties: version === 5 ? this.#connectProperties() : undefined,
    };
    const link = this.#world.connect(this);
    this.#link = link;
    this.#decoder = new FrameDecoder(
      {
        onPublish: (view) => this.#received(view.toPacket()),
        onAck: (type, packetId, reasonCode, properties) => this.#received({ type, packetId, reasonCode, properties }),
        onPacket: (received) => this.#received(received),
      },
      { accept: fromServers, maxPacketSize: profile.maxPacketSize },
    );
    this.#decoder.version = version;
    this.#trace(() => `link ${link.number}: CONNECT${this.#cleanStart ? ' clean' : ''} expiry ${this.#expiry}`);
    const bytes = encodePacket(packet, version);
    this.#world.wills.connecting(link, packet, this.#brokersExpiry(persistent), name);
    this.#lastSent = this.#world.now;
    link.send(bytes);
  }

  /** What the broker makes of it: a session of 3.x is kept as long as any. */
  #brokersExpiry(persistent: boolean): number {
    return persistent && this.profile.version < 5 ? FOREVER : this.#expiry;
  }

  #connectProperties(): Properties {
    const { receiveMaximum, aliasMaximum, maxPacketSize } = this.profile;
    return {
      sessionExpiryInterval: this.#expiry,
      ...(receiveMaximum < 65_535 && { receiveMaximum }),
      ...(aliasMaximum > 0 && { topicAliasMaximum: aliasMaximum }),
      ...(maxPacketSize < Number.POSITIVE_INFINITY && { maximumPacketSize: maxPacketSize }),
    };
  }

  #onConnack(packet: ConnackPacket): void {
    const { profile } = this;
    this.#trace(() => `CONNACK ${packet.reasonCode} session ${packet.sessionPresent ? 'present' : 'new'}`);
    if (this.#world.mayRefuse(packet.reasonCode)) return; // the connection ends, and the session is what it was
    if (packet.reasonCode !== 0) this.#fail('answer', `the CONNECT was refused with ${packet.reasonCode}`);
    const known = this.generation?.alive === true;
    // MQTT 3.1 has no such flag: its client relies on what was agreed.
    const present = profile.version === 3 ? known && !this.#cleanStart : packet.sessionPresent;
    if (packet.sessionPresent && (this.#cleanStart || this.#connects === 1)) {
      this.#fail('session', 'the session is said to be an old one, and there is none');
    }
    if (!present && known && profile.kind === 'durable') {
      this.#fail('session', `the broker has lost ${this.generation}`);
    }
    if (!present || !known) {
      this.#giveUp();
      this.generation = this.#world.ledger.begin(profile.clientId, profile.maxPacketSize, this.#expiry > 0);
    }
    this.generation!.persistent = this.#expiry > 0;
    this.#wantsClean = false;
    this.#unanswered = false;
    this.#connected = true;
    this.inbound.connected();
    const { receiveMaximum, topicAliasMaximum } = packet.properties ?? {};
    this.outbound.connected(receiveMaximum ?? 60, topicAliasMaximum ?? 0);
  }

  /** The client's half of its session is forgotten. */
  #giveUp(): void {
    if (this.generation?.alive === true) this.generation.endedAt = this.#world.ledger.moment();
    this.outbound.clear();
    this.inbound.clear();
  }

  #leave(): void {
    const link = this.#link;
    if (link === null) return;
    const { random, calm } = this.#world;
    const notice = calm ? 0 : random.below(random.chance(20) ? 8000 : 300);
    // A CONNECT that was not answered must not arrive any more: it might overtake the next one and begin a new session.
    if (this.#connected && random.chance(60)) link.abandon(notice);
    else link.cut(notice);
    this.#lost();
  }

  #lost(): void {
    this.#link = null;
    this.#connected = false;
    this.#subscriptions.lost();
    this.inbound.connected();
    if (this.generation?.persistent === false) this.#giveUp();
  }

  /** The wire breaks. */
  cut(): void {
    const { random, calm } = this.#world;
    if (this.#link === null) return;
    this.#trace(() => 'cut');
    this.#link.cut(calm ? 0 : random.below(random.chance(20) ? 8000 : 300));
    this.#lost();
  }

  /** Says goodbye, in 5.0 perhaps with its will (`reasonCode` 4) or giving up its session. */
  disconnect(reasonCode: 0 | 4, endSession: boolean): void {
    const link = this.#link;
    if (link === null || !this.#connected) return;
    const version5 = this.profile.version === 5;
    const properties = version5 && endSession ? { sessionExpiryInterval: 0 } : undefined;
    this.#send({ type: PacketType.disconnect, reasonCode, properties });
    const conversation = this.#world.wills.conversation(link);
    if (conversation !== undefined) {
      conversation.disconnectEnd = link.sent;
      conversation.goodbye = reasonCode === 0 || !version5;
      if (properties !== undefined) conversation.laterExpiry = 0;
    }
    if (properties !== undefined) {
      this.#giveUp();
      this.#wantsClean = true; // whether the DISCONNECT arrives is not known
    }
    link.finish();
    this.#lost();
  }

  /** Whether a will may name this code: 3.x knows one goodbye only. */
  get version5(): boolean {
    return this.profile.version === 5;
  }

  // ---- what it does while connected

  publish(draft: Draft): void {
    if (this.#connected) this.outbound.publish(draft);
  }

  subscribe(wishes: readonly SubscribeWish[]): void {
    if (this.#connected) this.#subscriptions.subscribe(wishes, this.generation!);
  }

  unsubscribe(filters: readonly string[]): void {
    if (this.#connected) this.#subscriptions.unsubscribe(filters, this.generation!);
  }

  stall(): void {
    this.#link?.stall();
  }

  drain(): void {
    this.#link?.drain();
  }

  /** Sends a PINGREQ where the keep alive will soon be over. */
  keepAlive(): void {
    const { keepAlive } = this.profile;
    if (!this.#connected || keepAlive === 0 || this.#world.now - this.#lastSent < keepAlive * 500) return;
    this.#send({ type: PacketType.pingreq });
  }

  /** Sends the answers it owes. */
  answer(): void {
    if (!this.#connected) return;
    for (const ack of this.inbound.takeOwed()) this.#send(ack);
  }

  // ---- what the world does to it

  bytes(link: SimLink, chunk: Uint8Array): void {
    if (link !== this.#link) return;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#fail('well-formed', error.message);
    }
    this.#answerLater();
  }

  gone(link: SimLink): void {
    if (link === this.#link) this.#lost();
  }

  #answerLater(): void {
    if (this.#answering || this.inbound.owes === 0) return;
    this.#answering = true;
    const { now, random, calm } = this.#world;
    this.#world.at(now + random.below(calm ? 3 : 40), () => {
      this.#answering = false;
      if (!this.holding) this.answer();
    });
  }

  #received(packet: Packet): void {
    this.#world.packetArrived();
    if (!this.#connected && packet.type !== PacketType.connack) {
      this.#fail('answer', `a packet of type ${packet.type} came before CONNACK`);
      return;
    }
    switch (packet.type) {
      case PacketType.connack:
        this.#onConnack(packet);
        return;
      case PacketType.publish:
        this.inbound.onPublish(packet, this.generation!);
        return;
      case PacketType.pubrel:
        this.inbound.onPubrel(packet.packetId);
        return;
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubcomp:
        this.outbound.acknowledged(packet.type, packet.packetId, packet.reasonCode);
        return;
      case PacketType.suback:
        this.#subscriptions.onSuback(packet.packetId, packet.reasonCodes, this.generation!);
        return;
      case PacketType.unsuback:
        this.#subscriptions.onUnsuback(packet.packetId, this.generation!);
        return;
      case PacketType.disconnect:
        this.#onDisconnect(packet.reasonCode);
        return;
    }
  }

  /** A correct client hears this only when another connection of its own took over, or it was silent too long. */
  #onDisconnect(reasonCode: number): void {
    if (reasonCode === 0x8b && this.#world.engine !== null) return; // the broker stops, and comes back
    if (reasonCode !== 0x8d) this.#fail('answer', `a DISCONNECT came with ${reasonCode.toString(16)}`);
  }

  #send(packet: Packet): void {
    this.#lastSent = this.#world.now;
    this.#trace(() => `sends ${describe(packet)}`);
    this.#link?.send(encodePacket(packet, this.profile.version));
  }

  #fail(invariant: Parameters<World['fail']>[0], message: string): void {
    this.#world.fail(invariant, `${this.profile.clientId}: ${message}`);
  }

  #trace(line: () => string): void {
    this.#world.trace(() => `${this.profile.clientId} ${line()}`);
  }
}

function describe(packet: Packet): string {
  const { type, ...rest } = packet;
  return `${type} ${JSON.stringify(rest, (_key, value) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value.subarray(0, 12)) : value,
  )}`;
}
