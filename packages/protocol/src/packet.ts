import type { Properties } from './property.ts';

/**
 * The packet types of MQTT, as the number in the upper four bits of the first byte (MQTT 5.0 section 2.1.2).
 * A plain object of constants: type stripping allows no enum, and a number compares faster than a string.
 */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** The name of each packet type as the specification writes it; index = type. Index 0 is reserved. */
export const packetTypeNames: readonly string[] = ['reserved', ...Object.keys(PacketType)].map((name, type) =>
  type === 0 ? name : name.toUpperCase(),
);

/** Quality of service: 0 at most once, 1 at least once, 2 exactly once (MQTT 5.0 section 4.3). */
export type QoS = 0 | 1 | 2;

/**
 * The protocol level byte of CONNECT: 3 is MQTT 3.1 ("MQIsdp"), 4 is MQTT 3.1.1, 5 is MQTT 5.0.
 */
export type ProtocolVersion = 3 | 4 | 5;

/** A last will: what the broker publishes when the client goes without saying goodbye (section 3.1.2.5). */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Will properties; MQTT 5.0 only (section 3.1.3.2). */
  readonly properties?: Properties | undefined;
}

export interface ConnectPacket {
  readonly type: typeof PacketType.connect;
  readonly protocolVersion: ProtocolVersion;
  /**
   * The bridge bit (0x80 of the level byte), a convention between brokers that Mosquitto introduced:
   * the peer is a bridge and must not get back what it published.
   */
  readonly bridge?: boolean | undefined;
  /** Clean session in 3.x, clean start in 5.0. */
  readonly cleanStart: boolean;
  /** Keep alive in seconds, 0 = off. */
  readonly keepAlive: number;
  readonly clientId: string;
  readonly will?: Will | undefined;
  readonly username?: string | undefined;
  readonly password?: Uint8Array | undefined;
  readonly properties?: Properties | undefined;
}

export interface ConnackPacket {
  readonly type: typeof PacketType.connack;
  readonly sessionPresent: boolean;
  /** A reason code in 5.0, a return code (0..5) in 3.x. */
  readonly reasonCode: number;
  readonly properties?: Properties | undefined;
}

export interface PublishPacket {
  readonly type: typeof PacketType.publish;
  /** Empty when a topic alias stands for it (5.0). */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 1..65535 for QoS 1 and 2; 0 for QoS 0. */
  readonly packetId: number;
  readonly properties?: Properties | undefined;
}

/** The four acknowledgements of a PUBLISH have one shape. */
export interface AckPacket {
  readonly type:
    | typeof PacketType.puback
    | typeof PacketType.pubrec
    | typeof PacketType.pubrel
    | typeof PacketType.pubcomp;
  readonly packetId: number;
  /** 0 in 3.x, which has none on the wire. */
  readonly reasonCode: number;
  readonly properties?: Properties | undefined;
}
export type AckType = AckPacket['type'];

/** What happens to retained messages at SUBSCRIBE: 0 send, 1 send if the subscription is new, 2 do not send. */
export type RetainHandling = 0 | 1 | 2;

export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: QoS;
  /** 5.0: messages this client published are not sent back to it. False in 3.x. */
  readonly noLocal: boolean;
  /** 5.0: forwarded messages keep the retain flag they were published with. False in 3.x. */
  readonly retainAsPublished: boolean;
  /** 5.0; 0 in 3.x. */
  readonly retainHandling: RetainHandling;
}

export interface SubscribePacket {
  readonly type: typeof PacketType.subscribe;
  readonly packetId: number;
  /** At least one, in the order of the wire. */
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties?: Properties | undefined;
}

export interface SubackPacket {
  readonly type: typeof PacketType.suback;
  readonly packetId: number;
  readonly reasonCodes: readonly number[];
  readonly properties?: Properties | undefined;
}

export interface UnsubscribePacket {
  readonly type: typeof PacketType.unsubscribe;
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties?: Properties | undefined;
}

export interface UnsubackPacket {
  readonly type: typeof PacketType.unsuback;
  readonly packetId: number;
  /** One per filter in 5.0; empty in 3.x, where UNSUBACK has no payload. */
  readonly reasonCodes: readonly number[];
  readonly properties?: Properties | undefined;
}

export interface PingreqPacket {
  readonly type: typeof PacketType.pingreq;
}

export interface PingrespPacket {
  readonly type: typeof PacketType.pingresp;
}

export interface DisconnectPacket {
  readonly type: typeof PacketType.disconnect;
  /** 0 in 3.x. */
  readonly reasonCode: number;
  readonly properties?: Properties | undefined;
}

export interface AuthPacket {
  readonly type: typeof PacketType.auth;
  readonly reasonCode: number;
  readonly properties?: Properties | undefined;
}

/** Every packet of MQTT 3.1, 3.1.1 and 5.0, told apart by `type`. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AckPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;
