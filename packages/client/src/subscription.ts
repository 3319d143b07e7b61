import { matchTopic } from '@cauldron/protocol';
import type { Delivery } from './delivery.ts';
import { aborted, connectionClosed } from './error.ts';
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

/** One loop over a subscription, and what it is working on. */
interface Loop {
  current: Delivery | null;
}

interface Waiter<P> {
  readonly loop: Loop;
  resolve(result: IteratorResult<Message<P>>): void;
  reject(error: Error): void;
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
   * when it refused one (with `onRefused`: all of them), and when it is over before that.
   */
  get ready(): Promise<void> {
    if (this.#granted === undefined) {
      this.#granted = Promise.withResolvers();
      this.#granted.promise.catch(() => undefined); // whoever does not wait learns it from the loop, or from `ended`
      this.#settleGranted();
    }
    return this.#granted.promise;
  }

  #settleGranted(): void {
    if (this.#isGranted) this.#granted?.resolve();
    else if (this.#over) this.#granted?.reject(this.#error ?? this.#neverGranted());
  }

  #neverGranted(): Error {
    const { signal } = this.options;
    if (signal?.aborted) return aborted(signal, 'the subscription');
    return connectionClosed('the subscription was ended before the broker granted it');
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
  /** @internal Its Subscription Identifier; 0 = none. */
  identifier = 0;
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
  /** That of {@link next}. */
  #loop: Loop | undefined;
  #waiters = new Fifo<Waiter<P>>();
  #stopListening: (() => void) | undefined;

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
    const { signal } = options;
    if (signal === undefined) return;
    const close = (): void => this.close();
    signal.addEventListener('abort', close);
    this.#stopListening = () => signal.removeEventListener('abort', close);
  }

  /** Messages that wait for the consumer. */
  get waiting(): number {
    return this.#buffer.size;
  }

  /** @internal The broker granted it. */
  grant(): void {
    this.confirmed = true;
    this.#isGranted = true;
    this.#settleGranted();
    this.#granted = undefined;
  }

  /** @internal Takes a message; `delivery` is settled when it was consumed. */
  offer(message: Message, delivery: Delivery | null): void {
    if (this.#over) delivery?.settle();
    else if (this.#handler !== undefined && !this.#busy) this.#work({ message, delivery });
    else if (this.#waiters.size > 0) this.#give({ message, delivery });
    else this.#hold({ message, delivery });
  }

  #hold(held: Held): void {
    const { bufferSize = 1000, overflow = 'pause' } = this.options;
    const most = overflow === 'pause' ? bufferSize * HARD_LIMIT : bufferSize;
    if (held.delivery === null && this.#buffer.size >= most) {
      this.dropped += 1;
      const oldest = overflow === 'pause' ? undefined : this.#buffer.find(({ delivery }) => delivery === null);
      if (oldest === undefined) return;
      this.#buffer.remove(oldest);
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

  /** Hands over a message, and those that line up meanwhile: one at a time, in their order. */
  #work(first: Held | undefined): void {
    this.#busy = true;
    for (let held = first; held !== undefined; held = this.#take()) if (this.#run(held)) return;
    this.#busy = false;
    if (this.#over) this.#end?.resolve(this.#error);
  }

  /** True where the handler takes its time: it goes on when its promise is settled. */
  #run(held: Held): boolean {
    const { message, delivery } = held;
    try {
      const pending = this.#handler!(this.#named(message)) as Promise<unknown> | undefined;
      // Whatever else a handler answers says nothing.
      if (typeof pending?.then !== 'function') {
        delivery?.settle();
        return false;
      }
      const settled = pending.then(
        () => delivery?.settle(),
        (error: Error) => this.#failed(error, held),
      );
      void settled.then(() => this.#work(this.#take()));
      return true;
    } catch (error) {
      this.#failed(error as Error, held);
      return false;
    }
  }

  #failed(error: Error, { message, delivery }: Held): void {
    this.#port.failed(error, message);
    delivery?.fail();
  }

  // ---- for await

  [Symbol.asyncIterator](): AsyncIterator<Message<P>> {
    const loop: Loop = { current: null };
    return {
      next: () => this.#next(loop),
      return: () => {
        consumed(loop);
        this.close();
        return Promise.resolve(DONE);
      },
    };
  }

  /** The next message; `done` when the subscription is over. @throws what ended it, if an error did */
  next(): Promise<IteratorResult<Message<P>>> {
    this.#loop ??= { current: null };
    return this.#next(this.#loop);
  }

  #next(loop: Loop): Promise<IteratorResult<Message<P>>> {
    consumed(loop);
    const held = this.#take();
    if (held !== undefined) return Promise.resolve(this.#handOver(loop, held));
    if (this.#over) return this.#error === undefined ? Promise.resolve(DONE) : Promise.reject(this.#error);
    return new Promise((resolve, reject) => this.#waiters.push({ loop, resolve, reject }));
  }

  #handOver(loop: Loop, { message, delivery }: Held): IteratorResult<Message<P>> {
    consumed(loop);
    loop.current = delivery;
    return { done: false, value: this.#named(message) };
  }

  #give(held: Held): void {
    const { loop, resolve } = this.#waiters.shift()!;
    resolve(this.#handOver(loop, held));
  }

  // ---- the end

  /** Unsubscribes. Messages that wait are dropped, and acknowledged: nobody wants them any more. */
  close(): void {
    const wasOver = this.#over;
    this.finish(undefined);
    for (const { delivery } of this.#buffer.drain()) delivery?.settle();
    this.#setBehind(false);
    if (!wasOver) this.#port.ended(this as Subscription<unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** @internal It is over; what waits is still handed out. */
  finish(error: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#stopListening?.();
    this.#settleGranted();
    for (const waiter of this.#waiters.drain()) {
      if (error === undefined) waiter.resolve(DONE);
      else waiter.reject(error);
    }
    if (!this.#busy) this.#end?.resolve(error);
  }
}

const DONE = { done: true, value: undefined } as const;

/** What a loop was working on is done. */
function consumed(loop: Loop): void {
  const { current } = loop;
  loop.current = null;
  current?.settle();
}
