import type { Peer } from './peer.ts';

const PUBLISH = 3;
const PUBREL = 6;

/** Where times go, in microseconds. */
interface Latencies {
  add(microseconds: number): void;
}

/** Takes one subscriber's messages and gives the acknowledgements their QoS asks for. */
export class Subscriber {
  readonly #peer: Peer;
  readonly #latency: Latencies | null;
  #handled = 0;
  #measuring = false;
  #now = 0;

  /** With `latency`, the time stamp of each payload is compared with the time its chunk was read. */
  constructor(peer: Peer, version: number, latency: Latencies | null) {
    this.#peer = peer;
    this.#latency = latency;
    const properties = version === 5 ? 1 : 0;
    peer.onFrame = (buffer, start, body, end) => this.#frame(buffer, start, body, end, properties);
    peer.onChunkEnd = () => {
      peer.flushAcks();
      this.#now = 0;
    };
  }

  get received(): number {
    return this.#peer.received + this.#handled;
  }

  /** Latencies count from here on. */
  measure(): void {
    this.#measuring = true;
  }

  #frame(buffer: Buffer, start: number, body: number, end: number, properties: number): void {
    const first = buffer[start]!;
    const type = first >> 4;
    if (type === PUBREL) this.#peer.ack(0x70, buffer[body]!, buffer[body + 1]!);
    if (type !== PUBLISH) return;
    this.#handled++;
    const qos = (first >> 1) & 3;
    let at = body + 2 + buffer.readUInt16BE(body);
    if (qos > 0) {
      this.#peer.ack(qos === 1 ? 0x40 : 0x50, buffer[at]!, buffer[at + 1]!);
      at += 2;
    }
    if (this.#latency === null || !this.#measuring) return;
    if (properties > 0) at += 1 + buffer[at]!;
    if (end - at >= 8) this.#latency.add((this.#clock() - buffer.readDoubleLE(at)) * 1000);
  }

  /** One clock reading per chunk. */
  #clock(): number {
    if (this.#now === 0) this.#now = performance.now();
    return this.#now;
  }
}
