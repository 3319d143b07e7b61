import type { Histogram } from './histogram.ts';
import { type PublishTemplate, publishRun, publishTemplate } from './packets.ts';
import { type Failures, Peer } from './peer.ts';

const PAYLOAD_BYTES = 16;
const FILLER = 'x'.charCodeAt(0);
const PUBLISH = 3;
/** Most messages of one write; what is due beyond it goes with the next turn. */
const MOST_PER_TURN = 4096;
/** Unsent bytes above which nothing more is written: the broker does not read, and what is due waits. */
const BACKLOG_BYTES = 1024 * 1024;

/**
 * A QoS 0 pair at a rate of which one core can only make and take whole batches: what is due goes out in one write, whose
 * first message carries the time when it was due.
 */
export class Stream {
  received = 0;
  sent = 0;
  /** Where latencies go, in microseconds; null: nowhere. */
  latency: Histogram | null = null;
  readonly #publisher: Peer;
  readonly #listener: Peer;
  readonly #template: PublishTemplate;
  readonly #run: Buffer;

  private constructor(publisher: Peer, listener: Peer, topic: string) {
    this.#publisher = publisher;
    this.#listener = listener;
    this.#template = publishTemplate(4, topic, 0, PAYLOAD_BYTES);
    this.#run = publishRun(this.#template, MOST_PER_TURN);
    let now = 0;
    listener.onChunkEnd = () => {
      now = 0;
    };
    listener.onFrame = (buffer, start, _body, end) => {
      if (buffer[start]! >> 4 !== PUBLISH) return;
      this.received++;
      const payload = end - PAYLOAD_BYTES;
      if (buffer[payload] === FILLER && buffer[payload + 1] === FILLER) return;
      if (now === 0) now = performance.now();
      this.latency?.add((now - buffer.readDoubleLE(payload)) * 1000);
    };
  }

  static async open(place: { host: string; port: number }, topic: string, failures: Failures): Promise<Stream> {
    const options = { ...place, version: 4, keepAlive: 0 } as const;
    const listener = await Peer.open({ ...options, clientId: 'bench-stream-s', countPublishes: false }, failures);
    await listener.subscribe(1, [topic], 0);
    const publisher = await Peer.open({ ...options, clientId: 'bench-stream-p', countPublishes: true }, failures);
    return new Stream(publisher, listener, topic);
  }

  /** Sends `due` messages, the first of which was due at `since`, or as many as may leave now. */
  send(due: number, since: number): void {
    const { socket } = this.#publisher;
    const count = Math.min(due, MOST_PER_TURN);
    if (count < 1 || socket.writableLength > BACKLOG_BYTES) return;
    const first = Buffer.from(this.#template.bytes);
    first.writeDoubleLE(since, this.#template.payloadAt);
    socket.cork();
    socket.write(first);
    if (count > 1) socket.write(this.#run.subarray(0, (count - 1) * this.#template.bytes.length));
    socket.uncork();
    this.sent += count;
  }

  close(): void {
    this.#publisher.close();
    this.#listener.close();
  }
}
