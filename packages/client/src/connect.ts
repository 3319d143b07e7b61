import { Client } from './client.ts';
import { connectionClosed } from './error.ts';
import type { Message } from './message.ts';
import type { ClientOptions, PublishOptions, PublishResult, SubscribeOptions } from './options.ts';
import type { Platform } from './platform.ts';
import type { TopicParams } from './topic-params.ts';

// What the entries for Node and for browsers have in common; see there.

export async function connectWith(platform: Platform, url: string | URL, options: ClientOptions): Promise<Client> {
  const client = new Client(platform, url, options);
  const ready = client.ready();
  ready.catch(() => undefined); // awaited below; it may be rejected before that
  await client.start(true);
  await ready;
  return client;
}

export async function publishOnceWith(
  platform: Platform,
  url: string | URL,
  topic: string,
  payload: string | Uint8Array,
  options: ClientOptions & PublishOptions,
): Promise<PublishResult> {
  const { qos, retain, properties, signal, ...own } = options;
  const client = await connectWith(platform, url, { ...own, signal, reconnect: false });
  try {
    return await client.publish(topic, payload, { qos, retain, properties });
  } finally {
    await client.end();
  }
}

export async function subscribeOnceWith<F extends string>(
  platform: Platform,
  url: string | URL,
  filter: F,
  options: ClientOptions & Pick<SubscribeOptions, 'qos'>,
): Promise<Message<TopicParams<F>>> {
  const { qos, ...own } = options;
  const client = await connectWith(platform, url, own);
  try {
    for await (const message of client.subscribe(filter, { qos })) return message;
    throw connectionClosed('the client was ended before a message came');
  } finally {
    await client.end();
  }
}
