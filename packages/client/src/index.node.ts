/** The Cauldron MQTT client for Node: `mqtt:`, `mqtts:`, `ws:`, `wss:` and `unix:`. */
import { Client } from './client.ts';
import { connectWith, publishOnceWith, subscribeOnceWith } from './connect.ts';
import type { Message } from './message.ts';
import type { NodeClientOptions } from './node/options.ts';
import { NodePlatform } from './node/platform.ts';
import type { PublishOptions, PublishResult, SubscribeOptions } from './options.ts';
import type { TopicParams } from './topic-params.ts';

export type { NodeClientOptions } from './node/options.ts';
export * from './public.ts';

/**
 * A client that begins to connect in the background and goes on trying: publishes wait in its queue until then.
 *
 * @param url `mqtt://HOST[:PORT]`, `mqtts://`, `ws://HOST[:PORT]/PATH`, `wss://` or `unix:///PATH`
 * @throws {MqttError} a URL or options that make no sense
 */
export function createClient(url: string | URL, options: NodeClientOptions = {}): Client {
  const client = new Client(new NodePlatform(options), url, options);
  void client.start(false);
  return client;
}

/**
 * Connects to a broker.
 *
 * @param url `mqtt://HOST[:PORT]`, `mqtts://`, `ws://HOST[:PORT]/PATH`, `wss://` or `unix:///PATH`
 * @throws {UnreachableError} when no connection comes about
 * @throws {MqttError} CONNECTION_REFUSED with the broker's reason; CONNECTION_CLOSED when it hangs up instead; TIMEOUT
 * @example
 * const client = await connect('mqtt://localhost');
 * await client.publish('kitchen/soup', 'ready', { qos: 1 });
 * await client.end();
 */
export function connect(url: string | URL, options: NodeClientOptions = {}): Promise<Client> {
  return connectWith(new NodePlatform(options), url, options);
}

/**
 * Connects, publishes one message and disconnects.
 *
 * @throws as {@link connect} and {@link Client.publish}
 * @example
 * await publishOnce('mqtt://localhost', 'kitchen/soup', 'ready', { retain: true });
 */
export function publishOnce(
  url: string | URL,
  topic: string,
  payload: string | Uint8Array,
  options: NodeClientOptions & PublishOptions = {},
): Promise<PublishResult> {
  return publishOnceWith(new NodePlatform(options), url, topic, payload, options);
}

/**
 * Connects, waits for one message that matches and disconnects.
 *
 * @throws as {@link connect} and {@link Client.on}
 * @example
 * const message = await subscribeOnce('mqtt://localhost', 'kitchen/soup');
 */
export function subscribeOnce<const F extends string>(
  url: string | URL,
  filter: F,
  options: NodeClientOptions & Pick<SubscribeOptions, 'qos'> = {},
): Promise<Message<TopicParams<F>>> {
  return subscribeOnceWith(new NodePlatform(options), url, filter, options);
}
