/**
 * The reason codes of MQTT 5.0 (section 2.4), and the return codes of 3.x.
 */
import type { PacketType } from './packet.ts';
import * as bit from './packet-bits.ts';

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

const ending = bit.connack | bit.disconnect;
const answering = bit.puback | bit.pubrec | bit.suback | bit.unsuback;
const anyRefusal = ending | answering;
const anyAnswer = anyRefusal | bit.pubrel | bit.pubcomp | bit.auth;

/** MQTT 5.0 table 2-6: the packets that may carry a code. */
const carriers: Readonly<Record<number, number>> = {
  0: anyAnswer, // success
  1: bit.suback, // grantedQos1
  2: bit.suback, // grantedQos2
  4: bit.disconnect, // disconnectWithWill
  16: bit.puback | bit.pubrec, // noMatchingSubscribers
  17: bit.unsuback, // noSubscriptionExisted
  24: bit.auth, // continueAuthentication
  25: bit.auth, // reauthenticate
  128: anyRefusal, // unspecifiedError
  129: ending, // malformedPacket
  130: ending, // protocolError
  131: anyRefusal, // implementationSpecificError
  132: bit.connack, // unsupportedProtocolVersion
  133: bit.connack, // clientIdentifierNotValid
  134: bit.connack, // badUserNameOrPassword
  135: anyRefusal, // notAuthorized
  136: bit.connack, // serverUnavailable
  137: ending, // serverBusy
  138: bit.connack, // banned
  139: bit.disconnect, // serverShuttingDown
  140: ending, // badAuthenticationMethod
  141: bit.disconnect, // keepAliveTimeout
  142: bit.disconnect, // sessionTakenOver
  143: bit.suback | bit.unsuback | bit.disconnect, // topicFilterInvalid
  144: bit.connack | bit.puback | bit.pubrec | bit.disconnect, // topicNameInvalid
  145: bit.puback | bit.pubrec | bit.suback | bit.unsuback, // packetIdentifierInUse
  146: bit.pubrel | bit.pubcomp, // packetIdentifierNotFound
  147: bit.disconnect, // receiveMaximumExceeded
  148: bit.disconnect, // topicAliasInvalid
  149: ending, // packetTooLarge
  150: bit.disconnect, // messageRateTooHigh
  151: bit.connack | bit.puback | bit.pubrec | bit.suback | bit.disconnect, // quotaExceeded
  152: bit.disconnect, // administrativeAction
  153: bit.connack | bit.puback | bit.pubrec | bit.disconnect, // payloadFormatInvalid
  154: ending, // retainNotSupported
  155: ending, // qosNotSupported
  156: ending, // useAnotherServer
  157: ending, // serverMoved
  158: bit.suback | bit.disconnect, // sharedSubscriptionsNotSupported
  159: ending, // connectionRateExceeded
  160: bit.disconnect, // maximumConnectTime
  161: bit.suback | bit.disconnect, // subscriptionIdentifiersNotSupported
  162: bit.suback | bit.disconnect, // wildcardSubscriptionsNotSupported
};

/**
 * Whether a packet of a type may carry a reason code (MQTT 5.0 table 2-6).
 *
 * @example isReasonCodeOf(0x87, PacketType.suback) // true
 */
export function isReasonCodeOf(code: number, type: PacketType): boolean {
  return ((carriers[code] ?? 0) & (1 << type)) !== 0;
}

/**
 * The specification's name of a reason code, in lower case save its first letter, for messages to people. 0x00 has
 * three names by packet; "Success" stands for all.
 *
 * @example reasonCodeName(0x87) // 'Not authorized'
 */
export function reasonCodeName(code: number): string {
  for (const [key, value] of Object.entries(ReasonCode)) {
    if (value === code) return inWords(key);
  }
  return `unknown reason code 0x${code.toString(16).padStart(2, '0')}`;
}

/** `qosNotSupported` as `QoS not supported`. */
function inWords(key: string): string {
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/qos ?/, 'QoS ');
  return words[0]!.toUpperCase() + words.slice(1);
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

/** The reason codes that say what the return codes say, by return code. */
const reasonOfReturnCode: readonly number[] = [0x00, 0x84, 0x85, 0x88, 0x86, 0x87];

/** The name of a 3.x CONNACK return code, for messages to people: that of the 5.0 reason code that says the same. */
export function connectReturnCodeName(code: number): string {
  const reason = reasonOfReturnCode[code];
  return reason === undefined ? `unknown return code ${code}` : reasonCodeName(reason);
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
