import type { QoS } from '@cauldron/protocol';

/** When a QoS 1 or 2 message counts as accepted: once it is on the disk, or already when it is in memory. */
export type AckMode = 'disk' | 'memory';

/** What happens to a message for a session whose queue is full. `refuse`: its publisher is told, and nobody gets it. */
export type QueueFullPolicy = 'drop-newest' | 'drop-oldest' | 'refuse';

/** The limits of a connection and its session; a listener may set its own. Each has a name, a default and a metric. */
export interface Limits {
  /** Largest whole packet accepted from a client, bytes. */
  readonly maxPacketSize: number;
  /** Largest packet accepted before a CONNECT succeeded, bytes. */
  readonly maxConnectPacketSize: number;
  /** Largest packet that is no PUBLISH, bytes: what it asks for is worked off in one go. */
  readonly maxControlPacketSize: number;
  /** Bytes of properties in a PUBLISH. */
  readonly maxPropertiesSize: number;
  /** Clients connected at the same time. */
  readonly maxConnections: number;
  readonly maxSubscriptionsPerClient: number;
  /** Bytes of UTF-8 in a client identifier. */
  readonly maxClientIdLength: number;
  /** Bytes of UTF-8 in a topic name or filter. */
  readonly maxTopicLength: number;
  readonly maxTopicLevels: number;
  /** Messages waiting in one session. */
  readonly maxQueuedMessages: number;
  /** Bytes waiting in one session. */
  readonly maxQueuedBytes: number;
  /** Seconds a message may wait in a session; 0 = as long as the session lives. */
  readonly maxQueuedAge: number;
  readonly queueFull: QueueFullPolicy;
  /** QoS 1 and 2 messages in flight to one client. */
  readonly maxInflight: number;
  /**
   * QoS 1 and 2 messages in flight from one client (Receive Maximum). Not lower by default than packet identifiers
   * allow: popular clients send bursts without looking at it, and would be disconnected.
   */
  readonly receiveMaximum: number;
  /** Unsent bytes a connection may hold before QoS 0 is dropped for it and QoS 1 and 2 wait. */
  readonly maxOutboundBytes: number;
  /** Seconds from accepting a connection to its CONNECT. */
  readonly connectTimeout: number;
  readonly maxRetainedMessages: number;
  /** Bytes of all retained messages. */
  readonly maxRetainedBytes: number;
  /** Retained messages that one client identifier published. */
  readonly maxRetainedPerClient: number;
  /** Subscriptions of all clients. */
  readonly maxSubscriptions: number;
  /** Sessions, those whose clients are away included. */
  readonly maxSessions: number;
  /** Connections whose CONNECT, or next AUTH on the way in, has not come; one more closes the one that has waited longest. */
  readonly maxHalfOpen: number;
  /** New connections a second through one listener; 0 = any number. */
  readonly maxConnectRate: number;
  /** New connections a second from one address; 0 = any number. */
  readonly maxConnectRatePerAddress: number;
  /** PUBLISH packets a second from one client; 0 = any number. Beyond it, the client is read from more slowly. */
  readonly maxMessageRate: number;
  /** Bytes a second from one client; 0 = any number. Beyond it, the client is read from more slowly. */
  readonly maxByteRate: number;
  /** Seconds a client may go on sending more than its rates allow before it is disconnected. */
  readonly rateGrace: number;
  /** Times one client identifier may connect within `reconnectWindow` before it is banned; 0 = any number. */
  readonly maxReconnects: number;
  /** Seconds. */
  readonly reconnectWindow: number;
  /** Seconds the first ban lasts; each further one lasts twice as long, up to `banTimeMaximum`. */
  readonly banTime: number;
  readonly banTimeMaximum: number;
}

/** What the broker offers. */
export interface MqttOptions {
  readonly maximumQoS: QoS;
  readonly retainAvailable: boolean;
  readonly wildcardSubscriptions: boolean;
  readonly sharedSubscriptions: boolean;
  readonly subscriptionIdentifiers: boolean;
  /** Topic aliases a client may use, 0..65535. */
  readonly topicAliasMaximum: number;
  /** Seconds; replaces the client's keep alive where it is not 0. */
  readonly serverKeepAlive: number;
  /** Seconds a session may outlive its connection; also that of 3.x sessions, which name none. */
  readonly sessionExpiryMaximum: number;
  /** Queue QoS 0 messages for sessions that are away. */
  readonly queueQos0: boolean;
  /** Sent to 5.0 clients that request response information; `%c` stands for the client identifier. Empty = none. */
  readonly responseInformation: string;
}

export interface CoreOptions {
  readonly limits: Limits;
  readonly mqtt: MqttOptions;
  /** Entries of the match cache. */
  readonly topicCacheSize: number;
  /** Secret of this process that keys the hash of the match cache, an unsigned 32-bit number. */
  readonly hashSeed: number;
  /** When publishers are acknowledged where a store keeps messages; the first topic filter that matches decides. */
  readonly ack: {
    readonly default: AckMode;
    readonly topics: readonly { readonly filter: string; readonly ack: AckMode }[];
  };
  /**
   * Seconds after a start before the will of a client is published whose connection ended with the broker: it may come
   * back meanwhile (section 3.1.2.5 allows a restarted server to publish wills late).
   */
  readonly restartWillDelay: number;
  /** Messages of one session's queue that are held in memory where a store keeps them; 1024 where it is missing. */
  readonly memoryWindow?: number;
  /** Makes a client identifier for a client that sent none; never twice the same one. */
  readonly newClientId: () => string;
}

/** The defaults, which the configuration schema shares. */
export const defaultLimits: Limits = {
  maxPacketSize: 16_777_216,
  maxConnectPacketSize: 524_288,
  maxControlPacketSize: 131_072,
  maxPropertiesSize: 65_536,
  maxConnections: 100_000,
  maxSubscriptionsPerClient: 10_000,
  maxClientIdLength: 1024,
  maxTopicLength: 4096,
  maxTopicLevels: 128,
  maxQueuedMessages: 10_000,
  maxQueuedBytes: 67_108_864,
  maxQueuedAge: 0,
  queueFull: 'drop-newest',
  maxInflight: 256,
  receiveMaximum: 65_535,
  maxOutboundBytes: 4_194_304,
  connectTimeout: 10,
  maxRetainedMessages: 1_000_000,
  maxRetainedBytes: 1_073_741_824,
  maxRetainedPerClient: 100_000,
  maxSubscriptions: 5_000_000,
  maxSessions: 1_000_000,
  maxHalfOpen: 4096,
  maxConnectRate: 0,
  maxConnectRatePerAddress: 0,
  maxMessageRate: 0,
  maxByteRate: 0,
  rateGrace: 30,
  maxReconnects: 240,
  reconnectWindow: 60,
  banTime: 10,
  banTimeMaximum: 600,
};

export const defaultMqttOptions: MqttOptions = {
  maximumQoS: 2,
  retainAvailable: true,
  wildcardSubscriptions: true,
  sharedSubscriptions: true,
  subscriptionIdentifiers: true,
  topicAliasMaximum: 64,
  serverKeepAlive: 0,
  sessionExpiryMaximum: 2_592_000,
  queueQos0: false,
  responseInformation: '',
};

/** The defaults of what is not in the other two groups. */
export const defaultDurability: Pick<CoreOptions, 'ack' | 'restartWillDelay'> = {
  ack: { default: 'disk', topics: [] },
  restartWillDelay: 10,
};

/** What holds for the connections of one listener. */
export interface ListenerSettings {
  /** This listener's own {@link CoreOptions.ack}, for topics that have none; undefined = the broker's. */
  readonly ack: AckMode | undefined;
  readonly limits: Limits;
  readonly mqtt: MqttOptions;
  /** Clients connected through it right now; kept by the core. */
  clients: number;
}
