import type { ConnackPacket, DisconnectPacket, ProtocolVersion } from '@cauldron/protocol';
import { connectReturnCodeName, MqttError, ReasonCode, reasonCodeName } from '@cauldron/protocol';

/** No broker could be reached: the network or TLS failed before MQTT began. The system's error is the `cause`. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly code = 'UNREACHABLE';
  /** What was tried: `host:port` or the path of a socket. */
  readonly target: string;

  /** @param secure whether TLS was tried */
  constructor(target: string, cause: NodeJS.ErrnoException, secure: boolean) {
    super(`cannot reach ${target}: ${explain(cause, secure)}`, { cause });
    this.target = target;
  }
}

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there; is the broker running, and are host and port right?',
  ENOTFOUND: 'no such host; check its spelling',
  EAI_AGAIN: 'the name could not be looked up now; check the network and its DNS',
  ETIMEDOUT: 'no answer in time; check the address, and firewalls on the way',
  EHOSTUNREACH: 'no route to the host; check the address and the network',
  ENETUNREACH: 'no route to its network; check the address and the network',
  ECONNRESET: 'the other end closed the connection',
  ENOENT: 'there is no such socket file; is the broker running?',
  EACCES: 'permission denied',
  EPROTO: 'the other end does not speak TLS on this port, or not this version of it',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other end does not speak TLS on this port',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted; name that one as CA file',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it as CA file to trust it',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified; name the CA file of its issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate cannot be verified; name the CA file of its issuer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
};

function explain(error: NodeJS.ErrnoException, secure: boolean): string {
  if (secure && error.code === 'ECONNRESET')
    return 'the other end closed the connection; does it speak TLS on this port?';
  const known = explanations[error.code ?? ''];
  return known ?? (error.message === '' ? (error.code ?? 'unknown reason') : error.message);
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
export function connectionRefused(packet: ConnackPacket, version: ProtocolVersion, target: string): MqttError {
  const old = version < 5;
  const name = old ? connectReturnCodeName(packet.reasonCode) : reasonCodeName(packet.reasonCode);
  const code = old ? `return code ${packet.reasonCode}` : hex(packet.reasonCode);
  const reasonCode = old ? (fromReturnCode[packet.reasonCode] ?? ReasonCode.unspecifiedError) : packet.reasonCode;
  return new MqttError(`the broker at ${target} refused the connection: ${name} (${code})${details(packet)}`, {
    code: 'CONNECTION_REFUSED',
    reasonCode,
  });
}

/** The error for a DISCONNECT from the broker. */
export function disconnected(packet: DisconnectPacket): MqttError {
  const name = packet.reasonCode === 0 ? 'normal disconnection' : reasonCodeName(packet.reasonCode);
  return new MqttError(`the broker ended the connection: ${name} (${hex(packet.reasonCode)})${details(packet)}`, {
    code: 'CONNECTION_CLOSED',
    reasonCode: packet.reasonCode,
  });
}

/** The error of everything that was under way when the connection went. */
export function connectionClosed(message: string, cause?: unknown): MqttError {
  return new MqttError(message, { code: 'CONNECTION_CLOSED', reasonCode: ReasonCode.unspecifiedError, cause });
}

const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`;

function details(packet: ConnackPacket | DisconnectPacket): string {
  const { reasonString, serverReference } = packet.properties ?? {};
  return (
    (reasonString === undefined ? '' : `: ${reasonString}`) +
    (serverReference === undefined ? '' : `; it names another server: ${serverReference}`)
  );
}
