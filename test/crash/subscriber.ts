import { type AckType, type Packet, PacketType, type PublishPacket, type QoS } from '@cauldron/protocol';
import type { Random } from '@cauldron/testkit/simulation';
import { type CrashWorld, DurableClient, type Identity } from './durable-client.ts';
import type { SubscriptionSpan } from './history.ts';
import { indexOf, isIntact } from './payload.ts';

/** A subscription a client has or not; once it changes its mind it asks until it is answered. */
export interface Wish {
  readonly filter: string;
  readonly qos: QoS;
  on: boolean;
  /** It changes its mind from time to time. */
  readonly passing: boolean;
}

interface Owed {
  readonly type: AckType;
  readonly packetId: number;
  readonly reasonCode: number;
}

/** How a subscriber behaves beside doing everything right. */
export interface Manner {
  /** Milliseconds it may take to answer; the longer, the more waits for it. */
  readonly slowness: number;
  /** It gives its session up now and then (5.0 only). */
  readonly renews: boolean;
  /** It goes away now and then. */
  readonly leaves: boolean;
}

/** A client with a durable session that comes and goes and takes its time to acknowledge. */
export class Subscriber extends DurableClient {
  readonly #manner: Manner;
  readonly #wishes: Wish[];
  /** Wishes whose answer has not come. */
  readonly #unsettled: Set<Wish>;
  /** Requests on this connection. */
  readonly #asked = new Map<number, { readonly wish: Wish; readonly span: SubscriptionSpan | null }>();
  #lastPacketId = 0;
  /** QoS 2 between PUBLISH and PUBREL, with what each stands for: part of the session. */
  readonly #qos2 = new Map<number, number>();
  #owed: Owed[] = [];
  #answering = false;
  #settledIn = false;

  constructor(world: CrashWorld, identity: Identity, random: Random, manner: Manner, wishes: readonly Wish[]) {
    super(world, identity, random);
    this.#manner = manner;
    this.#wishes = wishes.map((wish) => ({ ...wish }));
    this.#unsettled = new Set(this.#wishes.filter(({ on }) => on));
  }

  get idle(): boolean {
    return this.connected && this.#owed.length === 0 && this.#unsettled.size === 0;
  }

  /** It has a session with its first subscriptions. */
  get settledIn(): boolean {
    return this.#settledIn;
  }

  /** Packet identifiers of QoS 2 exchanges that are not over. */
  get open(): number[] {
    return [...this.#qos2.keys()];
  }

  protected onConnected(_connack: unknown, resumed: boolean): void {
    if (!resumed) for (const wish of this.#wishes) if (wish.on) this.#unsettled.add(wish);
    for (const wish of this.#unsettled) this.#ask(wish);
    this.#mindSoon();
    if (this.#manner.leaves && this.random.chance(35)) this.later(this.random.between(5, 250), () => this.#leave());
  }

  protected forget(): void {
    this.#qos2.clear();
  }

  protected override onLost(): void {
    this.#owed = [];
    this.#answering = false;
    this.#asked.clear();
  }

  #leave(): void {
    if (this.world.calm) return;
    if (this.#manner.renews && this.random.chance(25)) this.renewing = true;
    this.away(this.random.chance(40), this.random.chance(20) ? 1500 : 120);
  }

  // ---- subscriptions

  #mindSoon(): void {
    this.later(this.random.between(20, 250), () => {
      if (this.world.calm) return;
      const passing = this.#wishes.filter((wish) => wish.passing && !this.#unsettled.has(wish));
      if (passing.length > 0) {
        const wish = this.random.pick(passing);
        wish.on = !wish.on;
        this.#unsettled.add(wish);
        this.#ask(wish);
      }
      this.#mindSoon();
    });
  }

  #ask(wish: Wish): void {
    this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    const packetId = this.#lastPacketId;
    const { filter, qos } = wish;
    if (wish.on) {
      this.#asked.set(packetId, { wish, span: this.session!.subscribing(filter, qos) });
      const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
      this.send({ type: PacketType.subscribe, packetId, subscriptions: [{ filter, qos, ...options }] });
    } else {
      this.#asked.set(packetId, { wish, span: null });
      this.session!.unsubscribing(filter);
      this.send({ type: PacketType.unsubscribe, packetId, filters: [filter] });
    }
  }

  #settled(packetId: number, reasonCode: number): void {
    const asked = this.#asked.get(packetId);
    this.#asked.delete(packetId);
    if (asked === undefined) {
      this.complain('answer', `a SUBACK or UNSUBACK came for ${packetId}, which asked for nothing`);
      return;
    }
    const { wish, span } = asked;
    if (reasonCode !== (span === null ? 0 : wish.qos)) {
      // An UNSUBSCRIBE that is sent again after it was lost may find nothing: that is as well.
      const nothingThere = span === null && reasonCode === 0x11;
      if (!nothingThere) this.complain('answer', `${wish.filter} was answered with 0x${reasonCode.toString(16)}`);
    }
    if (span === null) this.session!.unsubscribed(wish.filter);
    else this.session!.subscribed(span);
    this.#unsettled.delete(wish);
    if (this.#unsettled.size === 0) this.#settledIn = true;
  }

  // ---- messages

  protected onPacket(packet: Packet): void {
    switch (packet.type) {
      case PacketType.publish:
        this.#onPublish(packet);
        return;
      case PacketType.pubrel: {
        const known = this.#qos2.delete(packet.packetId);
        this.#owe({ type: PacketType.pubcomp, packetId: packet.packetId, reasonCode: known ? 0 : 0x92 });
        return;
      }
      case PacketType.suback:
        this.#settled(packet.packetId, packet.reasonCodes[0] ?? 0x80);
        return;
      case PacketType.unsuback:
        this.#settled(packet.packetId, packet.reasonCodes[0] ?? 0);
        return;
      default:
        this.complain('answer', `a packet of type ${packet.type} came to a client that only subscribes`);
    }
  }

  #onPublish(packet: PublishPacket): void {
    const { qos, packetId } = packet;
    if (qos > 0) {
      const type = qos === 1 ? PacketType.puback : PacketType.pubrec;
      this.#owe({ type, packetId, reasonCode: 0 });
    }
    if (qos === 2 && this.#isRepeated(packet)) return;
    if (packet.topic.startsWith('wills/')) this.#onWill(packet);
    else this.#take(packet);
  }

  /** [MQTT-4.3.3-10] */
  #isRepeated({ packetId, payload, dup }: PublishPacket): boolean {
    const known = this.#qos2.get(packetId);
    const print = printOf(payload);
    if (known === undefined) {
      this.#qos2.set(packetId, print);
      return false;
    }
    if (known !== print || !dup) {
      const what = `${packetId} stands for message ${known} until PUBREL, and came with ${print}`;
      this.complain('packet-id', `${what}${dup ? '' : ' without DUP'}: a client takes it for the same message`);
    }
    return true;
  }

  #take({ topic, payload, qos, dup }: PublishPacket): void {
    const message = this.world.history.messages[indexOf(payload)];
    if (message === undefined || message.topic !== topic || !isIntact(payload, message.size)) {
      this.complain('intact', `${payload.length} bytes on ${topic} are no message that was sent there`);
      return;
    }
    this.session!.received(message, qos, dup);
  }

  #onWill({ topic, payload }: PublishPacket): void {
    const name = new TextDecoder().decode(payload);
    const will = this.world.history.wills.find((one) => one.name === name);
    if (will !== undefined && topic === 'wills/once') will.published += 1;
    else this.complain('will', `'${name}' was published on ${topic}, which it must not`);
  }

  // ---- answers

  #owe(owed: Owed): void {
    this.#owed.push(owed);
    if (this.#answering) return;
    this.#answering = true;
    this.later(this.world.calm ? 0 : this.random.below(this.#manner.slowness + 1), () => this.#answer());
  }

  #answer(): void {
    const { random, world } = this;
    const count = world.calm ? this.#owed.length : random.between(1, this.#owed.length);
    const due = this.#owed.splice(0, count);
    const cutAt = !world.calm && this.#manner.leaves && random.chance(2) ? random.below(due.length) : -1;
    for (const [i, ack] of due.entries()) {
      this.send(ack);
      if (i !== cutAt) continue;
      // In the middle of an exchange: PUBREC is out and PUBCOMP is not, or nothing is. Until then nothing is answered.
      this.later(random.below(3), () => this.away(false, 120));
      return;
    }
    this.#answering = false;
    if (this.#owed.length === 0) return;
    this.#answering = true;
    this.later(world.calm ? 0 : random.below(this.#manner.slowness + 1), () => this.#answer());
  }
}

/** What tells a message from another: its number, or that of its name where it is a will. */
function printOf(payload: Uint8Array): number {
  const text = new TextDecoder().decode(payload.subarray(0, 64));
  const will = /^will (\d+)/.exec(text);
  return will === null ? indexOf(payload) : -1 - Number(will[1]);
}
