import { Histogram } from './histogram.ts';

/** What was counted, and in which time. */
export interface Result {
  /** Seconds. */
  readonly duration: number;
  readonly sent: number;
  readonly received: number;
  /** Deliveries that should have come, of all messages of the run, and did not. */
  readonly missing: number;
  /** Deliveries beyond those that should have come: QoS 1 may repeat after a lost connection. */
  readonly extra: number;
  /** In microseconds. */
  readonly latency: Histogram;
  /** By code or reason, how often. */
  readonly errors: ReadonlyMap<string, number>;
  readonly lostConnections: number;
}

/**
 * Counts what happens. Rates and latencies are those of the measured time; what should have come is counted from the
 * first message to the last.
 */
export class Recorder {
  readonly latency = new Histogram();
  readonly #errors = new Map<string, number>();
  #from = Number.POSITIVE_INFINITY;
  #to = Number.POSITIVE_INFINITY;
  #sent = 0;
  #received = 0;
  #expected = 0;
  #arrived = 0;
  #lost = 0;

  /** The measured time begins. */
  begin(now: number): void {
    this.#from = now;
  }

  /** The measured time ends. What was sent in it may still arrive. */
  finish(now: number): void {
    this.#to = now;
  }

  /** A publish is complete. @param audience how many subscribers should get it */
  sent(now: number, audience: number): void {
    this.#expected += audience;
    if (now >= this.#from && now < this.#to) this.#sent += 1;
  }

  /** @param stamp when it was sent, or was due to be */
  received(now: number, stamp: number): void {
    this.#arrived += 1;
    if (now >= this.#from && now < this.#to) this.#received += 1;
    if (stamp >= this.#from && stamp < this.#to) this.latency.record(Math.round((now - stamp) * 1000));
  }

  failed(what: string): void {
    this.#errors.set(what, (this.#errors.get(what) ?? 0) + 1);
  }

  lostConnection(): void {
    this.#lost += 1;
  }

  /** Deliveries so far, and how many are still to come. */
  get arrived(): number {
    return this.#arrived;
  }

  get outstanding(): number {
    return Math.max(0, this.#expected - this.#arrived);
  }

  get result(): Result {
    return {
      duration: Math.max(0, this.#to - this.#from) / 1000,
      sent: this.#sent,
      received: this.#received,
      missing: this.outstanding,
      extra: Math.max(0, this.#arrived - this.#expected),
      latency: this.latency,
      errors: new Map(this.#errors),
      lostConnections: this.#lost,
    };
  }
}
