/**
 * The properties of MQTT 5.0 (section 2.2.2.2): one table, from which the codec decodes, encodes and validates.
 */

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

export interface PropertyRow {
  readonly id: number;
  readonly name: keyof Properties;
  /** The specification's name, for error texts. */
  readonly title: string;
  readonly type: PropertyWireType;
  /** Packets that may carry it; WILL is the will properties in the CONNECT payload. */
  readonly packets: readonly string[];
  /** True where it may stand more than once in a packet. */
  readonly repeats: boolean;
}

const row = (
  id: number,
  name: keyof Properties,
  title: string,
  type: PropertyWireType,
  packets: string,
  repeats = false,
): PropertyRow => ({ id, name, title, type, packets: packets.split(' '), repeats });

const everywhereElse = 'CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH';

/** MQTT 5.0 table 2-4. */
export const properties: readonly PropertyRow[] = [
  row(0x01, 'payloadFormatIndicator', 'Payload Format Indicator', 'byte', 'PUBLISH WILL'),
  row(0x02, 'messageExpiryInterval', 'Message Expiry Interval', 'uint32', 'PUBLISH WILL'),
  row(0x03, 'contentType', 'Content Type', 'utf8', 'PUBLISH WILL'),
  row(0x08, 'responseTopic', 'Response Topic', 'utf8', 'PUBLISH WILL'),
  row(0x09, 'correlationData', 'Correlation Data', 'binary', 'PUBLISH WILL'),
  // More than once only in PUBLISH from server to client; a SUBSCRIBE may carry one (section 3.8.2.1.2).
  row(0x0b, 'subscriptionIdentifiers', 'Subscription Identifier', 'varint', 'PUBLISH SUBSCRIBE', true),
  row(0x11, 'sessionExpiryInterval', 'Session Expiry Interval', 'uint32', 'CONNECT CONNACK DISCONNECT'),
  row(0x12, 'assignedClientIdentifier', 'Assigned Client Identifier', 'utf8', 'CONNACK'),
  row(0x13, 'serverKeepAlive', 'Server Keep Alive', 'uint16', 'CONNACK'),
  row(0x15, 'authenticationMethod', 'Authentication Method', 'utf8', 'CONNECT CONNACK AUTH'),
  row(0x16, 'authenticationData', 'Authentication Data', 'binary', 'CONNECT CONNACK AUTH'),
  row(0x17, 'requestProblemInformation', 'Request Problem Information', 'byte', 'CONNECT'),
  row(0x18, 'willDelayInterval', 'Will Delay Interval', 'uint32', 'WILL'),
  row(0x19, 'requestResponseInformation', 'Request Response Information', 'byte', 'CONNECT'),
  row(0x1a, 'responseInformation', 'Response Information', 'utf8', 'CONNACK'),
  row(0x1c, 'serverReference', 'Server Reference', 'utf8', 'CONNACK DISCONNECT'),
  row(0x1f, 'reasonString', 'Reason String', 'utf8', everywhereElse),
  row(0x21, 'receiveMaximum', 'Receive Maximum', 'uint16', 'CONNECT CONNACK'),
  row(0x22, 'topicAliasMaximum', 'Topic Alias Maximum', 'uint16', 'CONNECT CONNACK'),
  row(0x23, 'topicAlias', 'Topic Alias', 'uint16', 'PUBLISH'),
  row(0x24, 'maximumQoS', 'Maximum QoS', 'byte', 'CONNACK'),
  row(0x25, 'retainAvailable', 'Retain Available', 'byte', 'CONNACK'),
  row(
    0x26,
    'userProperties',
    'User Property',
    'pair',
    `CONNECT PUBLISH WILL SUBSCRIBE UNSUBSCRIBE ${everywhereElse}`,
    true,
  ),
  row(0x27, 'maximumPacketSize', 'Maximum Packet Size', 'uint32', 'CONNECT CONNACK'),
  row(0x28, 'wildcardSubscriptionAvailable', 'Wildcard Subscription Available', 'byte', 'CONNACK'),
  row(0x29, 'subscriptionIdentifiersAvailable', 'Subscription Identifier Available', 'byte', 'CONNACK'),
  row(0x2a, 'sharedSubscriptionAvailable', 'Shared Subscription Available', 'byte', 'CONNACK'),
];
