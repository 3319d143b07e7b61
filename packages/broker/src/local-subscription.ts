import {
  type BrokerCore,
  type Delivery,
  type Fanout,
  type Message,
  type Subscriber,
  Subscription,
} from '@cauldron/core';
import { isShared, type Properties, type QoS } from '@cauldron/protocol';

/** A message as a program gets it. */
export interface ReceivedMessage {
  readonly topic: string;
  /** A copy of its own. */
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
}

export type MessageHandler = (message: ReceivedMessage) => void;

interface Waiting {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
}

/**
 * A subscription of the program the broker runs in. Handlers run when the turn's messages have been routed, so a slow or
 * failing handler never stands between a publisher and its other subscribers.
 */
export class LocalSubscription implements Subscriber {
  readonly ready = true;
  readonly #core: BrokerCore;
  readonly #handler: MessageHandler;
  readonly #onError: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #active = true;

  constructor(core: BrokerCore, handler: MessageHandler, onError: (error: unknown) => void) {
    this.#core = core;
    this.#handler = handler;
    this.#onError = onError;
  }

  /** Enters the subscription and hands over what is retained; returns what ends it. */
  start(filter: string, qos: QoS): () => void {
    this.#core.router.add(filter, new Subscription(this, { qos }));
    if (!isShared(filter)) {
      this.#core.retained.match(filter, this.#core.now, (message) => {
        this.#wait({ message, qos: Math.min(qos, message.qos) as QoS, retain: true });
      });
    }
    return () => {
      if (!this.#active) return;
      this.#active = false;
      this.#core.router.remove(filter, this);
    };
  }

  deliver(fanout: Fanout, delivery: Delivery): void {
    const qos = Math.min(fanout.qos, delivery.qos) as QoS;
    this.#wait({ message: fanout.message(), qos, retain: false });
  }

  deliverRun(): boolean {
    return false;
  }

  #wait(item: Waiting): void {
    if (this.#waiting.push(item) === 1) this.#core.flushSet.add(this);
  }

  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { message, qos, retain } of waiting) {
      if (!this.#active) return; // it was ended, perhaps by the handler itself
      try {
        const properties = message.properties();
        this.#handler({ topic: message.topic, payload: message.payload(), qos, retain, properties });
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
