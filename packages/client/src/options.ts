import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import type { Packet, Properties, ProtocolVersion, PublishPacket, QoS, RetainHandling, Will } from '@cauldron/protocol';

/** Options of {@link connect}; all have defaults. */
export interface ConnectOptions {
  /** Default `localhost`. */
  readonly host?: string | undefined;
  /** Default 1883, with TLS 8883. */
  readonly port?: number | undefined;
  /** A Unix domain socket instead of host and port. */
  readonly path?: string | undefined;
  /** Use TLS, with these options of node:tls. */
  readonly tls?: TlsConnectionOptions | undefined;
  /** The local address to connect from. */
  readonly localAddress?: string | undefined;
  /** 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0. Default 5. */
  readonly protocolVersion?: ProtocolVersion | undefined;
  /** Default empty: the broker chooses one. MQTT 3.1 needs one of 1 to 23 characters. */
  readonly clientId?: string | undefined;
  /** Begin without the session that the broker may hold. Default true. */
  readonly cleanStart?: boolean | undefined;
  /** Seconds; 0 = off. Default 60. The broker may set another one. */
  readonly keepAlive?: number | undefined;
  readonly username?: string | undefined;
  readonly password?: string | Uint8Array | undefined;
  readonly will?: Will | undefined;
  /** Properties of CONNECT, MQTT 5.0 only (section 3.1.2.11). */
  readonly properties?: Properties | undefined;
  /** Milliseconds until the CONNACK must be here. Default 30,000. */
  readonly connectTimeout?: number | undefined;
  /** Gives up connecting when aborted; has no effect once connected. */
  readonly signal?: AbortSignal | undefined;
  /** How many QoS 1 and 2 messages may wait for their acknowledgement; the broker may allow fewer. Default 100. */
  readonly maxInflight?: number | undefined;
  /** Registered before the first packet is read, so that no message of a resumed session comes too early. */
  readonly onMessage?: MessageHandler | undefined;
  /** Sees every packet, for debugging. */
  readonly trace?: ((direction: 'sent' | 'received', packet: Packet) => void) | undefined;
}

/**
 * Takes a message. It is acknowledged when the handler has returned; while the promise of a handler is open, nothing
 * more is read from the broker, so a slow handler slows its publishers instead of filling memory.
 */
export type MessageHandler = (message: PublishPacket) => void | Promise<void>;

export interface PublishOptions {
  /** Default 0. */
  readonly qos?: QoS | undefined;
  readonly retain?: boolean | undefined;
  /** MQTT 5.0 only. */
  readonly properties?: Properties | undefined;
}

/** How a publish ended. */
export interface PublishResult {
  /** 0 for QoS 0. */
  readonly packetId: number;
  /** From PUBACK, PUBREC or PUBCOMP; 0x80 and above is a refusal by the broker (MQTT 5.0 only). 0 for QoS 0 and 3.x. */
  readonly reasonCode: number;
  readonly properties: Properties | undefined;
}

/** One subscription of a SUBSCRIBE; a bare string is a filter with the defaults. */
export interface Subscription {
  readonly filter: string;
  /** Default 0. */
  readonly qos?: QoS | undefined;
  /** MQTT 5.0 only, default false. */
  readonly noLocal?: boolean | undefined;
  /** MQTT 5.0 only, default false. */
  readonly retainAsPublished?: boolean | undefined;
  /** MQTT 5.0 only, default 0. */
  readonly retainHandling?: RetainHandling | undefined;
}

/** The broker's answer to SUBSCRIBE or UNSUBSCRIBE. */
export interface SubscribeResult {
  /** One for each filter in their order; 0x80 and above is a refusal. Empty for UNSUBSCRIBE in 3.x. */
  readonly reasonCodes: readonly number[];
  readonly properties: Properties | undefined;
}

export interface EndOptions {
  /** MQTT 5.0 only: 0 (default), or 0x04 to have the will published. */
  readonly reasonCode?: number | undefined;
  /** MQTT 5.0 only. */
  readonly properties?: Properties | undefined;
}

/** Why a connection is over. */
export interface CloseInfo {
  /** `client`: end() was called. `server`: the broker closed it. `error`: the network or the protocol failed. */
  readonly by: 'client' | 'server' | 'error';
  /** Undefined after end(). */
  readonly error: Error | undefined;
}
