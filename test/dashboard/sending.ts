import type { Client, PublishOptions } from '@cauldron/client';

/**
 * Publishes without waiting. What is on its way when the client ends is lost, which is no failure of the test; whatever else
 * goes wrong is one, as an error that nobody caught.
 */
export function send(client: Client, topic: string, payload: string | Uint8Array, options: PublishOptions = {}): void {
  client.publish(topic, payload, options).catch((error: unknown) => {
    if (client.state.status === 'connected') throw error;
  });
}
