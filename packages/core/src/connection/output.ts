import {
  type AckType,
  encodeFrame,
  encodePacket,
  LARGEST_PACKET,
  type Packet,
  type ProtocolVersion,
  PublishFrame,
  publishHeader,
  type QoS,
} from '@cauldron/protocol';
import { type MemoryPressure, SHORT_OUTBOUND_BYTES } from '../guard/memory-pressure.ts';
import type { Message } from '../message.ts';
import type { Metrics } from '../metrics.ts';
import type { DropReason, Link } from '../ports.ts';
import type { Fanout } from '../routing/fanout.ts';
import type { PublishRun } from '../routing/publish-run.ts';
import type { Flushable, FlushSet } from './flush-set.ts';
import { Outbox } from './outbox.ts';

/** What an output needs of the broker around it. */
export interface OutputHost {
  readonly now: number;
  readonly metrics: Metrics;
  readonly flushSet: FlushSet;
  readonly memory: MemoryPressure;
}

/** Aliases given to one client at most: each keeps its topic in memory. */
const MOST_ALIASES = 1024;

/** Serves every message that is sent from a queue; valid until the next one. */
const queuedFrame = new PublishFrame();
let queuedScratch: Uint8Array = new Uint8Array(512);

/**
 * What goes to one client: in the form it takes (version, largest packet, topic aliases), collected until the end of the
 * turn, and held back where the link does not keep up.
 */
export class ClientOutput implements Flushable {
  version: ProtocolVersion = 4;
  /** The link cannot take more now: QoS 0 is dropped and the rest waits until it has drained. */
  congested = false;
  /** Largest packet the client takes, bytes. // [MQTT-3.1.2-24] */
  maxPacketSize = LARGEST_PACKET;
  /** False: reason strings and user properties only where they are always allowed. // [MQTT-3.1.2-29] */
  problemInformation = true;
  /** Called for a message that the client does not get. */
  onDrop: (reason: DropReason) => void;
  /** Called where answers, which alone still go to a congested link, pile up too: the client asks and does not read. */
  onOverrun: () => void;
  /** PUBLISH packets, and bytes of every packet. */
  publishSent = 0;
  bytesSent = 0;
  readonly #host: OutputHost;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #maxPending: number;
  /** Aliases given to topics, for this connection; null where the client takes none. // [MQTT-3.3.2-7] */
  #aliases: Map<string, number> | null = null;
  #aliasMaximum = 0;
  /** Bytes that were pending when the link became congested. */
  #congestedAt = 0;
  #touched = false;
  #closed = false;

  /** @param maxPending unsent bytes above which the link counts as congested */
  constructor(
    host: OutputHost,
    link: Link,
    maxPending: number,
    onDrop: (reason: DropReason) => void,
    onOverrun: () => void,
  ) {
    this.#host = host;
    this.#link = link;
    this.#outbox = new Outbox(link);
    this.#maxPending = maxPending;
    this.onDrop = onDrop;
    this.onOverrun = onOverrun;
  }

  /** Topic aliases may be used up to this one. // [MQTT-3.1.2-26] [MQTT-3.1.2-27] */
  allowAliases(maximum: number): void {
    this.#aliasMaximum = Math.min(maximum, MOST_ALIASES);
    this.#aliases = maximum > 0 ? new Map() : null;
  }

  /** The frame for this client, or null where it takes none that large: such a message counts as delivered. */
  frameOf(fanout: Fanout, hasId: boolean, identifiers: readonly number[] | null): PublishFrame | null {
    const version5 = this.version === 5;
    if (this.#aliases === null && (identifiers === null || !version5)) {
      return this.#fitting(fanout.frame(version5, hasId), null);
    }
    const known = this.#aliases?.get(fanout.topic.name);
    const alias = known ?? this.#newAlias(fanout.topic.name);
    const frame = fanout.specialFrame(hasId, identifiers, alias, known !== undefined);
    return this.#fitting(frame, known === undefined ? fanout.topic.name : null);
  }

  /** The same for a message that waited. */
  frameOfMessage(message: Message, hasId: boolean, identifiers: readonly number[] | null): PublishFrame | null {
    const version5 = this.version === 5;
    const known = this.#aliases?.get(message.topic);
    const layout = {
      version5,
      hasId,
      identifiers: version5 ? identifiers : null,
      topicAlias: known ?? this.#newAlias(message.topic),
      omitTopic: known !== undefined,
      expiry: message.remainingExpiry(this.#host.now), // [MQTT-3.3.2-6]
    };
    queuedScratch = encodeFrame(message, layout, queuedFrame, queuedScratch);
    return this.#fitting(queuedFrame, known === undefined ? message.topic : null);
  }

  /** An alias for a topic that has none yet; 0 where all are given or the client takes none. // [MQTT-3.3.2-11] */
  #newAlias(topic: string): number {
    const aliases = this.#aliases;
    if (aliases === null || aliases.size >= this.#aliasMaximum) return 0;
    const alias = aliases.size + 1;
    aliases.set(topic, alias);
    return alias;
  }

  /** The frame, or null where the client takes none that large; `aliased` is the topic it would have brought an alias for. */
  #fitting(frame: PublishFrame, aliased: string | null): PublishFrame | null {
    if (frame.end - frame.start <= this.maxPacketSize) return frame;
    // The client never heard of the alias; taken back first, since who hears of the drop may publish.
    if (aliased !== null) this.#aliases?.delete(aliased);
    this.onDrop('too-large'); // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
    return null;
  }

  /** Sends a QoS 0 message now or drops it: nothing waits for a client that does not keep up. */
  sendQos0(fanout: Fanout, retain: boolean, identifiers: readonly number[] | null): void {
    const refused = this.#qos0Refused();
    if (refused !== null) {
      this.onDrop(refused);
      return;
    }
    const frame = this.frameOf(fanout, false, identifiers);
    if (frame !== null) this.sendFrame(frame, 0, retain, false, 0); // [MQTT-4.3.1-1]
  }

  /** Why no QoS 0 is sent now; null = it is. */
  #qos0Refused(): DropReason | null {
    if (this.congested) return 'slow-consumer';
    return this.#host.memory.short && this.#link.pending > SHORT_OUTBOUND_BYTES ? 'memory-pressure' : null;
  }

  /** Sends a run of QoS 0 messages where this client takes them as they are; false = not so. */
  sendRun(run: PublishRun, identifiers: readonly number[] | null): boolean {
    const version5 = this.version === 5;
    if (run.version5 !== version5 || run.largest > this.maxPacketSize || this.#aliases !== null) return false;
    if (version5 && identifiers !== null) return false;
    const refused = this.#qos0Refused();
    if (refused !== null) {
      for (let i = 0; i < run.count; i++) this.onDrop(refused);
      return true;
    }
    const metrics = this.#host.metrics;
    metrics.messagesSent += run.count;
    metrics.publishSent += run.count;
    this.publishSent += run.count;
    metrics.publishBytesSent += run.end - run.start;
    this.#outbox.range(run.bytes, run.start, run.end);
    this.#touch();
    return true;
  }

  sendFrame(frame: PublishFrame, qos: QoS, retain: boolean, dup: boolean, packetId: number): void {
    const metrics = this.#host.metrics;
    metrics.messagesSent += 1;
    metrics.publishSent += 1;
    this.publishSent += 1;
    metrics.publishBytesSent += frame.end - frame.start;
    this.#outbox.publish(frame, publishHeader(qos, retain, dup), packetId);
    this.#touch();
  }

  /**
   * Sends an acknowledgement; 3.x has no place for the reason code. It carries neither reason string nor user properties.
   * // [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.4.2-3] [MQTT-3.5.2-3]
   */
  sendAck(type: AckType, packetId: number, reasonCode: number): void {
    this.#host.metrics.messagesSent += 1;
    this.#outbox.ack(type, packetId, this.version === 5 ? reasonCode : 0);
    this.#touch();
  }

  /**
   * Sends an acknowledgement that says why in words, where the client wants to know and takes a packet that large.
   * // [MQTT-3.1.2-29] [MQTT-3.4.2-2] [MQTT-3.5.2-2]
   */
  sendAckWithReason(type: AckType, packetId: number, reasonCode: number, reason: string): void {
    if (this.version !== 5 || !this.problemInformation) this.sendAck(type, packetId, reasonCode);
    else this.sendPacket({ type, packetId, reasonCode, properties: { reasonString: reason } });
  }

  /** Whether the client takes a packet as it is. Throws where it cannot be encoded at all. // [MQTT-3.1.2-24] */
  fits(packet: Packet): boolean {
    return encodePacket(packet, this.version).length <= this.maxPacketSize;
  }

  /**
   * Sends any other packet. One that is too large for the client goes without its reason string and user properties, or
   * not at all.
   * // [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.15.2-2] [MQTT-3.15.2-3]
   */
  sendPacket(packet: Packet): void {
    if (this.#closed) return;
    let bytes = encodePacket(packet, this.version);
    if (bytes.length > this.maxPacketSize && 'properties' in packet && packet.properties !== undefined) {
      const { reasonString: _reason, userProperties: _user, ...properties } = packet.properties;
      bytes = encodePacket({ ...packet, properties }, this.version);
    }
    if (bytes.length > this.maxPacketSize) return; // [MQTT-3.1.2-24]
    this.#host.metrics.messagesSent += 1;
    this.#outbox.bytes(bytes);
    this.#touch();
  }

  #touch(): void {
    if (!this.#touched) {
      this.#touched = true;
      this.#host.flushSet.add(this);
    }
    if (this.#outbox.wroteEarly) this.#checkCongestion();
  }

  #checkCongestion(): void {
    this.#outbox.wroteEarly = false;
    const { pending } = this.#link;
    if (pending <= this.#maxPending) return;
    if (!this.congested) {
      this.congested = true;
      this.#congestedAt = pending;
    } else if (pending > this.#congestedAt + this.#maxPending && !this.#closed) this.onOverrun();
  }

  /** Hands what was collected to the link. */
  flush(): void {
    this.#touched = false;
    if (this.#closed) return;
    const sent = this.#outbox.flush();
    this.#host.metrics.bytesSent += sent;
    this.bytesSent += sent;
    this.#checkCongestion();
  }

  /** Sends what there is and takes no more. */
  close(): void {
    this.flush();
    this.#closed = true;
  }

  /** Gives memory back; the link is gone. */
  discard(): void {
    this.#closed = true;
    this.#outbox.discard();
  }
}
