/** What the runner asks of the load generator process, and what it gets back; both travel as JSON. */

/** How publishers' topics and subscribers' filters meet. */
export type Shape = 'pair' | 'fanin' | 'fanout';

interface CommonSpec {
  readonly host: string;
  readonly port: number;
  /** Process whose CPU time and memory are the broker's; null where the system cannot tell. */
  readonly brokerPid: number | null;
  /** MQTT protocol version on the wire: 4 is 3.1.1, 5 is 5.0. */
  readonly version: 4 | 5;
  /** Measured time, after the warm-up. */
  readonly seconds: number;
  readonly warmup: number;
  /** MQTT over WebSocket, where the load knows that; default: over TCP. */
  readonly webSocket?: boolean;
}

/** Publishers and subscribers at full speed or at a fixed rate. */
export interface PublishSpec extends CommonSpec {
  readonly kind: 'publish';
  readonly shape: Shape;
  readonly publishers: number;
  readonly subscribers: number;
  readonly qos: 0 | 1 | 2;
  readonly payloadBytes: number;
  /** Unacknowledged publishes per publisher (QoS 1 and 2). */
  readonly window: number;
  /** Messages a second over all publishers; 0 is flat out. */
  readonly rate: number;
  /** QoS 0 messages per socket write when flat out. */
  readonly batch: number;
  /** Flat out at QoS 0: deliveries that may be outstanding; 0 leaves it to TCP alone. */
  readonly outstanding: number;
  /** Which filters come and go beside the load, half of the time; null for none. */
  readonly churn: ChurnSpec | null;
  /** Topics that a flat-out QoS 0 publisher goes through, one after the other. */
  readonly topics: number;
  /** A topic that rules close, which is tried first; null for none. */
  readonly denied: string | null;
}

export interface ChurnSpec {
  readonly filters: 'exact' | 'wildcard';
  /** SUBSCRIBEs a second, and as many UNSUBSCRIBEs. */
  readonly perSecond: number;
  readonly clients: number;
}

/** Connections that only exist. */
export interface IdleSpec extends CommonSpec {
  readonly kind: 'idle';
  readonly connections: number;
  /** Connection attempts under way at once. */
  readonly dialling: number;
}

/** Many subscriptions, of which each publish matches exactly `matches`. */
export interface SubscriptionsSpec extends CommonSpec {
  readonly kind: 'subscriptions';
  readonly subscriptions: number;
  readonly clients: number;
  readonly publishers: number;
  /** Topics of the hot set. */
  readonly hotTopics: number;
  /** File in which a broker under the gc probe answers SIGUSR2 with its heap size; null for none. */
  readonly probeFile: string | null;
}

/** What the loads of the durable store have in common. */
interface DurableSpec extends CommonSpec {
  readonly publishers: number;
  /** Unacknowledged publishes per publisher. */
  readonly window: number;
  readonly payloadBytes: number;
  /** Folder on the disk that the broker writes to; its fdatasync is timed there. */
  readonly folder: string;
}

/** QoS 1 publishers into durable sessions, one topic each. */
export interface QueueSpec extends DurableSpec {
  readonly kind: 'queue';
  readonly sessions: number;
  /** The sessions' clients are connected and acknowledge; otherwise they are away and the messages queue up. */
  readonly online: boolean;
  /** Messages a second over all publishers; 0 is flat out. */
  readonly rate: number;
}

/** A QoS 0 pair, by turns alone and beside QoS 1 publishers into sessions that are away. */
export interface BesideSpec extends DurableSpec {
  readonly kind: 'beside';
  readonly sessions: number;
  /** Part of what the pair moves alone and flat out at which it is measured at a rate. */
  readonly share: number;
}

/** A given number of QoS 1 messages, to stay in the broker: in the queues of sessions that are away, or retained. */
export interface FillSpec extends DurableSpec {
  readonly kind: 'fill';
  readonly messages: number;
  /** Sessions the messages are spread over; 0: none, each message is retained on a topic of its own. */
  readonly sessions: number;
}

/** Sessions that return and take the messages that waited for them. */
export interface DrainSpec extends CommonSpec {
  readonly kind: 'drain';
  /** How many of the sessions return, the first ones. */
  readonly sessions: number;
  /** Messages that wait for each. */
  readonly messagesEach: number;
}

/** A subscription to everything, beside a probe of the broker's loop. */
export interface FetchSpec extends CommonSpec {
  readonly kind: 'fetch';
  readonly qos: 0 | 1;
  readonly topics: number;
}

/** Users who log in, and who come back. */
export interface LoginSpec extends CommonSpec {
  readonly kind: 'login';
  readonly users: number;
  /** Whose names begin with this, and go on with a number from 0. */
  readonly prefix: string;
  readonly password: string;
  /** All leave, and log in again. */
  readonly again: boolean;
  /** Logins under way at once. */
  readonly dialling: number;
}

/** Pairs at a rate, by turns alone and beside somebody who means harm. */
export interface AttackSpec extends CommonSpec {
  readonly kind: 'attack';
  /** Which attack. */
  readonly attack: string;
  /** Half of them at QoS 0, half at QoS 1. */
  readonly pairs: number;
  /** Messages a second over all pairs. */
  readonly rate: number;
  readonly payloadBytes: number;
}

export type LoadSpec =
  | PublishSpec
  | IdleSpec
  | SubscriptionsSpec
  | QueueSpec
  | BesideSpec
  | FillSpec
  | DrainSpec
  | FetchSpec
  | LoginSpec
  | AttackSpec;

/** One run's outcome: named figures (null: not measurable here) and what went wrong. */
export interface LoadResult {
  readonly figures: Readonly<Record<string, number | null>>;
  readonly errors: readonly string[];
  /** What a reader of the figures must know; not a failure. */
  readonly notes: readonly string[];
}
