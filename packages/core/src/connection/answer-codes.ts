import { isReasonCodeOf, PacketType, ReasonCode } from '@cauldron/protocol';

/**
 * The code of a refusing CONNACK that says a reason best (section 3.2.2.2): some belong to DISCONNECT only.
 * // [MQTT-3.2.2-8]
 */
export function connackCode(reasonCode: number): number {
  if (reasonCode >= 0x80 && isReasonCodeOf(reasonCode, PacketType.connack)) return reasonCode;
  switch (reasonCode) {
    case ReasonCode.serverShuttingDown:
      return ReasonCode.serverUnavailable;
    case ReasonCode.sessionTakenOver:
    case ReasonCode.administrativeAction:
    case ReasonCode.keepAliveTimeout:
    case ReasonCode.maximumConnectTime:
      return ReasonCode.notAuthorized;
    case ReasonCode.topicFilterInvalid:
    case ReasonCode.topicAliasInvalid:
    case ReasonCode.receiveMaximumExceeded:
      return ReasonCode.protocolError;
    case ReasonCode.messageRateTooHigh:
      return ReasonCode.connectionRateExceeded;
    default:
      return ReasonCode.unspecifiedError;
  }
}

/**
 * The code of a server's DISCONNECT that says a reason best (section 3.14.2.1): some belong to CONNACK only, and 0x04 to
 * clients. // [MQTT-3.14.2-1]
 */
export function disconnectCode(reasonCode: number): number {
  const fits = isReasonCodeOf(reasonCode, PacketType.disconnect);
  if (fits && reasonCode !== ReasonCode.disconnectWithWill) return reasonCode;
  switch (reasonCode) {
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.clientIdentifierNotValid:
    case ReasonCode.banned:
      return ReasonCode.notAuthorized;
    case ReasonCode.unsupportedProtocolVersion:
      return ReasonCode.protocolError;
    case ReasonCode.serverUnavailable:
      return ReasonCode.serverBusy;
    default:
      return ReasonCode.unspecifiedError;
  }
}
