/**
 * The reason codes of MQTT 5.0 (section 2.4), one row each.
 */
export interface ReasonCodeRow {
  readonly code: number;
  /** The specification's name for it. */
  readonly name: string;
  /** Packets that may carry it. */
  readonly packets: readonly string[];
}

export const ReasonCode = {
  success: 0x00,
  grantedQos0: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reauthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const;
export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode];

const row = (code: number, name: string, packets: string): ReasonCodeRow => ({
  code,
  name,
  packets: packets.split(' '),
});

/** MQTT 5.0 table 2-6. 0x00 has three names by packet; "Success" stands for all. */
export const reasonCodes: readonly ReasonCodeRow[] = [
  row(0x00, 'Success', 'CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK AUTH DISCONNECT'),
  row(0x01, 'Granted QoS 1', 'SUBACK'),
  row(0x02, 'Granted QoS 2', 'SUBACK'),
  row(0x04, 'Disconnect with Will Message', 'DISCONNECT'),
  row(0x10, 'No matching subscribers', 'PUBACK PUBREC'),
  row(0x11, 'No subscription existed', 'UNSUBACK'),
  row(0x18, 'Continue authentication', 'AUTH'),
  row(0x19, 'Re-authenticate', 'AUTH'),
  row(0x80, 'Unspecified error', 'CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT'),
  row(0x81, 'Malformed Packet', 'CONNACK DISCONNECT'),
  row(0x82, 'Protocol Error', 'CONNACK DISCONNECT'),
  row(0x83, 'Implementation specific error', 'CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT'),
  row(0x84, 'Unsupported Protocol Version', 'CONNACK'),
  row(0x85, 'Client Identifier not valid', 'CONNACK'),
  row(0x86, 'Bad User Name or Password', 'CONNACK'),
  row(0x87, 'Not authorized', 'CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT'),
  row(0x88, 'Server unavailable', 'CONNACK'),
  row(0x89, 'Server busy', 'CONNACK DISCONNECT'),
  row(0x8a, 'Banned', 'CONNACK'),
  row(0x8b, 'Server shutting down', 'DISCONNECT'),
  row(0x8c, 'Bad authentication method', 'CONNACK DISCONNECT'),
  row(0x8d, 'Keep Alive timeout', 'DISCONNECT'),
  row(0x8e, 'Session taken over', 'DISCONNECT'),
  row(0x8f, 'Topic Filter invalid', 'SUBACK UNSUBACK DISCONNECT'),
  row(0x90, 'Topic Name invalid', 'CONNACK PUBACK PUBREC DISCONNECT'),
  row(0x91, 'Packet Identifier in use', 'PUBACK PUBREC SUBACK UNSUBACK'),
  row(0x92, 'Packet Identifier not found', 'PUBREL PUBCOMP'),
  row(0x93, 'Receive Maximum exceeded', 'DISCONNECT'),
  row(0x94, 'Topic Alias invalid', 'DISCONNECT'),
  row(0x95, 'Packet too large', 'CONNACK DISCONNECT'),
  row(0x96, 'Message rate too high', 'DISCONNECT'),
  row(0x97, 'Quota exceeded', 'CONNACK PUBACK PUBREC SUBACK DISCONNECT'),
  row(0x98, 'Administrative action', 'DISCONNECT'),
  row(0x99, 'Payload format invalid', 'CONNACK PUBACK PUBREC DISCONNECT'),
  row(0x9a, 'Retain not supported', 'CONNACK DISCONNECT'),
  row(0x9b, 'QoS not supported', 'CONNACK DISCONNECT'),
  row(0x9c, 'Use another server', 'CONNACK DISCONNECT'),
  row(0x9d, 'Server moved', 'CONNACK DISCONNECT'),
  row(0x9e, 'Shared Subscriptions not supported', 'SUBACK DISCONNECT'),
  row(0x9f, 'Connection rate exceeded', 'CONNACK DISCONNECT'),
  row(0xa0, 'Maximum connect time', 'DISCONNECT'),
  row(0xa1, 'Subscription Identifiers not supported', 'SUBACK DISCONNECT'),
  row(0xa2, 'Wildcard Subscriptions not supported', 'SUBACK DISCONNECT'),
];

const names = new Map(reasonCodes.map((r) => [r.code, r.name]));

/**
 * The specification's name of a reason code, for messages to people.
 *
 * @example reasonCodeName(0x87) // 'Not authorized'
 */
export function reasonCodeName(code: number): string {
  return names.get(code) ?? `unknown reason code 0x${code.toString(16).padStart(2, '0')}`;
}

/** The return codes of a 3.1 or 3.1.1 CONNACK (MQTT 3.1.1 table 3.1). */
export const ConnectReturnCode = {
  accepted: 0,
  unacceptableProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const;

const returnCodeNames = [
  'Connection accepted',
  'Unacceptable protocol version',
  'Identifier rejected',
  'Server unavailable',
  'Bad user name or password',
  'Not authorized',
];

/** The name of a 3.x CONNACK return code, for messages to people. */
export function connectReturnCodeName(code: number): string {
  return returnCodeNames[code] ?? `unknown return code ${code}`;
}

/**
 * The 3.x CONNACK return code that says a 5.0 reason best, or undefined where 3.x has none and the connection is
 * closed without a CONNACK.
 */
export function toConnectReturnCode(reasonCode: number): number | undefined {
  switch (reasonCode) {
    case ReasonCode.success:
      return ConnectReturnCode.accepted;
    case ReasonCode.unsupportedProtocolVersion:
      return ConnectReturnCode.unacceptableProtocolVersion;
    case ReasonCode.clientIdentifierNotValid:
      return ConnectReturnCode.identifierRejected;
    case ReasonCode.serverUnavailable:
    case ReasonCode.serverBusy:
    case ReasonCode.quotaExceeded:
    case ReasonCode.connectionRateExceeded:
    case ReasonCode.useAnotherServer:
    case ReasonCode.serverMoved:
    case ReasonCode.implementationSpecificError:
    case ReasonCode.unspecifiedError:
      return ConnectReturnCode.serverUnavailable;
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.badAuthenticationMethod:
      return ConnectReturnCode.badUserNameOrPassword;
    case ReasonCode.notAuthorized:
    case ReasonCode.banned:
      return ConnectReturnCode.notAuthorized;
    default:
      return undefined;
  }
}
