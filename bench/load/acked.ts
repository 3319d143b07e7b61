import type { FrameHandler } from './frames.ts';
import type { Histogram } from './histogram.ts';
import { publishTemplate } from './packets.ts';

const PUBACK = 4;
/** Packet ids are 16 bits wide. */
const MOST_IDS = 65_535;
const USUAL_IDS = 1024;

/** QoS 1 messages of one length back to back, over the topics in turn; message i carries the packet id i + 1. */
export interface Run {
  readonly bytes: Buffer;
  readonly size: number;
  readonly count: number;
}

/** Encodes a run that begins again at its first topic when it is at its end. Throws when it has no packet ids left. */
export function encodeRun(topics: readonly string[], payloadBytes: number, retain: boolean): Run {
  const count = topics.length * Math.ceil(USUAL_IDS / topics.length);
  if (count > MOST_IDS) throw new Error(`a publisher of ${topics.length} topics needs more packet ids than MQTT has`);
  const encoded = topics.map((topic) => publishTemplate(4, topic, 1, payloadBytes, retain));
  const size = encoded[0]!.bytes.length;
  const bytes = Buffer.allocUnsafeSlow(size * count);
  for (let i = 0; i < count; i++) {
    const message = encoded[i % encoded.length]!;
    if (message.bytes.length !== size) throw new Error('the topics of a run must be of one length');
    message.bytes.copy(bytes, i * size);
    bytes.writeUInt16BE(i + 1, i * size + message.idAt);
  }
  return { bytes, size, count };
}

/** Where a crowd's publishers report; `latency` is null while nothing is measured. */
export interface AckWatch {
  latency: Histogram | null;
  refused(reason: number): void;
}

/** What a publisher needs of its connection. */
interface AckedPeer {
  onFrame: FrameHandler | null;
  onChunkEnd: (() => void) | null;
  readonly socket: { write(bytes: Uint8Array): unknown };
}

/** Sends one publisher's QoS 1 messages and times their acknowledgements. Driven by what arrives, not by a loop. */
export class AckedPublisher {
  sent = 0;
  acked = 0;
  /** No more than this are ever sent. */
  limit = Number.POSITIVE_INFINITY;
  readonly #peer: AckedPeer;
  readonly #run: Run;
  readonly #watch: AckWatch;
  /** By packet id - 1: when the message was sent, or, if the window was full then, when it was due. */
  readonly #since: Float64Array;
  readonly #due: number[] = [];
  #free: number;
  #flatOut = false;
  #now = 0;

  constructor(peer: AckedPeer, run: Run, window: number, watch: AckWatch) {
    if (window >= run.count) throw new Error(`a window of ${window} needs a run of more than ${run.count} messages`);
    this.#peer = peer;
    this.#run = run;
    this.#watch = watch;
    this.#free = window;
    this.#since = new Float64Array(run.count);
    peer.onFrame = (buffer, start, body, end) => this.#frame(buffer, start, body, end);
    peer.onChunkEnd = () => this.#chunkEnd();
  }

  /** Keeps the window full from now on. */
  start(): void {
    this.#flatOut = true;
    this.#fill(performance.now());
  }

  /** Sends nothing more; acknowledgements of what was sent still come in. */
  stop(): void {
    this.#flatOut = false;
    this.#due.length = 0;
  }

  /** `count` messages are due at `now`: they are sent, or wait for room in the window with their time running. */
  want(count: number, now: number): void {
    for (let i = 0; i < count; i++) this.#due.push(now);
    this.#sendDue();
  }

  #frame(buffer: Buffer, start: number, body: number, end: number): void {
    if (buffer[start]! >> 4 !== PUBACK) return;
    const reason = end - body > 2 ? buffer[body + 2]! : 0;
    if (reason >= 128) this.#watch.refused(reason);
    this.#free++;
    this.acked++;
    const { latency } = this.#watch;
    if (latency === null) return;
    if (this.#now === 0) this.#now = performance.now();
    latency.add((this.#now - this.#since[buffer.readUInt16BE(body) - 1]!) * 1000);
  }

  #chunkEnd(): void {
    this.#now = 0;
    if (this.#free === 0) return;
    if (this.#flatOut) this.#fill(performance.now());
    else this.#sendDue();
  }

  #fill(now: number): void {
    let left = Math.min(this.#free, this.limit - this.sent);
    while (left > 0) {
      const first = this.sent % this.#run.count;
      const sent = this.#send(left);
      this.#since.fill(now, first, first + sent);
      left -= sent;
    }
  }

  #sendDue(): void {
    let left = Math.min(this.#free, this.#due.length);
    while (left > 0) {
      const first = this.sent % this.#run.count;
      const sent = this.#send(left);
      this.#since.set(this.#due.splice(0, sent), first);
      left -= sent;
    }
  }

  /** Sends up to `count` messages in one write, as many as lie before the run's end, and returns how many. */
  #send(count: number): number {
    const { bytes, size, count: length } = this.#run;
    const first = this.sent % length;
    const n = Math.min(count, length - first);
    this.#peer.socket.write(bytes.subarray(first * size, (first + n) * size));
    this.#free -= n;
    this.sent += n;
    return n;
  }
}
