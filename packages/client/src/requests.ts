import type { Properties } from '@cauldron/protocol';
import type { Client } from './client.ts';
import { aborted, clientError, connectionClosed } from './error.ts';
import type { Message } from './message.ts';
import type { RequestOptions, SubscribeOptions } from './options.ts';
import type { Subscription } from './subscription.ts';

interface Pending {
  resolve(message: Message): void;
  reject(error: Error): void;
}

/** What a responder answers with: a payload, or nothing for no answer. */
export type Responder = (
  message: Message,
) => string | Uint8Array | undefined | Promise<string | Uint8Array | undefined>;

/**
 * Request and response over MQTT 5.0 (section 4.10): requests of one client share one response topic, and correlation
 * data tells their responses apart.
 */
export class Requests {
  readonly #client: Client;
  readonly #setTimer: (ms: number, callback: () => void) => { cancel(): void };
  readonly #pending = new Map<number, Pending>();
  #responses: Subscription | undefined;
  #topic = '';
  #next = 0;

  constructor(client: Client, setTimer: (ms: number, callback: () => void) => { cancel(): void }) {
    this.#client = client;
    this.#setTimer = setTimer;
  }

  /** See {@link Client.request}. */
  async send(topic: string, payload: string | Uint8Array, options: RequestOptions): Promise<Message> {
    const { timeout = 30_000, qos, signal, properties } = options;
    if (signal?.aborted) throw aborted(signal, 'the request');
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    this.#pending.set(id, { resolve, reject });
    const giveUp = () => reject(aborted(signal!, 'the request'));
    signal?.addEventListener('abort', giveUp);
    const timer = this.#setTimer(timeout, () => {
      const text = `nobody answered the request on ${topic} within ${timeout} ms; is a responder subscribed, and may it publish to the response topic?`;
      reject(clientError('TIMEOUT', text));
    });
    try {
      await this.#listen();
      const correlationData = new Uint8Array(4);
      new DataView(correlationData.buffer).setUint32(0, id);
      const all: Properties = { ...properties, responseTopic: this.#topic, correlationData };
      const published = this.#client.publish(topic, payload, { qos, signal, properties: all });
      published.catch(reject);
      return await promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      this.#pending.delete(id);
    }
  }

  /** Subscribes to the response topic, once. */
  async #listen(): Promise<void> {
    if (this.#responses === undefined) {
      const base = this.#client.serverProperties.responseInformation ?? 'cauldron/responses';
      this.#topic = `${base.replace(/\/$/, '')}/${this.#client.clientId}`;
      this.#responses = this.#client.listen([this.#topic], {}, (message: Message) => this.#answered(message));
      void this.#responses.ended.then((error) => this.#ended(error));
    }
    await this.#responses.ready;
  }

  #ended(error: Error | undefined): void {
    this.#responses = undefined;
    for (const { reject } of this.#pending.values()) reject(error ?? connectionClosed('the client was ended'));
  }

  #answered(message: Message): void {
    const data = message.properties?.correlationData;
    if (data?.length !== 4) return; // no response to a request of ours
    this.#pending.get(new DataView(data.buffer, data.byteOffset).getUint32(0))?.resolve(message);
  }

  /** See {@link Client.respond}. */
  async respond(filter: string, responder: Responder, options: SubscribeOptions): Promise<Subscription> {
    const subscription = this.#client.listen([filter], options, async (message: Message) => {
      const answer = await responder(message);
      const { responseTopic, correlationData } = message.properties ?? {};
      if (answer === undefined || responseTopic === undefined) return;
      const properties = correlationData === undefined ? {} : { correlationData };
      await this.#client.publish(responseTopic, answer, { qos: message.qos, properties });
    });
    await subscription.ready;
    return subscription;
  }
}
