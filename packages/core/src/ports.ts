import type { Properties, ProtocolVersion, QoS } from '@cauldron/protocol';
import type { Fanout } from './routing/fanout.ts';
import type { PublishRun } from './routing/publish-run.ts';
import type { Delivery } from './routing/subscription.ts';
import type { Store, StoreFailure } from './store/store.ts';

/** Who a transport proved the peer to be, before MQTT begins. */
export interface PeerIdentity {
  /** How it was proved. */
  readonly by: 'certificate' | 'psk';
  /** The user name that stands for it: subject or alternative name of the certificate, or the PSK identity. */
  readonly username: string;
}

/**
 * One network connection as the core sees it. A transport implements it; the core calls nothing else of the outside
 * world on its data path.
 *
 * Output: the core asks for a buffer (`take`), fills it and hands it back (`write`). The link owns the buffers, so it
 * decides about pools and system calls.
 */
export interface Link {
  /** Where the peer is, for logs and authentication, for example `127.0.0.1:50312`. */
  readonly remoteAddress: string;
  /** Name of the listener it came through. */
  readonly listener: string;
  /** Who the transport proved the peer to be; known at the latest when its first bytes are fed. */
  readonly peer?: PeerIdentity | undefined;
  /** Bytes handed over and not yet taken by the network. */
  readonly pending: number;
  /** A buffer of at least `size` bytes to fill; the core holds at most one at a time. */
  take(size: number): Uint8Array;
  /** Sends the first `length` bytes of a taken buffer, which is the link's again from here on. */
  write(buffer: Uint8Array, length: number): void;
  /** Gives a taken buffer back unsent. */
  give(buffer: Uint8Array): void;
  /** Sends bytes that nobody will ever change, without taking them over. */
  writeShared(bytes: Uint8Array): void;
  /** Stops reading: the peer is slowed by its own full send buffer. */
  pause(): void;
  resume(): void;
  /** Closes after what was written has been sent. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a transport calls on the core, in the order things happen on the wire. */
export interface LinkReceiver {
  /** Bytes arrived: the first `end` of `chunk`, which may be reused when the call returns. */
  feed(chunk: Uint8Array, end: number): void;
  /** `pending` fell to zero or to where writing is welcome again. */
  drained(): void;
  /** The peer sends no more. What it is owed goes out, then the link is closed. */
  ended(): void;
  /** What came is no valid input of the transport itself, as `reason` says. The peer is told, then the link is closed. */
  malformed(reason: string): void;
  /** The link is gone, whoever closed it. Called exactly once; `error` is the network's, where there was one. */
  closed(error?: Error): void;
}

/**
 * What an authenticator says a client may do, carried with the client and read by the authorizer alone: the core only
 * compares `key`.
 */
export interface Rights {
  /** Equal for clients whose rights are equal; decisions that were remembered for another key are forgotten. */
  readonly key: string;
  /** Who vouched for the client, for the log: for example `password-file passwords`. */
  readonly provider?: string;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** Rules that came with the login, beside those of the configuration. */
  readonly rules?: readonly GrantedRule[];
  /** May do everything, whatever the rules say. */
  readonly superuser?: boolean;
}

/** One rule that came with a login: from the claims of a token, or a row of a database. */
export interface GrantedRule {
  readonly permission: 'allow' | 'deny';
  readonly access: 'read' | 'write' | 'readwrite';
  /** Topic filter; `%u` and `%c` stand for user name and client identifier. */
  readonly topic: string;
  /** Where it came from, for explanations: `claim "acl" of the token`. */
  readonly source: string;
}

/** Who a client is, as the ports and events see it. */
export interface ClientInfo {
  readonly clientId: string;
  readonly username: string | undefined;
  /** Somebody checked that it is this user. Otherwise it is anonymous, whatever name it gave. */
  readonly verified: boolean;
  readonly rights: Rights | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly remoteAddress: string;
  readonly listener: string;
  /** Seconds; 0 = off. */
  readonly keepAlive: number;
  readonly cleanStart: boolean;
}

/** What an authenticator is asked. */
export interface AuthenticationRequest {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly remoteAddress: string;
  readonly listener: string;
  /**
   * Enhanced authentication (section 4.12): the method the client named; undefined = user name and password only. An
   * authenticator refuses a method it does not know, with 0x8C. // [MQTT-4.12.0-1]
   */
  readonly method: string | undefined;
  /** Authentication data of this step. */
  readonly data: Uint8Array | undefined;
  /** What the authenticator kept from its previous `continue` of this exchange; undefined in the first step. */
  readonly exchange: unknown;
  /** True when a connected client authenticates again. */
  readonly reauthentication: boolean;
  /** Who the transport proved the peer to be, where it did. */
  readonly peer: PeerIdentity | undefined;
}

export type AuthenticationResult =
  | {
      readonly outcome: 'accept';
      /** The user the client is from now on, where it differs from the one it gave. */
      readonly username?: string | undefined;
      /** Nobody checked who it is: the client is anonymous. Default false. */
      readonly anonymous?: boolean;
      readonly rights?: Rights | undefined;
      /** When what the client showed expires, and its connection with it; milliseconds on the core's clock. */
      readonly expiresAt?: number | undefined;
      /** Last authentication data of an enhanced exchange. */
      readonly data?: Uint8Array | undefined;
      /** Overrides the configured response information for this client. */
      readonly responseInformation?: string | undefined;
    }
  | {
      readonly outcome: 'continue';
      readonly data: Uint8Array | undefined;
      /** Handed back in the next step. */
      readonly exchange: unknown;
    }
  | {
      readonly outcome: 'refuse';
      /** 0x80 or above, one that CONNACK may carry; 0x9C and 0x9D go with `serverReference`. */
      readonly reasonCode: number;
      readonly reasonString?: string | undefined;
      /** Another server to use (section 4.11). */
      readonly serverReference?: string | undefined;
      /** The authenticator has told the log. */
      readonly noted?: boolean;
    };

/** Decides who may connect. May answer later: the link is paused meanwhile, other clients are not. */
export interface Authenticator {
  authenticate(request: AuthenticationRequest): AuthenticationResult | Promise<AuthenticationResult>;
}

/** Why something was refused, for the peer and the log. */
export interface Refusal {
  /** 0x80 or above. */
  readonly reasonCode: number;
  readonly reason: string;
  /** Whoever decided it has told the log, which need not hear of it again. */
  readonly noted?: boolean;
}

/** `true` lets it happen. */
export type Decision = true | Refusal;

/** Decides what a client may publish, subscribe to and receive. A synchronous answer costs no promise. */
export interface Authorizer {
  authorizePublish(client: ClientInfo, topic: string, qos: QoS, retain: boolean): Decision | Promise<Decision>;
  authorizeSubscribe(client: ClientInfo, filter: string, qos: QoS): Decision | Promise<Decision>;
  /**
   * Whether a client may be sent a message of this topic that one of its subscriptions matches. Where it is missing,
   * what a client may subscribe to it may receive.
   */
  authorizeReceive?(client: ClientInfo, topic: string): boolean;
  /**
   * A number that changes whenever earlier answers may no longer hold. Where it is there, what a client may publish and
   * receive depends on the client and the topic alone, and the core remembers the answers until it changes;
   * `BrokerCore.rulesChanged` is to be called when it does.
   */
  readonly epoch?: number;
}

/** A message an interceptor may change in place. */
export interface PublishDraft {
  topic: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  properties: Properties | undefined;
}

/**
 * Sees every message before it is routed and may change it (in place), drop it silently or refuse it.
 * `client` is undefined for messages the broker itself publishes.
 */
export interface Interceptor {
  intercept(draft: PublishDraft, client: ClientInfo | undefined): undefined | 'drop' | Refusal;
}

/** Why a connection ended. */
export interface DisconnectReason {
  /** MQTT 5.0 reason code; 0 = the client said goodbye. */
  readonly reasonCode: number;
  readonly reason: string;
  /** Which side ended it. */
  readonly by: 'client' | 'server' | 'network';
}

/** Why a message did not reach a subscriber. Every reason is counted in the metrics. */
export type DropReason =
  | 'slow-consumer'
  | 'queue-full'
  | 'offline'
  | 'expired'
  /** It waited longer than `limits.maxQueuedAge`. */
  | 'too-old'
  | 'too-large'
  /** The broker is short of memory and sheds it. */
  | 'memory-pressure'
  /** The store does not have it any more, which it should. */
  | 'lost'
  /** While it waited, its receiver lost the right to read it. */
  | 'not-allowed';

/** Told about what happens; every method is optional and none is on the data path. */
export interface Observer {
  connected?(client: ClientInfo, sessionPresent: boolean): void;
  disconnected?(client: ClientInfo, reason: DisconnectReason): void;
  /** A connection ended before it became a client, or a CONNECT was refused. */
  refused?(remoteAddress: string, clientId: string | undefined, refusal: Refusal, username?: string): void;
  subscribed?(client: ClientInfo, filter: string, qos: QoS): void;
  unsubscribed?(client: ClientInfo, filter: string): void;
  /** A publish or subscribe was not allowed. */
  denied?(client: ClientInfo, action: 'publish' | 'subscribe', topic: string, refusal: Refusal): void;
  /** A client sends more than its rate allows and is read from more slowly; said once until it keeps to it again. */
  throttled?(client: ClientInfo, limit: 'maxMessageRate' | 'maxByteRate'): void;
  /** A client connects too often and is refused for so many seconds. */
  banned?(clientId: string, remoteAddress: string, seconds: number): void;
  /** The first message dropped for a subscriber since it last kept up; the metrics count them all. */
  dropping?(clientId: string, reason: DropReason): void;
  /** Messages are dropped for a subscriber: said at most once a tick for as long as it goes on for the same reason. */
  dropped?(clientId: string, reason: DropReason): void;
  sessionEnded?(clientId: string, reason: 'expired' | 'cleaned' | 'discarded'): void;
  /** The store cannot do what it should: durable messages are refused until it can. Said once until it recovers, or fails in another way. */
  storeFailing?(failure: StoreFailure): void;
  storeRecovered?(): void;
  /** Something in the broker itself failed; the connection it happened on was closed. */
  internalError?(error: unknown, remoteAddress: string): void;
}

/** Whatever messages are delivered to: a session, or a function inside the program. */
export interface Subscriber {
  /** The client identifier, where it is a client. */
  readonly clientId?: string;
  deliver(fanout: Fanout, delivery: Delivery): void;
  /** Takes a whole run of QoS 0 messages as they stand on the wire; false = they are to be delivered one by one. */
  deliverRun(run: PublishRun, delivery: Delivery): boolean;
  /** Whether a share group prefers it now: connected and keeping up. */
  readonly ready: boolean;
  /** A client that is not connected: a share group gives it messages only where nobody is. */
  readonly away?: boolean;
  /** Whether its rights let it have messages of a topic; where it is missing, they do. */
  mayReceive?(topic: string): boolean;
}

/**
 * Sees every message that is routed, whoever gets it: for those who watch the traffic as such. It stands on the data path,
 * so it must cost next to nothing, throw nothing and publish nothing. {@link Topic.tapped} is its own.
 */
export interface Tap {
  /** One message; the fanout is valid during the call. */
  message(fanout: Fanout): void;
  /** QoS 0 messages of one topic that came together; valid during the call. */
  run(run: PublishRun): void;
}

/** What the core asks of the loop it runs in. */
export interface Scheduler {
  /** Call `core.flush()` once, when the current turn's input has been read. Asked at most once a turn. */
  requestFlush(): void;
  /** Calls back once, after so many milliseconds. Where it is missing, what could wait a moment for more does not. */
  after?(milliseconds: number, then: () => void): void;
}

/** The plugs of a core. */
export interface CorePorts {
  readonly scheduler: Scheduler;
  readonly authenticator: Authenticator;
  /** null allows everything. */
  readonly authorizer: Authorizer | null;
  /** Asked in this order. */
  readonly interceptors: Interceptor[];
  readonly observer: Observer;
  /** Where sessions and messages outlive the broker; null = nowhere. */
  readonly store: Store | null;
}
