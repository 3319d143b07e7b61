import { type PublishTemplate, publishRun } from './packets.ts';
import type { Peer } from './peer.ts';

/** Packet ids in use at QoS 1 and 2 are 1 to this; far above any window, so that none is used twice at a time. */
const IDS = 1024;

export interface PublisherOptions {
  /** QoS 0 messages in one write. */
  readonly batch: number;
  /** Unacknowledged messages at QoS 1 and 2. */
  readonly window: number;
  readonly refuse: Refuse;
  /** What is written at QoS 0 flat out, `batch` messages each, in turn; default: copies of the template. */
  readonly runs?: readonly Buffer[] | undefined;
}

/** Sends one publisher's messages from bytes encoded before the load starts. */
export class Publisher {
  sent = 0;
  acked = 0;
  readonly #peer: Peer;
  readonly #template: PublishTemplate;
  readonly #window: number;
  readonly #batch: number;
  /** Each as many messages as one write takes; QoS 0 goes through them in turn. */
  readonly #runs: readonly Buffer[];
  #nextRun = 0;
  #free: number;
  #nextId = 0;
  #stopped = false;

  constructor(peer: Peer, template: PublishTemplate, options: PublisherOptions) {
    this.#peer = peer;
    this.#template = template;
    this.#window = options.window;
    this.#batch = options.batch;
    this.#free = options.window;
    this.#runs = options.runs ?? [publishRun(template, template.idAt > 0 ? IDS : options.batch)];
    peer.onFrame = (buffer, start, body, end) => this.#acknowledged(buffer, start, body, end, options.refuse);
    peer.onChunkEnd = () => {
      peer.flushAcks();
      if (template.idAt > 0) this.#fillWindow();
    };
  }

  /** Flat out: sends what the socket or the window has room for. */
  pump(): void {
    if (this.#template.idAt > 0) {
      if (this.#free === this.#window) this.#fillWindow();
    } else if (this.#peer.socket.writableLength === 0 && this.#peer.socket.writable) {
      this.#peer.socket.write(this.#runs[this.#nextRun]!);
      this.#nextRun = (this.#nextRun + 1) % this.#runs.length;
      this.sent += this.#batch;
    }
  }

  /** Sends one message whose payload begins with the time of sending (QoS 0 only). */
  sendStamped(stamp: number): void {
    // A copy per message: the socket may still hold the previous one.
    const bytes = Buffer.from(this.#template.bytes);
    bytes.writeDoubleLE(stamp, this.#template.payloadAt);
    this.#peer.socket.write(bytes);
    this.sent++;
  }

  /** Lets acknowledgements come in without sending more. */
  stop(): void {
    this.#stopped = true;
  }

  #fillWindow(): void {
    while (this.#free > 0 && !this.#stopped && this.#peer.socket.writable) {
      const count = Math.min(this.#free, IDS - this.#nextId);
      const size = this.#template.bytes.length;
      this.#peer.socket.write(this.#runs[0]!.subarray(this.#nextId * size, (this.#nextId + count) * size));
      this.#nextId = (this.#nextId + count) % IDS;
      this.#free -= count;
      this.sent += count;
    }
  }

  #acknowledged(buffer: Buffer, start: number, body: number, end: number, refuse: Refuse): void {
    const type = buffer[start]! >> 4;
    const reason = end - body > 2 ? buffer[body + 2]! : 0;
    if (reason >= 128) refuse(reason);
    if (type === PUBREC && reason < 128) this.#peer.ack(0x62, buffer[body]!, buffer[body + 1]!);
    else if (type === PUBACK || type === PUBCOMP || type === PUBREC) {
      this.#free++;
      this.acked++;
    }
  }
}

type Refuse = (reason: number) => void;

const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;
