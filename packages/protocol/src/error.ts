import { ReasonCode, reasonCodeName } from './reason-code.ts';

/**
 * Stable identifiers of the ways a peer can break the protocol. Programs test these; the text is for people.
 */
export type MqttErrorCode =
  | 'MALFORMED_PACKET'
  | 'PROTOCOL_ERROR'
  | 'UNSUPPORTED_PROTOCOL_VERSION'
  | 'CLIENT_IDENTIFIER_NOT_VALID'
  | 'TOPIC_NAME_INVALID'
  | 'TOPIC_FILTER_INVALID'
  | 'TOPIC_ALIAS_INVALID'
  | 'RECEIVE_MAXIMUM_EXCEEDED'
  | 'PACKET_TOO_LARGE'
  | 'PAYLOAD_FORMAT_INVALID'
  | 'QOS_NOT_SUPPORTED'
  | 'RETAIN_NOT_SUPPORTED'
  | 'NOT_AUTHORIZED'
  | 'QUOTA_EXCEEDED'
  | 'CONNECTION_REFUSED'
  | 'CONNECTION_CLOSED'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'QUEUE_FULL'
  | 'SESSION_LOST'
  | 'PUBLISH_REFUSED'
  | 'SUBSCRIBE_REFUSED'
  | 'STORE_FAILED';

export interface MqttErrorOptions {
  readonly code: MqttErrorCode;
  /** The MQTT 5.0 reason code that tells the peer, section 2.4. */
  readonly reasonCode: number;
  /** The numbered statement that was broken, for example `MQTT-3.3.1-4`. */
  readonly spec?: string | undefined;
  /** Name of the limit that was exceeded, where there are several for one code: for example `maxPropertiesSize`. */
  readonly limit?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of the protocol: `code` for programs, `reasonCode` for the peer, `spec` for who looks it up.
 *
 * @example
 * const error = malformed('the remaining length takes more than four bytes', 'MQTT-1.5.5-1');
 * error.code // 'MALFORMED_PACKET'
 * error.reasonCode // 0x81
 */
export class MqttError extends Error {
  readonly code: MqttErrorCode;
  readonly reasonCode: number;
  readonly spec: string | undefined;
  readonly limit: string | undefined;

  constructor(message: string, options: MqttErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MqttError';
    this.code = options.code;
    this.reasonCode = options.reasonCode;
    this.spec = options.spec;
    this.limit = options.limit;
  }

  /** The specification's name of the reason code. */
  get reason(): string {
    return reasonCodeName(this.reasonCode);
  }
}

/** A packet that cannot be parsed (MQTT 5.0 section 1.2, "Malformed Packet"): reason code 0x81. */
export function malformed(message: string, spec?: string): MqttError {
  return new MqttError(message, { code: 'MALFORMED_PACKET', reasonCode: ReasonCode.malformedPacket, spec });
}

/** A packet that parses but is not allowed here (section 1.2, "Protocol Error"): reason code 0x82. */
export function protocolError(message: string, spec?: string): MqttError {
  return new MqttError(message, { code: 'PROTOCOL_ERROR', reasonCode: ReasonCode.protocolError, spec });
}

/** A packet larger than the receiver said it accepts: reason code 0x95. `limit` names which of its limits that is. */
export function packetTooLarge(message: string, spec?: string, limit?: string): MqttError {
  return new MqttError(message, { code: 'PACKET_TOO_LARGE', reasonCode: ReasonCode.packetTooLarge, spec, limit });
}
