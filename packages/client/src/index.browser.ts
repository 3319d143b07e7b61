/** The Cauldron MQTT client for browsers, pages and workers: `ws:` and `wss:`. */
import { browserPlatform } from './browser/platform.ts';
import { Client } from './client.ts';
import { connectWith, publishOnceWith, subscribeOnceWith } from './connect.ts';
import type { Message } from './message.ts';
import type { ClientOptions, PublishOptions, PublishResult, SubscribeOptions } from './options.ts';
import type { TopicParams } from './topic-params.ts';

export * from './public.ts';

/**
 * A client that begins to connect in the background and goes on trying: publishes wait in its queue until then.
 *
 * @param url `ws://HOST[:PORT]/PATH`, `wss://`, or relative to the page, such as `/mqtt`
 * @throws {MqttError} a URL or options that make no sense
 */
export function createClient(url: string | URL, options: ClientOptions = {}): Client {
  const client = new Client(browserPlatform, url, options);
  void client.start(false);
  return client;
}

/**
 * Connects to a broker.
 *
 * @param url `ws://HOST[:PORT]/PATH`, `wss://`, or relative to the page, such as `/mqtt`
 * @throws {UnreachableError} when no connection comes about
 * @throws {MqttError} CONNECTION_REFUSED with the broker's reason; CONNECTION_CLOSED when it hangs up instead; TIMEOUT
 * @example
 * const client = await connect('wss://broker.example.org/mqtt');
 * await client.publish('kitchen/soup', 'ready', { qos: 1 });
 * await client.end();
 */
export function connect(url: string | URL, options: ClientOptions = {}): Promise<Client> {
  return connectWith(browserPlatform, url, options);
}

/**
 * Connects, publishes one message and disconnects.
 *
 * @throws as {@link connect} and {@link Client.publish}
 * @example
 * await publishOnce('wss://broker.example.org/mqtt', 'kitchen/soup', 'ready', { retain: true });
 */
export function publishOnce(
  url: string | URL,
  topic: string,
  payload: string | Uint8Array,
  options: ClientOptions & PublishOptions = {},
): Promise<PublishResult> {
  return publishOnceWith(browserPlatform, url, topic, payload, options);
}

/**
 * Connects, waits for one message that matches and disconnects.
 *
 * @throws as {@link connect} and {@link Client.on}
 * @example
 * const message = await subscribeOnce('wss://broker.example.org/mqtt', 'kitchen/soup');
 */
export function subscribeOnce<const F extends string>(
  url: string | URL,
  filter: F,
  options: ClientOptions & Pick<SubscribeOptions, 'qos'> = {},
): Promise<Message<TopicParams<F>>> {
  return subscribeOnceWith(browserPlatform, url, filter, options);
}
