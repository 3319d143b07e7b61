import type { AckType, Packet, Properties, PublishPacket } from '@cauldron/protocol';
import { OutboundWindow, PacketType, ReasonCode } from '@cauldron/protocol';

/** The broker's answer to one packet of ours. */
export interface Answer {
  readonly packetId: number;
  readonly reasonCodes: readonly number[];
  readonly properties: Properties | undefined;
}

/** A packet that waits for its answer: `answer` is the type that ends the wait. */
interface Exchange {
  readonly kind: 'publish' | 'request';
  readonly answer: number;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * The sending half of a client: which packets of ours wait for which answer. Packet identifiers of PUBLISH, SUBSCRIBE
 * and UNSUBSCRIBE come from one window, so none is used twice. // [MQTT-2.2.1-3] [MQTT-2.2.1-4]
 */
export class Outbound {
  readonly #send: (packet: Packet) => void;
  readonly #limit: number;
  readonly #window = new OutboundWindow<Exchange>();
  /** QoS 2 exchanges after PUBREC. */
  readonly #releasing = new Map<number, Exchange>();
  readonly #waiting: { start: () => void; reject: (error: Error) => void }[] = [];
  #inflight = 0;
  #closed: Error | undefined;

  /** @param limit how many QoS 1 and 2 messages may be under way: the smaller of our wish and the broker's Receive Maximum */
  constructor(send: (packet: Packet) => void, limit: number) {
    this.#send = send;
    this.#limit = limit;
  }

  /** Sends a QoS 1 or 2 message when the window has room, in the order of the calls, and waits until it is complete. */
  publish(packet: PublishPacket): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const answer = packet.qos === 1 ? PacketType.puback : PacketType.pubcomp;
      const start = () => {
        this.#inflight += 1;
        if (!this.#start({ kind: 'publish', answer, resolve, reject }, (packetId) => ({ ...packet, packetId }))) {
          this.#finishPublish();
        }
      };
      if (this.#closed !== undefined) reject(this.#closed);
      // [MQTT-3.3.4-7] [MQTT-4.9.0-2]
      else if (this.#inflight < this.#limit) start();
      else this.#waiting.push({ start, reject });
    });
  }

  /** Sends a SUBSCRIBE or UNSUBSCRIBE and waits for its answer. */
  request(
    answer: typeof PacketType.suback | typeof PacketType.unsuback,
    make: (packetId: number) => Packet,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) reject(this.#closed);
      else this.#start({ kind: 'request', answer, resolve, reject }, make);
    });
  }

  /** Sends; false (and the promise rejected) when the packet cannot be sent. */
  #start(exchange: Exchange, make: (packetId: number) => Packet): boolean {
    const packetId = this.#window.add(exchange);
    try {
      this.#send(make(packetId));
      return true;
    } catch (error) {
      this.#window.remove(packetId);
      exchange.reject(error as Error);
      return false;
    }
  }

  /** PUBACK, PUBREC or PUBCOMP. One that answers nothing of ours is ignored, save a PUBREC, which is told so. */
  acknowledged(type: AckType, packetId: number, reasonCode: number, properties: Properties | undefined): void {
    if (type === PacketType.pubrec) {
      this.#received(packetId, reasonCode, properties);
      return;
    }
    const exchange = type === PacketType.puback ? this.#window.published(packetId) : this.#releasing.get(packetId);
    if (exchange?.answer === type) this.#complete(exchange, packetId, [reasonCode], properties);
  }

  #received(packetId: number, reasonCode: number, properties: Properties | undefined): void {
    const exchange = this.#window.published(packetId);
    if (exchange?.answer === PacketType.pubcomp) {
      if (reasonCode >= 0x80) {
        this.#complete(exchange, packetId, [reasonCode], properties);
        return;
      }
      this.#window.release(packetId);
      this.#releasing.set(packetId, exchange);
    }
    const known = this.#window.released(packetId);
    // [MQTT-4.3.3-4]
    const answer = known ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
    this.#send({ type: PacketType.pubrel, packetId, reasonCode: answer });
  }

  /** SUBACK or UNSUBACK. */
  answered(type: number, packetId: number, reasonCodes: readonly number[], properties: Properties | undefined): void {
    const exchange = this.#window.published(packetId);
    if (exchange?.answer === type) this.#complete(exchange, packetId, reasonCodes, properties);
  }

  #complete(
    exchange: Exchange,
    packetId: number,
    reasonCodes: readonly number[],
    properties: Properties | undefined,
  ): void {
    this.#window.remove(packetId);
    this.#releasing.delete(packetId);
    exchange.resolve({ packetId, reasonCodes, properties });
    if (exchange.kind === 'publish') this.#finishPublish();
  }

  #finishPublish(): void {
    this.#inflight -= 1;
    if (this.#inflight < this.#limit) this.#waiting.shift()?.start();
  }

  /** Rejects everything that waits. */
  close(error: Error): void {
    this.#closed = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#window.forEach((_, exchange) => {
      exchange.reject(error);
    });
  }
}
