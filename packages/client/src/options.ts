import type { Packet, Properties, ProtocolVersion, QoS, RetainHandling } from '@cauldron/protocol';
import type { Authentication } from './authentication.ts';
import type { Message } from './message.ts';
import type { ClientStore } from './store.ts';

/** Options of `connect` and `createClient` that hold in Node and in browsers; all have defaults. */
export interface ClientOptions {
  /** Default: one made up, `cauldron-` and 12 characters, kept for the life of the client. */
  readonly clientId?: string | undefined;
  /** Default: what the URL says. */
  readonly username?: string | undefined;
  readonly password?: string | Uint8Array | undefined;
  /** Asked before every attempt to connect, in place of `username` and `password`: for tokens that expire. */
  readonly credentials?: ((context: CredentialsContext) => Credentials | Promise<Credentials>) | undefined;
  /** Enhanced authentication (MQTT 5.0 section 4.12), such as `scram(...)` of `@cauldron/client/scram`. */
  readonly authentication?: Authentication | undefined;
  /** 5, 4 (MQTT 3.1.1) or 3 (3.1). Default: 5, and 3.1.1 where the broker refuses that, which is remembered. */
  readonly protocolVersion?: ProtocolVersion | undefined;
  /**
   * Begin without the session that the broker may hold. Default true, with a `store` false. A reconnect always asks for
   * the session of this client, in MQTT 5.0; in 3.1.1 only where this is false.
   */
  readonly cleanStart?: boolean | undefined;
  /**
   * Seconds for which the broker keeps the session once the connection is gone; 0xFFFFFFFF = for ever. Default 300, with
   * a `store` 86,400, so that a reconnect resumes what was in flight. MQTT 5.0 only. `end()` drops the session unless
   * this is set, or `cleanStart` is false.
   */
  readonly sessionExpiry?: number | undefined;
  /** Seconds; 0 = off. Default 60. The broker may set another one. */
  readonly keepAlive?: number | undefined;
  /** What the broker publishes when this client goes without saying goodbye. */
  readonly will?: WillOptions | undefined;
  /** Further properties of CONNECT, MQTT 5.0 only (section 3.1.2.11). */
  readonly properties?: Properties | undefined;
  /** Milliseconds until a connection must be there, CONNACK included. Default 30,000. */
  readonly connectTimeout?: number | undefined;
  /** What happens when a connection is lost. `false` = the client is over then. */
  readonly reconnect?: false | ReconnectOptions | undefined;
  /** What may wait while it cannot be sent. */
  readonly queue?: QueueOptions | undefined;
  /** Keeps accepted QoS 1 and 2 messages, and what is in flight, beyond this process. Default: memory only. */
  readonly store?: ClientStore | undefined;
  /**
   * What becomes of a QoS 2 message in flight when the broker has lost the session, so that nobody can know whether it
   * was delivered: `reject` (default) fails its publish with SESSION_LOST, `resend` sends it again, maybe a second time.
   */
  readonly onSessionLost?: 'reject' | 'resend' | undefined;
  /** How many QoS 1 and 2 messages may wait for their acknowledgement; the broker may allow fewer. Default 1000, in MQTT 3.x 20. */
  readonly maxInflight?: number | undefined;
  /** How many unacknowledged QoS 1 and 2 messages the broker may send us. Default 1000. MQTT 5.0 only. */
  readonly receiveMaximum?: number | undefined;
  /** Largest packet we accept, in bytes. Default: the protocol's own, 268,435,460. */
  readonly maxPacketSize?: number | undefined;
  /** Topics that are published to repeatedly get up to so many aliases, as the broker allows. Default 0. MQTT 5.0 only. */
  readonly topicAliases?: number | undefined;
  /** Topic aliases the broker may use towards us. Default 0. MQTT 5.0 only. */
  readonly topicAliasMaximum?: number | undefined;
  /** `follow` (default): connect to the server that the broker names instead of itself. `ignore`: treat it as a refusal. */
  readonly redirect?: 'follow' | 'ignore' | undefined;
  /**
   * Gets messages that no subscription of this client matches: those of a session that began in an earlier process.
   * Without it, up to 100 of them with QoS 1 or 2 wait 10 seconds for a subscription; the others are dropped.
   */
  readonly onMessage?: MessageHandler | undefined;
  /**
   * Gets what a message handler throws. Without it that is an uncaught error of the program, as with any callback. The
   * message is not acknowledged: the broker sends it again on the next connection.
   */
  readonly onError?: ((error: Error, message: Message) => void) | undefined;
  /**
   * Gets QoS 1 and 2 messages that nobody waits for and that were refused or given up: those of `enqueue`, and those that
   * a store kept from an earlier process.
   */
  readonly onUndelivered?: ((error: Error, message: UndeliveredMessage) => void) | undefined;
  /** Sees every packet, for debugging. */
  readonly trace?: ((direction: 'sent' | 'received', packet: Packet) => void) | undefined;
  /** Ends the client when aborted, connecting or connected. */
  readonly signal?: AbortSignal | undefined;
}

/** A message that could not be published. */
export interface UndeliveredMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
}

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | Uint8Array | undefined;
}

export interface CredentialsContext {
  /** 1 for the first attempt to connect since the last connection. */
  readonly attempt: number;
  /** Why the attempt before failed. */
  readonly reason: Error | undefined;
}

/** A last will (MQTT 5.0 section 3.1.2.5). */
export interface WillOptions {
  readonly topic: string;
  /** Default empty. */
  readonly payload?: string | Uint8Array | undefined;
  readonly qos?: QoS | undefined;
  readonly retain?: boolean | undefined;
  /** MQTT 5.0 only: `willDelayInterval` and others. */
  readonly properties?: Properties | undefined;
}

/** The wait before the nth attempt is random between 0 and min(maxDelay, minDelay * 2^(n - 1)): "full jitter". */
export interface ReconnectOptions {
  /** Milliseconds. Default 1000. */
  readonly minDelay?: number | undefined;
  /** Milliseconds. Default 30,000. */
  readonly maxDelay?: number | undefined;
  /** Attempts in a row that may fail before the client is over. Default: no limit. */
  readonly maxAttempts?: number | undefined;
}

/** The offline queue: messages that were accepted and not yet sent. */
export interface QueueOptions {
  /** Default 100,000. */
  readonly maxMessages?: number | undefined;
  /** Bytes of topics and payloads. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /**
   * When it is full: `reject` (default) refuses the new message with QUEUE_FULL, `drop-oldest` gives up the one that has
   * waited longest, whose publish is rejected with QUEUE_FULL.
   */
  readonly whenFull?: 'reject' | 'drop-oldest' | undefined;
  /** Whether QoS 0 messages wait too while there is no connection. Default true; otherwise they are refused. */
  readonly qos0?: boolean | undefined;
}

/** What the offline queue holds and did. */
export interface QueueState {
  /** Messages that wait. */
  readonly messages: number;
  /** Bytes of their topics and payloads. */
  readonly bytes: number;
  /** QoS 1 and 2 messages that were sent and are not acknowledged yet. */
  readonly inflight: number;
  /** Messages refused or given up because it was full, since the client was made. */
  readonly dropped: number;
}

export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS | undefined;
  readonly retain?: boolean | undefined;
  /** MQTT 5.0 only. */
  readonly properties?: Properties | undefined;
  /** Gives up waiting; a message that was not sent yet is taken out of the queue. */
  readonly signal?: AbortSignal | undefined;
}

/** How a publish ended. */
export interface PublishResult {
  /** From PUBACK, PUBREC or PUBCOMP: 0, or 0x10 where nobody was subscribed. 0 for QoS 0 and MQTT 3.x. */
  readonly reasonCode: number;
  readonly properties: Properties | undefined;
}

export interface SubscribeOptions {
  /** Default 0. */
  readonly qos?: QoS | undefined;
  /** Do not send back what this client published. MQTT 5.0 only, default false. */
  readonly noLocal?: boolean | undefined;
  /** Keep the retain flag as it was published. MQTT 5.0 only, default false. */
  readonly retainAsPublished?: boolean | undefined;
  /** Retained messages: 0 send (default), 1 only for a new subscription, 2 do not. MQTT 5.0 only. */
  readonly retainHandling?: RetainHandling | undefined;
  /** Properties of SUBSCRIBE, MQTT 5.0 only. */
  readonly properties?: Properties | undefined;
  /** Messages that may wait for a slow consumer. Default 1000. */
  readonly bufferSize?: number | undefined;
  /**
   * When so many wait: `pause` (default) stops reading from the broker, which slows its publishers; it reads on while an
   * answer of the broker or a response is awaited, and QoS 0 beyond ten times as many is dropped. `drop-oldest` gives up
   * the QoS 0 message that has waited longest.
   */
  readonly overflow?: 'pause' | 'drop-oldest' | undefined;
  /**
   * Told of each filter that the broker refused while it granted others, and with this the subscription goes on without
   * those. By default one refusal ends it.
   */
  readonly onRefused?: ((filter: string, reasonCode: number) => void) | undefined;
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a message. It is acknowledged when the handler has returned or its promise is fulfilled; the next message of
 * that subscription waits until then.
 */
export type MessageHandler<P = Readonly<Record<string, string>>> = (message: Message<P>) => unknown;

export interface RequestOptions {
  /** Milliseconds until the response must be here. Default 30,000. */
  readonly timeout?: number | undefined;
  /** Default 0. */
  readonly qos?: QoS | undefined;
  /** Properties of the request beside response topic and correlation data. */
  readonly properties?: Properties | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EndOptions {
  /**
   * Milliseconds to wait for publishes under way. Default 5000; 0 = do not wait. What is not done then is rejected; a
   * durable store keeps it.
   */
  readonly timeout?: number | undefined;
  /** MQTT 5.0 only: 0 (default), or 0x04 to have the will published. */
  readonly reasonCode?: number | undefined;
  /** Properties of DISCONNECT, MQTT 5.0 only. */
  readonly properties?: Properties | undefined;
  /**
   * Breaks the connection off at once: no wait, no DISCONNECT, so that the broker publishes the will. For tests and
   * demonstrations of what happens when a device dies. Default false.
   */
  readonly abrupt?: boolean | undefined;
}

/** What a client is doing, and why. */
export type ClientState =
  /** `attempt` counts from 1 since the last connection. */
  | { readonly status: 'connecting'; readonly attempt: number; readonly reason?: Error | undefined }
  | { readonly status: 'connected'; readonly sessionPresent: boolean; readonly protocolVersion: ProtocolVersion }
  /** The next attempt comes after `delay` milliseconds, or as soon as the network is back. */
  | { readonly status: 'waiting'; readonly attempt: number; readonly delay: number; readonly reason: Error }
  /** It stays so. `reason` is missing after `end()`. */
  | { readonly status: 'ended'; readonly reason?: Error | undefined };
