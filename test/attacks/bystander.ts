import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Client, connect, type NodeClientOptions } from '@cauldron/client';
import { until } from '../support/broker.ts';

/** Milliseconds between two messages. */
const PERIOD = 5;

/**
 * A pair of clients that behave: one publishes numbers at QoS 1, each when the one before was acknowledged, the other
 * gets them. {@link Bystander.leave} says whether anything was missing.
 */
export class Bystander {
  readonly #publisher: Client;
  readonly #subscriber: Client;
  readonly #received: number[];
  readonly #ends: (Error | undefined)[] = [];
  #published = 0;
  #leaving = false;
  readonly #publishing: Promise<void>;

  private constructor(publisher: Client, subscriber: Client, received: number[], topic: string) {
    this.#publisher = publisher;
    this.#subscriber = subscriber;
    this.#received = received;
    for (const client of [publisher, subscriber]) void client.closed.then((reason) => this.#ends.push(reason));
    this.#publishing = this.#publish(topic);
  }

  /** @param topic one that matches no subscription of the attack */
  static async arrive(
    t: TestContext,
    url: string,
    options: NodeClientOptions,
    topic = 'bystander/numbers',
  ): Promise<Bystander> {
    const received: number[] = [];
    const once = { ...options, reconnect: false } as const; // who loses the connection was not served
    const subscriber = await connect(url, { ...once, clientId: 'bystander-subscriber' });
    t.after(() => subscriber.end());
    await subscriber.on(topic, (message) => void received.push(Number(message.text())), { qos: 1 });
    const publisher = await connect(url, { ...once, clientId: 'bystander-publisher' });
    t.after(() => publisher.end());
    return new Bystander(publisher, subscriber, received, topic);
  }

  /** Messages that made the whole way. */
  get delivered(): number {
    return this.#received.length;
  }

  /** Waits until so many more messages came: service goes on. */
  async served(messages = 5): Promise<void> {
    const enough = this.delivered + messages;
    await until(`${messages} more messages of the bystander`, () => this.delivered >= enough || this.#ends.length > 0);
    assert.deepEqual(this.#ends, [], 'the bystander stayed connected');
  }

  /** Says goodbye, after it got every message once, in order, over one connection. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#publishing;
    await until('the last message of the bystander', () => this.delivered >= this.#published);
    assert.deepEqual(this.#ends, [], 'the bystander stayed connected');
    const all = Array.from({ length: this.#published }, (_, number) => number);
    assert.deepEqual(this.#received, all, 'the bystander got every message once, in order');
    await Promise.all([this.#publisher.end(), this.#subscriber.end()]);
  }

  async #publish(topic: string): Promise<void> {
    while (!this.#leaving) {
      const { reasonCode } = await this.#publisher.publish(topic, `${this.#published}`, { qos: 1 });
      assert.equal(reasonCode, 0);
      this.#published += 1;
      await new Promise((resolve) => setTimeout(resolve, PERIOD));
    }
  }
}
