import { matchTopic } from '@cauldron/protocol';
import type { Delivery } from './delivery.ts';
import { Fifo } from './fifo.ts';
import { Message } from './message.ts';
import type { MessageHandler, SubscribeOptions } from './options.ts';
import { type NamedFilter, paramsOf, parseNamedFilter } from './topic-params.ts';

/** What a subscription needs of its client. */
export interface SubscriptionPort {
  /** It is over: nothing is handed to it any more, and its filters are unsubscribed. */
  ended(subscription: Subscription<unknown>): void;
  /** More waits for its consumer than should, or no longer. */
  behind(behind: boolean): void;
  /** A handler failed. */
  failed(error: Error, message: Message): void;
}

interface Held {
  readonly message: Message;
  readonly delivery: Delivery | null;
}

/** QoS 0 messages beyond this many times the buffer are dropped, whatever was agreed. */
const HARD_LIMIT = 10;

/**
 * One subscription of the program: its filters, and the messages on their way to its handler or its `for await` loop.
 *
 * A message is acknowledged when it was consumed: its handler is done, or the loop asks for the next one or ends.
 *
 * @example
 * const subscription = client.subscribe('rooms/+room/temp');
 * for await (const message of subscription) {
 *   console.log(message.params.room, message.text());
 *   break; // unsubscribes
 * }
 */
export class Subscription<P = Readonly<Record<string, string>>> implements AsyncIterable<Message<P>> {
  readonly filters: readonly NamedFilter[];
  readonly options: SubscribeOptions;
  /**
   * Fulfilled when the broker has granted all of its filters; rejected with SUBSCRIBE_REFUSED, and the subscription over,
   * when it refused one (with `onRefused`: all of them).
   */
  get ready(): Promise<void> {
    if (this.#granted === undefined) {
      this.#granted = Promise.withResolvers();
      this.#granted.promise.catch(() => undefined); // whoever does not wait learns it from the loop, or from `ended`
      if (this.#error !== undefined) this.#granted.reject(this.#error);
      else if (this.#isGranted || this.#over) this.#granted.resolve();
    }
    return this.#granted.promise;
  }

  /** Fulfilled when it is over; with the error that ended it, if one did. */
  get ended(): Promise<Error | undefined> {
    this.#end ??= Promise.withResolvers();
    if (this.#over && !this.#busy) this.#end.resolve(this.#error);
    return this.#end.promise;
  }

  /** QoS 0 messages that were dropped because the consumer was too slow. */
  dropped = 0;
  /** @internal The broker's present session has it. */
  confirmed = false;
  readonly #port: SubscriptionPort;
  readonly #handler: MessageHandler<P> | undefined;
  readonly #buffer = new Fifo<Held>();
  #granted: PromiseWithResolvers<void> | undefined;
  #isGranted = false;
  #end: PromiseWithResolvers<Error | undefined> | undefined;
  #over = false;
  #error: Error | undefined;
  /** Its handler is at work. */
  #busy = false;
  #behind = false;
  /** What the loop is working on. */
  #current: Delivery | null = null;
  #waiters = new Fifo<{ resolve(result: IteratorResult<Message<P>>): void; reject(error: Error): void }>();

  /** @internal use `client.subscribe` or `client.on` */
  constructor(
    filters: readonly string[],
    options: SubscribeOptions,
    port: SubscriptionPort,
    handler: MessageHandler<P> | undefined,
  ) {
    this.filters = filters.map(parseNamedFilter);
    this.options = options;
    this.#port = port;
    this.#handler = handler;
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
  }

  /** Messages that wait for the consumer. */
  get waiting(): number {
    return this.#buffer.size;
  }

  /** @internal The broker granted it. */
  grant(): void {
    this.confirmed = true;
    this.#isGranted = true;
    this.#granted?.resolve();
    this.#granted = undefined;
  }

  /** @internal Takes a message; `delivery` is settled when it was consumed. */
  offer(message: Message, delivery: Delivery | null): void {
    if (this.#over) delivery?.settle();
    else if (this.#handler !== undefined && !this.#busy && this.#buffer.size === 0) this.#run({ message, delivery });
    else if (this.#handler === undefined && this.#waiters.size > 0) this.#give({ message, delivery });
    else this.#hold({ message, delivery });
  }

  #hold(held: Held): void {
    const { bufferSize = 1000, overflow = 'pause' } = this.options;
    const most = overflow === 'pause' ? bufferSize * HARD_LIMIT : bufferSize;
    if (held.delivery === null && this.#buffer.size >= most) {
      this.dropped += 1;
      if (overflow === 'pause') return;
      this.#buffer.shift()?.delivery?.settle();
    }
    this.#buffer.push(held);
    if (overflow === 'pause' && this.#buffer.size >= bufferSize) this.#setBehind(true);
  }

  #setBehind(behind: boolean): void {
    if (this.#behind === behind) return;
    this.#behind = behind;
    this.#port.behind(behind);
  }

  #take(): Held | undefined {
    const held = this.#buffer.shift();
    if (this.#behind && this.#buffer.size * 2 <= (this.options.bufferSize ?? 1000)) this.#setBehind(false);
    return held;
  }

  /** The message with the parameters of the first filter that names some and matches. */
  #named(message: Message): Message<P> {
    const names = this.filters.length === 1 ? this.filters[0]!.names : this.#namesFor(message.topic);
    if (names.length === 0) return message as Message<P>;
    const { topic, payload, qos, retain, dup, properties, packetId } = message;
    return new Message(topic, payload, qos, retain, dup, properties, paramsOf(topic, names) as P, packetId);
  }

  #namesFor(topic: string): NamedFilter['names'] {
    return this.filters.find(({ pattern, names }) => names.length > 0 && matchTopic(pattern, topic))?.names ?? [];
  }

  // ---- handlers

  #run({ message, delivery }: Held): void {
    try {
      const pending = this.#handler!(this.#named(message));
      if (pending === undefined) delivery?.settle();
      else this.#await(pending, { message, delivery });
    } catch (error) {
      this.#port.failed(error as Error, message);
    }
  }

  #await(pending: Promise<void>, { message, delivery }: Held): void {
    this.#busy = true;
    pending.then(
      () => {
        delivery?.settle();
        this.#goOn();
      },
      (error: Error) => {
        this.#port.failed(error, message);
        this.#goOn();
      },
    );
  }

  #goOn(): void {
    this.#busy = false;
    while (!this.#busy && this.#buffer.size > 0) this.#run(this.#take()!);
    if (this.#over && !this.#busy) this.#end?.resolve(this.#error);
  }

  // ---- for await

  [Symbol.asyncIterator](): AsyncIterator<Message<P>> {
    return { next: () => this.next(), return: () => this.#return() };
  }

  /** The next message; `done` when the subscription is over. @throws what ended it, if an error did */
  next(): Promise<IteratorResult<Message<P>>> {
    this.#consumed();
    const held = this.#take();
    if (held !== undefined) {
      this.#current = held.delivery;
      return Promise.resolve({ done: false, value: this.#named(held.message) });
    }
    if (this.#over) return this.#error === undefined ? Promise.resolve(DONE) : Promise.reject(this.#error);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The message before is done with. */
  #consumed(): void {
    const current = this.#current;
    this.#current = null;
    current?.settle();
  }

  #give({ message, delivery }: Held): void {
    this.#consumed();
    this.#current = delivery;
    this.#waiters.shift()!.resolve({ done: false, value: this.#named(message) });
  }

  #return(): Promise<IteratorResult<Message<P>>> {
    this.#consumed();
    this.close();
    return Promise.resolve(DONE);
  }

  // ---- the end

  /** Unsubscribes. Messages that wait are dropped, and acknowledged: nobody wants them any more. */
  close(): void {
    if (this.#over) return;
    this.finish(undefined);
    for (const { delivery } of this.#buffer.drain()) delivery?.settle();
    this.#setBehind(false);
    this.#port.ended(this as Subscription<unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** @internal It is over; what waits is still handed out. */
  finish(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    if (error === undefined) this.#granted?.resolve();
    else this.#granted?.reject(error);
    for (const waiter of this.#waiters.drain()) {
      if (error === undefined) waiter.resolve(DONE);
      else waiter.reject(error);
    }
    if (!this.#busy) this.#end?.resolve(error);
  }
}

const DONE = { done: true, value: undefined } as const;
