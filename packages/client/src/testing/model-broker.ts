import assert from 'node:assert/strict';
import { encodeUtf8, type Packet, PacketType, type PublishPacket, type QoS } from '@cauldron/protocol';
import type { FakePlatform } from './fake-platform.ts';
import { type BrokerLink, ScriptedBroker } from './scripted-broker.ts';

const utf8 = new TextDecoder();

interface Sent {
  readonly packet: PublishPacket;
  readonly text: string;
  released: boolean;
}

/**
 * A broker with one session, for simulations: it keeps both halves of every exchange as the protocol has it, answers
 * when it likes but in order, and asserts what a client must not do.
 */
export class ModelBroker {
  /** What clients published, in the order it was taken: a QoS 2 message once, others as often as they came. */
  readonly taken: { readonly text: string; readonly qos: QoS }[] = [];
  /** What it published and the client has acknowledged. */
  readonly delivered: { readonly text: string; readonly qos: QoS }[] = [];
  /** What it had to forget with a session. */
  readonly forgotten: string[] = [];
  /** What the next CONNACK says. */
  receiveMaximum = 10;
  #allowed = 0;
  /** Says no session was there, once. */
  losesSession = false;
  /** Sessions that were lost in a CONNACK that the client never got: it could not know. */
  hiddenLosses = 0;
  #mayNotKnow = false;
  #platform: FakePlatform;
  #link: BrokerLink | undefined;
  #hasSession = false;
  #subscribed = false;
  /** QoS 2 from the client: identifier and text, until PUBREL. */
  #inbound = new Map<number, string>();
  #sent = new Map<number, Sent>();
  #waiting: { text: string; qos: QoS }[] = [];
  #next = 1;
  #answers: Packet[] = [];
  /** QoS 1 and 2 publishes of this connection that are not answered to the end. */
  readonly #open = new Set<number>();

  constructor(platform: FakePlatform) {
    this.#platform = platform;
    this.serve(platform);
  }

  /** Takes connections of a platform: a client's, or that of the process after a crash. */
  serve(platform: FakePlatform): void {
    this.#platform = platform;
    this.#link = undefined;
    new ScriptedBroker(platform, (packet, link) => {
      if (packet.type === PacketType.connect) this.#connect(packet.cleanStart, link);
      else if (link === this.#link) this.#take(packet);
      return true;
    });
  }

  /** Publishes to the client, when it is subscribed. */
  publish(text: string, qos: QoS): void {
    this.#waiting.push({ text, qos });
    this.#send();
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.#sent.size === 0 && this.#waiting.length === 0 && this.#inbound.size === 0;
  }

  #connect(cleanStart: boolean, link: BrokerLink): void {
    this.#link = link;
    this.#open.clear();
    this.#answers = [];
    if (this.#mayNotKnow) this.hiddenLosses += 1;
    const sessionPresent = this.#hasSession && !cleanStart && !this.losesSession;
    if (!sessionPresent) this.#forget();
    this.losesSession = false;
    this.#mayNotKnow = !sessionPresent && this.#hasSession;
    this.#hasSession = true;
    this.#allowed = this.receiveMaximum;
    const properties = { receiveMaximum: this.#allowed };
    link.send({ type: PacketType.connack, sessionPresent, reasonCode: 0, properties });
    for (const [packetId, { packet, released }] of this.#sent) {
      link.send(released ? { type: PacketType.pubrel, packetId, reasonCode: 0 } : { ...packet, dup: true });
    }
    this.#send();
  }

  #forget(): void {
    for (const { text } of this.#sent.values()) this.forgotten.push(text);
    this.#sent.clear();
    this.#inbound.clear();
    this.#subscribed = false;
  }

  #send(): void {
    const link = this.#link;
    if (link?.state !== 'open' || !this.#subscribed) return;
    for (const { text, qos } of this.#waiting.splice(0)) {
      const packetId = qos === 0 ? 0 : this.#identifier();
      const payload = encodeUtf8(text);
      const packet: PublishPacket = {
        type: PacketType.publish,
        topic: 'down',
        payload,
        qos,
        retain: false,
        dup: false,
        packetId,
      };
      if (qos > 0) this.#sent.set(packetId, { packet, text, released: false });
      link.send(packet);
    }
  }

  #identifier(): number {
    while (this.#sent.has(this.#next)) this.#next = (this.#next % 20) + 1;
    const id = this.#next;
    this.#next = (this.#next % 20) + 1;
    return id;
  }

  /** Answers in order, in a while. */
  #answer(packet: Packet): void {
    const link = this.#link!;
    this.#answers.push(packet);
    if (this.#answers.length > 1) return;
    this.#platform.setTimer(Math.floor(this.#platform.chance() * 20), () => {
      if (link !== this.#link) return;
      for (const answer of this.#answers) {
        const isLast = answer.type === PacketType.puback || answer.type === PacketType.pubcomp;
        if (isLast) this.#open.delete(answer.packetId);
      }
      link.send(...this.#answers.splice(0));
    });
  }

  #take(packet: Packet): void {
    this.#mayNotKnow = false;
    switch (packet.type) {
      case PacketType.publish:
        this.#published(packet);
        return;
      case PacketType.pubrel: {
        const known = this.#inbound.delete(packet.packetId);
        this.#answer({ type: PacketType.pubcomp, packetId: packet.packetId, reasonCode: known ? 0 : 0x92 });
        return;
      }
      case PacketType.subscribe:
        this.#subscribed = true;
        this.#answer({ type: PacketType.suback, packetId: packet.packetId, reasonCodes: [2] });
        this.#send();
        return;
      case PacketType.pingreq:
        this.#answer({ type: PacketType.pingresp });
        return;
      default:
        this.#acknowledged(packet);
    }
  }

  #published({ payload, qos, packetId, dup }: PublishPacket): void {
    const text = utf8.decode(payload);
    if (qos > 0) {
      this.#open.add(packetId);
      assert.ok(this.#open.size <= this.#allowed, `${this.#open.size} publishes at a time`);
    }
    if (qos < 2) this.taken.push({ text, qos });
    if (qos === 1) this.#answer({ type: PacketType.puback, packetId, reasonCode: 0 });
    if (qos < 2) return;
    const known = this.#inbound.get(packetId);
    if (known === undefined) this.taken.push({ text, qos });
    else assert.deepEqual([known, dup], [text, true], `identifier ${packetId} is in use`);
    this.#inbound.set(packetId, text);
    this.#answer({ type: PacketType.pubrec, packetId, reasonCode: 0 });
  }

  #acknowledged(packet: Packet): void {
    if (packet.type !== PacketType.puback && packet.type !== PacketType.pubrec && packet.type !== PacketType.pubcomp) {
      return;
    }
    const { packetId } = packet;
    const sent = this.#sent.get(packetId);
    if (packet.type === PacketType.pubrec) {
      assert.ok(sent !== undefined, `PUBREC ${packetId} answers nothing`);
      sent.released = true;
      this.#answer({ type: PacketType.pubrel, packetId, reasonCode: 0 });
      return;
    }
    assert.ok(sent !== undefined, `packet type ${packet.type} for ${packetId} answers nothing`);
    if (sent.packet.qos === 2) assert.ok(sent.released, `PUBCOMP ${packetId} before PUBREL`);
    this.#sent.delete(packetId);
    this.delivered.push({ text: sent.text, qos: sent.packet.qos });
  }
}
