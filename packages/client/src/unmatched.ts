import type { Delivery } from './delivery.ts';
import type { Message } from './message.ts';

/** QoS 1 and 2 messages that may wait for a subscription that matches them. */
const MOST = 100;

/**
 * What becomes of messages that no subscription matches. A session that began in an earlier process sends before the
 * program has subscribed again: those of QoS 1 and 2 wait, unacknowledged, until it has. What else matches nothing is
 * left over from a subscription that just ended, and dropped.
 */
export class Unmatched {
  /** Messages that were dropped. */
  dropped = 0;
  #held: { readonly message: Message; readonly delivery: Delivery }[] = [];
  #holding = false;

  /** Whether the broker may know subscriptions that we do not. */
  hold(holding: boolean): void {
    this.#holding = holding;
  }

  offer(message: Message, delivery: Delivery | null): void {
    if (delivery !== null && this.#holding && this.#held.length < MOST) this.#held.push({ message, delivery });
    else {
      this.dropped += 1;
      delivery?.settle();
    }
  }

  /** Hands over what now has a taker. */
  retry(consumersOf: (topic: string) => readonly { offer(message: Message, delivery: Delivery | null): void }[]): void {
    const held = this.#held;
    this.#held = [];
    for (const { message, delivery } of held) {
      const consumers = consumersOf(message.topic);
      delivery.expect(consumers.length - 1);
      for (const consumer of consumers) consumer.offer(message, delivery);
    }
  }
}
