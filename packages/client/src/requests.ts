import type { Properties } from '@cauldron/protocol';
import { ReasonCode } from '@cauldron/protocol';
import type { Client } from './client.ts';
import { aborted, clientError, connectionClosed } from './error.ts';
import type { Message } from './message.ts';
import type { RequestOptions, SubscribeOptions } from './options.ts';
import type { Platform } from './platform.ts';
import type { Subscription } from './subscription.ts';

/** What requests need of their session. */
export interface RequestsPort {
  /** So many more responses are awaited. */
  expects(responses: number): void;
  /** A response could not be published. */
  unanswered(error: Error, message: Message): void;
}

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
  readonly #platform: Platform;
  readonly #port: RequestsPort;
  readonly #pending = new Map<number, Pending>();
  /** Tells our responses from those to an earlier process with this client identifier. */
  readonly #process: number;
  #responses: Subscription | undefined;
  #topic = '';
  #next = 0;

  constructor(client: Client, platform: Platform, port: RequestsPort) {
    this.#client = client;
    this.#platform = platform;
    this.#port = port;
    this.#process = Math.floor(platform.random() * 0x1_0000_0000);
  }

  /** See {@link Client.request}. */
  async send(topic: string, payload: string | Uint8Array, options: RequestOptions): Promise<Message> {
    const { timeout = 30_000, signal } = options;
    if (signal?.aborted) throw aborted(signal, 'the request');
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    this.#pending.set(id, { resolve, reject });
    this.#port.expects(1);
    const over = new AbortController();
    const giveUp = () => reject(aborted(signal!, 'the request'));
    signal?.addEventListener('abort', giveUp);
    const timer = this.#platform.setTimer(timeout, () => {
      const text = `nobody answered the request on ${topic} within ${timeout} ms; is a responder subscribed, and may it publish to the response topic?`;
      reject(clientError('TIMEOUT', text));
    });
    try {
      this.#publish(id, topic, payload, options, over.signal).catch(reject);
      return await promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      this.#pending.delete(id);
      this.#port.expects(-1);
      over.abort();
    }
  }

  /** @param over what was not sent until then is not sent any more */
  async #publish(
    id: number,
    topic: string,
    payload: string | Uint8Array,
    { qos, properties }: RequestOptions,
    over: AbortSignal,
  ): Promise<void> {
    await this.#client.ready();
    if (over.aborted) return;
    this.#check();
    await this.#listen();
    const correlationData = new Uint8Array(8);
    const view = new DataView(correlationData.buffer);
    view.setUint32(0, this.#process);
    view.setUint32(4, id);
    const all: Properties = { ...properties, responseTopic: this.#topic, correlationData };
    await this.#client.publish(topic, payload, { qos, signal: over, properties: all });
  }

  /** Once there is a connection. */
  #check(): void {
    if (this.#client.protocolVersion === 5) return;
    const text = 'request and response need MQTT 5.0; this connection speaks an older version';
    throw clientError('UNSUPPORTED_PROTOCOL_VERSION', text, ReasonCode.unsupportedProtocolVersion);
  }

  /** Subscribes to the response topic, once. */
  async #listen(): Promise<void> {
    if (this.#responses === undefined) {
      const base = this.#client.serverProperties.responseInformation ?? 'cauldron/responses';
      this.#topic = `${base.replace(/\/$/, '')}/${this.#client.clientId.replace(/[+#]/g, '_')}`;
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
    if (data?.length !== 8) return; // no response to a request of ours
    const view = new DataView(data.buffer, data.byteOffset);
    if (view.getUint32(0) === this.#process) this.#pending.get(view.getUint32(4))?.resolve(message);
  }

  /** See {@link Client.respond}. */
  async respond(filter: string, responder: Responder, options: SubscribeOptions): Promise<Subscription> {
    const subscription = this.#client.listen([filter], options, async (message: Message) => {
      const answer = await responder(message);
      const { responseTopic, correlationData } = message.properties ?? {};
      if (answer === undefined || responseTopic === undefined) return;
      const properties = correlationData === undefined ? {} : { correlationData };
      try {
        await this.#client.publish(responseTopic, answer, { qos: message.qos, properties });
      } catch (error) {
        // Whoever asked chose the topic, and must not be able to bring down the program with it.
        this.#port.unanswered(error as Error, message);
      }
    });
    await subscription.ready;
    try {
      this.#check();
    } catch (error) {
      subscription.close();
      throw error;
    }
    return subscription;
  }
}
