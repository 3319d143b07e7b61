import { ReasonCode } from '@cauldron/protocol';
import type { Metrics } from '../metrics.ts';
import type { Limits } from '../options.ts';
import type { Observer } from '../ports.ts';
import { Timer, type TimerWheel } from '../timing/timer-wheel.ts';
import { TokenBucket } from './token-bucket.ts';

/** The limits of how fast a client may send. */
export type RateLimit = 'maxMessageRate' | 'maxByteRate';

/** The connection a meter watches. */
export interface Metered {
  readonly core: {
    readonly now: number;
    readonly timers: TimerWheel;
    readonly metrics: Metrics;
    readonly observer: Observer;
  };
  readonly client: Parameters<NonNullable<Observer['throttled']>>[0] | null;
  /** Reads nothing more until {@link Metered.keptToRate}. May be called while packets are handled. */
  overRate(): void;
  keptToRate(): void;
  end(reasonCode: number, reason: string): void;
}

/**
 * How fast one client may send: `limits.maxMessageRate` and `limits.maxByteRate`. What is too much is not refused: the
 * client is not read from until it is back within its rate, so its own connection slows it down and nothing is lost.
 *
 *     reading --a bucket in debt--> held back --half a second's worth there again--> reading
 *        ^                             |
 *        |  full again: forgotten      |  held back for most of the last `rateGrace` seconds, and never full since
 *        +-----------------------------+--> 0x96, closed
 *
 * It reads on with half a second's worth, not with the first token, so that it does not stop and go at every tick. What
 * a client sent meanwhile waits in its own buffers and is read first: one that sends more than it may and does not stop is
 * held back nearly all the time, however little more it is. One that sends a lot at once and then nothing is back within
 * its rate when that has been read, and is let be where this takes no longer than `rateGrace`.
 */
export class RateMeter {
  readonly #connection: Metered;
  readonly #graceMs: number;
  readonly #messages: TokenBucket | null;
  readonly #bytes: TokenBucket | null;
  readonly #timer = new Timer((now) => this.#goOn(now));
  /** The limit that is exceeded: since when, and how much of that the client was held back; milliseconds. */
  #over: RateLimit | null = null;
  #overSince = 0;
  #heldFor = 0;
  #held = false;
  #heldSince = 0;

  private constructor(connection: Metered, limits: Limits) {
    const { now } = connection.core;
    this.#connection = connection;
    this.#graceMs = limits.rateGrace * 1000;
    this.#messages = limits.maxMessageRate > 0 ? new TokenBucket(limits.maxMessageRate, now) : null;
    this.#bytes = limits.maxByteRate > 0 ? new TokenBucket(limits.maxByteRate, now) : null;
  }

  /** A meter for a connection, or null where no limit is set: then nothing is counted. */
  static of(connection: Metered, limits: Limits): RateMeter | null {
    if (limits.maxMessageRate === 0 && limits.maxByteRate === 0) return null;
    return new RateMeter(connection, limits);
  }

  /** A PUBLISH came. */
  message(): void {
    if (this.#messages !== null) this.#take(this.#messages, 1, 'maxMessageRate');
  }

  /** Bytes came. */
  bytes(count: number): void {
    if (this.#bytes !== null) this.#take(this.#bytes, count, 'maxByteRate');
  }

  /** The connection is over. */
  stop(): void {
    this.#connection.core.timers.cancel(this.#timer);
  }

  #take(bucket: TokenBucket, count: number, limit: RateLimit): void {
    const { now } = this.#connection.core;
    if (bucket.refill(now) && this.#over === limit) this.#over = null;
    bucket.take(count);
    if (bucket.tokens < 0 && !this.#held) this.#holdBack(limit, now);
  }

  #holdBack(limit: RateLimit, now: number): void {
    const { core, client } = this.#connection;
    if (this.#over === null) {
      this.#over = limit;
      this.#overSince = now;
      this.#heldFor = 0;
      core.metrics.clientsThrottled += 1;
      if (client !== null) core.observer.throttled?.(client, limit);
    }
    this.#held = true;
    this.#heldSince = now;
    this.#connection.overRate();
    core.timers.schedule(this.#timer, now + this.#wait());
  }

  /** Milliseconds until each bucket has half of what it can have. */
  #wait(): number {
    return Math.max(...[this.#messages, this.#bytes].map((one) => one?.millisecondsUntil(one.burst / 2) ?? 0));
  }

  /** The timer's call: the client may go on, where more did not come meanwhile, or it has had its time. */
  #goOn(now: number): void {
    const { core } = this.#connection;
    this.#messages?.refill(now);
    this.#bytes?.refill(now);
    const overFor = now - this.#overSince;
    const heldFor = this.#heldFor + now - this.#heldSince;
    if (overFor > this.#graceMs && heldFor * 2 >= overFor) {
      core.metrics.disconnectedRate += 1;
      this.#connection.end(ReasonCode.messageRateTooHigh, this.#reason());
      return;
    }
    const wait = this.#wait();
    if (wait > 0) {
      core.timers.schedule(this.#timer, now + wait);
      return;
    }
    this.#heldFor = heldFor;
    if (overFor > this.#graceMs) {
      this.#overSince = now;
      this.#heldFor = 0;
    }
    this.#held = false;
    this.#connection.keptToRate();
  }

  #reason(): string {
    const bytes = this.#over === 'maxByteRate';
    const { rate } = bytes ? this.#bytes! : this.#messages!;
    const most = bytes ? `${rate} bytes` : `${rate} messages`;
    const grace = `for more than ${this.#graceMs / 1000} s (limits.rateGrace)`;
    return `it sent more than ${most} a second (limits.${this.#over}) ${grace}; send less, or have the limit raised`;
  }
}
