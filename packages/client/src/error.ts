import type { ConnackPacket, DisconnectPacket, Properties, ProtocolVersion } from '@cauldron/protocol';
import { connectReturnCodeName, MqttError, type MqttErrorCode, ReasonCode, reasonCodeName } from '@cauldron/protocol';

/** No broker could be reached: the network or TLS failed before MQTT began. The system's error is the `cause`. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly code = 'UNREACHABLE';
  /** What was tried: the URL without user and password. */
  readonly target: string;

  /** @param why one clause that says what went wrong and what to do */
  constructor(target: string, why: string, cause?: unknown) {
    super(`cannot reach ${target}: ${why}`, { cause });
    this.target = target;
  }
}

const fromReturnCode = [
  ReasonCode.success,
  ReasonCode.unsupportedProtocolVersion,
  ReasonCode.clientIdentifierNotValid,
  ReasonCode.serverUnavailable,
  ReasonCode.badUserNameOrPassword,
  ReasonCode.notAuthorized,
] as const;

/** The error for a CONNACK that refuses. A 3.x return code becomes the 5.0 reason code that means the same. */
export function connectionRefused(packet: ConnackPacket, version: ProtocolVersion, target: string): RefusedError {
  const old = version < 5;
  const name = old ? connectReturnCodeName(packet.reasonCode) : reasonCodeName(packet.reasonCode);
  const shown = old ? `return code ${packet.reasonCode}` : hex(packet.reasonCode);
  const reasonCode = old ? (fromReturnCode[packet.reasonCode] ?? ReasonCode.unspecifiedError) : packet.reasonCode;
  const text = `the broker at ${target} refused the connection: ${name} (${shown})${details(packet)}`;
  return new RefusedError('CONNECTION_REFUSED', text, reasonCode, packet);
}

/** The error for a DISCONNECT from the broker. */
export function disconnected(packet: DisconnectPacket): RefusedError {
  const name = packet.reasonCode === 0 ? 'normal disconnection' : reasonCodeName(packet.reasonCode);
  const text = `the broker ended the connection: ${name} (${hex(packet.reasonCode)})${details(packet)}`;
  return new RefusedError('CONNECTION_CLOSED', text, packet.reasonCode, packet);
}

/** The broker said no: with a CONNACK or a DISCONNECT. */
export class RefusedError extends MqttError {
  /** Another server to use, where the broker names one (section 4.13). */
  readonly serverReference: string | undefined;

  constructor(code: MqttErrorCode, message: string, reasonCode: number, packet: ConnackPacket | DisconnectPacket) {
    super(message, { code, reasonCode });
    this.serverReference = packet.properties?.serverReference;
  }
}

/** An error of this client. */
export function clientError(
  code: MqttErrorCode,
  message: string,
  reasonCode: number = ReasonCode.unspecifiedError,
  cause?: unknown,
): MqttError {
  return new MqttError(message, { code, reasonCode, cause });
}

/** The error of what was under way when the connection went. */
export const connectionClosed = (message: string, cause?: unknown): MqttError =>
  clientError('CONNECTION_CLOSED', message, ReasonCode.unspecifiedError, cause);

/** The error of what a signal gave up. */
export const aborted = (signal: AbortSignal, what: string): MqttError =>
  clientError('ABORTED', `${what} was given up: its signal was aborted`, ReasonCode.unspecifiedError, signal.reason);

/** The error of a publish that the broker refused. */
export function publishRefused(topic: string, reasonCode: number, properties: Properties | undefined): MqttError {
  const said = properties?.reasonString === undefined ? '' : `: ${properties.reasonString}`;
  const text = `the broker refused a message on ${topic}: ${reasonCodeName(reasonCode)} (${hex(reasonCode)})${said}`;
  return clientError('PUBLISH_REFUSED', text, reasonCode);
}

/** The error of a QoS 2 message whose fate nobody knows. */
export const sessionLost = (): MqttError =>
  clientError(
    'SESSION_LOST',
    'the broker lost the session while this QoS 2 message was in flight: it may or may not have been delivered, and sending it again could deliver it twice (onSessionLost)',
  );

/** The error of a client whose store broke. */
export const storeFailed = (cause: Error): MqttError =>
  clientError(
    'STORE_FAILED',
    `the client's store failed, so it cannot keep its promises: ${cause.message}`,
    ReasonCode.unspecifiedError,
    cause,
  );

export const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`;

function details(packet: ConnackPacket | DisconnectPacket): string {
  const { reasonString, serverReference } = packet.properties ?? {};
  return (
    (reasonString === undefined ? '' : `: ${reasonString}`) +
    (serverReference === undefined ? '' : `; it names another server: ${serverReference}`)
  );
}
