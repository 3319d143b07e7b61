import { Histogram } from './histogram.ts';
import { publishTemplate } from './packets.ts';
import { type Failures, Peer } from './peer.ts';
import { Subscriber } from './subscriber.ts';

const TOPIC = 'probe/loop';
const PAYLOAD_BYTES = 16;
const TICK_MS = 1;
const KEEP_ALIVE = 0;

/** What a probe saw in a stretch of time, in microseconds. */
export interface ProbeReading {
  readonly count: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number;
  /** The longest time between two of its own messages: what of `max` may be the generator's doing. */
  readonly ownGap: number;
}

/**
 * A QoS 0 message through the broker and back at a steady beat, by default about every millisecond. The longest journey bounds from above how long the
 * broker's loop did anything else.
 */
export class LoopProbe {
  readonly #publisher: Peer;
  readonly #listener: Peer;
  readonly #latency: Histogram;
  readonly #timer: NodeJS.Timeout;
  #lastTick = performance.now();
  #ownGap = 0;

  private constructor(publisher: Peer, listener: Peer, tickMs: number) {
    this.#publisher = publisher;
    this.#listener = listener;
    this.#latency = new Histogram();
    new Subscriber(listener, 4, this.#latency).measure();
    const { bytes, payloadAt } = publishTemplate(4, TOPIC, 0, PAYLOAD_BYTES);
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#ownGap = Math.max(this.#ownGap, now - this.#lastTick);
      this.#lastTick = now;
      const message = Buffer.from(bytes);
      message.writeDoubleLE(performance.now(), payloadAt);
      this.#publisher.socket.write(message);
    }, tickMs);
  }

  /** A message every `tickMs` milliseconds. */
  static async open(place: { host: string; port: number }, failures: Failures, tickMs = TICK_MS): Promise<LoopProbe> {
    const options = { ...place, version: 4, keepAlive: KEEP_ALIVE } as const;
    const listener = await Peer.open({ ...options, clientId: 'probe-s', countPublishes: false }, failures);
    await listener.subscribe(1, [TOPIC], 0);
    const publisher = await Peer.open({ ...options, clientId: 'probe-p', countPublishes: true }, failures);
    return new LoopProbe(publisher, listener, tickMs);
  }

  /** What was seen since the last call, or since the probe was opened. Call it when the last one had time to arrive. */
  read(): ProbeReading {
    const { count, max } = this.#latency;
    const [p50, p99] = [this.#latency.percentile(0.5), this.#latency.percentile(0.99)];
    const reading = { count, p50, p99, max, ownGap: this.#ownGap * 1000 };
    this.#latency.clear();
    this.#ownGap = 0;
    return reading;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#publisher.close();
    this.#listener.close();
  }
}

/** A reading as figures, their names beginning with `prefix`. */
export function probeFigures(prefix: string, reading: ProbeReading): Record<string, number | null> {
  return {
    [`${prefix}_p50_us`]: reading.p50,
    [`${prefix}_p99_us`]: reading.p99,
    [`${prefix}_max_ms`]: reading.max / 1000,
    [`${prefix}_own_gap_ms`]: reading.ownGap / 1000,
  };
}
