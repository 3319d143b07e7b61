import type { Delivery } from './delivery.ts';
import type { Message } from './message.ts';
import type { Platform, Timer } from './platform.ts';

/** QoS 1 and 2 messages that may wait for a subscription that matches them, and for how many milliseconds. */
const MOST = 100;
const PATIENCE = 10_000;

interface Held {
  readonly message: Message;
  readonly delivery: Delivery;
}

/**
 * What becomes of messages that no subscription matches. A session that began in an earlier process sends before the
 * program has subscribed again: those of QoS 1 and 2 wait, unacknowledged, until it has. Not for ever, because what came
 * behind them is acknowledged after them. What else matches nothing is left over from a subscription that just ended,
 * and dropped.
 */
export class Unmatched {
  readonly #platform: Platform;
  /** Undefined where the broker knows no subscriptions but ours. */
  #held: Held[] | undefined;
  #timer: Timer | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** The broker may know subscriptions that we do not. */
  hold(): void {
    this.#held = [];
  }

  offer(message: Message, delivery: Delivery | null): void {
    if (delivery === null) return;
    if (this.#held === undefined || this.#held.length === MOST) {
      delivery.settle();
      return;
    }
    this.#held.push({ message, delivery });
    this.#timer ??= this.#platform.setTimer(PATIENCE, () => this.#giveUp());
  }

  #giveUp(): void {
    const held = this.#held ?? [];
    this.close();
    for (const { delivery } of held) delivery.settle();
  }

  /** Hands over what now has a taker. */
  retry(consumersOf: (topic: string) => readonly { offer(message: Message, delivery: Delivery | null): void }[]): void {
    if (this.#held === undefined || this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const { message, delivery } of held) {
      const consumers = consumersOf(message.topic);
      delivery.expect(consumers.length - 1);
      for (const consumer of consumers) consumer.offer(message, delivery);
    }
  }

  /** QoS 1 messages come again on the next connection; those of QoS 2 are known then. */
  disconnected(): void {
    this.#held = this.#held?.filter(({ delivery }) => delivery.qos === 2);
  }

  /** Nothing waits from here on. */
  close(): void {
    this.#held = undefined;
    this.#timer?.cancel();
  }
}
