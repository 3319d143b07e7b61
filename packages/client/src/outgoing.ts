import type { Properties, QoS } from '@cauldron/protocol';
import type { Connection } from './connection.ts';
import { aborted } from './error.ts';
import type { PublishResult } from './options.ts';
import type { StoredMessage } from './store.ts';

/** The result of most publishes. */
export const SUCCESS: PublishResult = Object.freeze({ reasonCode: 0, properties: undefined });

/** Who waits for the end of a publish. */
export interface Waiter {
  resolve(result: PublishResult): void;
  reject(error: Error): void;
}

/** An accepted message on its way to the broker. */
export class Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
  /** Its place among the messages that a store keeps; 0 while it has none. */
  key: number;
  /** Nobody waits once it is null: the promise was settled, or there never was one. */
  waiter: Waiter | null;
  /** The store has it, or need not have it. */
  kept = false;
  /** Called once it is kept. */
  whenKept: (() => void) | undefined;
  /** It left on some connection, so that a repetition has to say so. */
  sent = false;

  constructor(
    message: Pick<StoredMessage, 'topic' | 'payload' | 'qos' | 'retain' | 'properties'>,
    waiter: Waiter | null,
    key = 0,
  ) {
    this.topic = message.topic;
    this.payload = message.payload;
    this.qos = message.qos;
    this.retain = message.retain;
    this.properties = message.properties;
    this.key = key;
    this.waiter = waiter;
  }

  /** What it counts for in the queue's limit, in bytes; UTF-16 units stand for the topic's. */
  get size(): number {
    return this.payload.length + this.topic.length;
  }

  /** Sends it as PUBLISH. // [MQTT-3.3.1-1] [MQTT-3.3.1-2] */
  send(connection: Connection, packetId: number, dup: boolean): void {
    connection.publish(this.topic, this.payload, this.qos, this.retain, dup, packetId, this.properties);
  }

  /** Rejects it when the signal is aborted before it ended otherwise, and calls back. */
  giveUpWith(signal: AbortSignal, then: () => void): void {
    const { waiter } = this;
    if (waiter === null) return;
    const giveUp = (): void => {
      this.reject(aborted(signal, 'the publish'));
      then();
    };
    const stop = (): void => signal.removeEventListener('abort', giveUp);
    this.waiter = {
      resolve: (result) => {
        stop();
        waiter.resolve(result);
      },
      reject: (error) => {
        stop();
        waiter.reject(error);
      },
    };
    signal.addEventListener('abort', giveUp);
  }

  resolve(result: PublishResult): void {
    this.waiter?.resolve(result);
    this.waiter = null;
  }

  /** False where nobody waits for it. */
  reject(error: Error): boolean {
    const { waiter } = this;
    this.waiter = null;
    waiter?.reject(error);
    return waiter !== null;
  }
}
