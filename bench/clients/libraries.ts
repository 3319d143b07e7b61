// The client libraries that are compared, each by the calls its own documentation shows for fast use.
import { type Client, connect } from '@cauldron/client';
import mqtt, { type MqttClient } from 'mqtt';

/** What the loads need of a client. */
export interface BenchClient {
  /** Publishes; `done` when the QoS exchange is complete, for QoS 0 when the library says that it is written. */
  publish(topic: string, payload: Uint8Array, qos: 0 | 1, done?: () => void): void;
  subscribe(filter: string, qos: 0 | 1, handler: (payload: Uint8Array) => void): Promise<void>;
  end(): Promise<void>;
}

export type LibraryName = 'cauldron' | 'mqtt.js';

/** Connects with MQTT 5.0. */
export const libraries: Readonly<Record<LibraryName, (url: string) => Promise<BenchClient>>> = {
  cauldron: async (url) => new CauldronClient(await connect(url, { protocolVersion: 5 })),
  'mqtt.js': async (url) => new MqttJsClient(await mqtt.connectAsync(url, { protocolVersion: 5 })),
};

class CauldronClient implements BenchClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  publish(topic: string, payload: Uint8Array, qos: 0 | 1, done?: () => void): void {
    const published = this.#client.publish(topic, payload, qos === 0 ? undefined : { qos });
    if (done !== undefined) void published.then(done);
  }

  async subscribe(filter: string, qos: 0 | 1, handler: (payload: Uint8Array) => void): Promise<void> {
    await this.#client.on(filter, (message) => handler(message.payload), { qos });
  }

  end(): Promise<void> {
    return this.#client.end({ timeout: 0 });
  }
}

class MqttJsClient implements BenchClient {
  readonly #client: MqttClient;

  constructor(client: MqttClient) {
    this.#client = client;
  }

  publish(topic: string, payload: Uint8Array, qos: 0 | 1, done?: () => void): void {
    this.#client.publish(topic, payload as Buffer, { qos }, done);
  }

  async subscribe(filter: string, qos: 0 | 1, handler: (payload: Uint8Array) => void): Promise<void> {
    this.#client.on('message', (_topic, payload) => handler(payload));
    await this.#client.subscribeAsync(filter, { qos });
  }

  end(): Promise<void> {
    return this.#client.endAsync(true);
  }
}
