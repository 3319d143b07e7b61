/**
 * The properties of MQTT 5.0 (section 2.2.2.2): one table, from which the codec decodes, encodes and validates.
 */
import * as bit from './packet-bits.ts';

/** The wire types of property values (MQTT 5.0 section 1.5). */
export type PropertyWireType = 'byte' | 'uint16' | 'uint32' | 'varint' | 'utf8' | 'binary' | 'pair';

/** Decoded properties of one packet; a missing key was not on the wire. */
export interface Properties {
  /** 0 unspecified bytes, 1 UTF-8 text. */
  payloadFormatIndicator?: number;
  /** Seconds a message may wait before it is dropped. */
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** 1..268,435,455 each. One in SUBSCRIBE, several in PUBLISH to a client with overlapping subscriptions. */
  subscriptionIdentifiers?: number[];
  /** Seconds; 0xFFFFFFFF = never. */
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  /** Seconds. */
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Uint8Array;
  /** 0 or 1. */
  requestProblemInformation?: number;
  /** Seconds. */
  willDelayInterval?: number;
  /** 0 or 1. */
  requestResponseInformation?: number;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  /** 1..65535. */
  receiveMaximum?: number;
  /** 0..65535. */
  topicAliasMaximum?: number;
  /** 1..65535. */
  topicAlias?: number;
  /** 0 or 1. */
  maximumQoS?: number;
  /** 0 or 1. */
  retainAvailable?: number;
  /** In the order of the wire; names may repeat. */
  userProperties?: [name: string, value: string][];
  /** Bytes, at least 1. */
  maximumPacketSize?: number;
  /** 0 or 1. */
  wildcardSubscriptionAvailable?: number;
  /** 0 or 1. */
  subscriptionIdentifiersAvailable?: number;
  /** 0 or 1. */
  sharedSubscriptionAvailable?: number;
}

/** Stands for the will, where a packet's type tells which properties are allowed: the will of a CONNECT has its own. */
export const WILL = 0;

export interface PropertyRow {
  readonly id: number;
  readonly name: keyof Properties;
  readonly type: PropertyWireType;
  /** Bit `1 << type` for each packet that may carry it, `1 << WILL` for the will in a CONNECT. */
  readonly packets: number;
  /** True where it may stand more than once in a packet. */
  readonly repeats: boolean;
}

const row = (
  id: number,
  name: keyof Properties,
  type: PropertyWireType,
  packets: number,
  repeats = false,
): PropertyRow => ({
  id,
  name,
  type,
  packets,
  repeats,
});

const message = bit.publish | bit.will;
const connecting = bit.connect | bit.connack;
const acks = bit.puback | bit.pubrec | bit.pubrel | bit.pubcomp | bit.suback | bit.unsuback;
const answers = bit.connack | acks | bit.disconnect | bit.auth;

/** MQTT 5.0 table 2-4. */
export const properties: readonly PropertyRow[] = [
  row(0x01, 'payloadFormatIndicator', 'byte', message),
  row(0x02, 'messageExpiryInterval', 'uint32', message),
  row(0x03, 'contentType', 'utf8', message),
  row(0x08, 'responseTopic', 'utf8', message),
  row(0x09, 'correlationData', 'binary', message),
  // More than once only in PUBLISH from server to client; a SUBSCRIBE may carry one (section 3.8.2.1.2).
  row(0x0b, 'subscriptionIdentifiers', 'varint', bit.publish | bit.subscribe, true),
  row(0x11, 'sessionExpiryInterval', 'uint32', connecting | bit.disconnect),
  row(0x12, 'assignedClientIdentifier', 'utf8', bit.connack),
  row(0x13, 'serverKeepAlive', 'uint16', bit.connack),
  row(0x15, 'authenticationMethod', 'utf8', connecting | bit.auth),
  row(0x16, 'authenticationData', 'binary', connecting | bit.auth),
  row(0x17, 'requestProblemInformation', 'byte', bit.connect),
  row(0x18, 'willDelayInterval', 'uint32', bit.will),
  row(0x19, 'requestResponseInformation', 'byte', bit.connect),
  row(0x1a, 'responseInformation', 'utf8', bit.connack),
  row(0x1c, 'serverReference', 'utf8', bit.connack | bit.disconnect),
  row(0x1f, 'reasonString', 'utf8', answers),
  row(0x21, 'receiveMaximum', 'uint16', connecting),
  row(0x22, 'topicAliasMaximum', 'uint16', connecting),
  row(0x23, 'topicAlias', 'uint16', bit.publish),
  row(0x24, 'maximumQoS', 'byte', bit.connack),
  row(0x25, 'retainAvailable', 'byte', bit.connack),
  row(0x26, 'userProperties', 'pair', message | bit.connect | bit.subscribe | bit.unsubscribe | answers, true),
  row(0x27, 'maximumPacketSize', 'uint32', connecting),
  row(0x28, 'wildcardSubscriptionAvailable', 'byte', bit.connack),
  row(0x29, 'subscriptionIdentifiersAvailable', 'byte', bit.connack),
  row(0x2a, 'sharedSubscriptionAvailable', 'byte', bit.connack),
];
