import { UnreachableError } from '../error.ts';

const CA = 'as CA (tls: { ca } in a program, --cafile of the commands)';
const OWN = '(tls: { cert, key } in a program, --cert and --key of the commands)';
const NOT_TRUSTED = `its certificate was not issued by an authority that is trusted here; name that authority ${CA}`;
const NOT_TLS = 'the other end does not speak TLS on this port; is it the port of mqtts: or wss:?';
const NOT_HTTP = 'the other end is no web server; is this the port of ws: or wss:, or one of mqtt:?';
const CERTIFICATE_WANTED = `the server wants a client certificate; give it one ${OWN}`;
const CERTIFICATE_REFUSED = `the server does not accept our client certificate; give it one that it knows the issuer of ${OWN}`;
const NO_COMMON_TLS = 'the two ends have no TLS version or cipher in common; check minVersion and ciphers on both';

const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there; is the broker running, and are host and port right?',
  ENOTFOUND: 'no such host; check its spelling',
  EAI_AGAIN: 'the name could not be looked up now; check the network and its DNS',
  ETIMEDOUT: 'no answer in time; check the address, and firewalls on the way',
  EHOSTUNREACH: 'no route to the host; check the address and the network',
  ENETUNREACH: 'no route to its network; check the address and the network',
  EADDRNOTAVAIL: 'the local address to connect from is none of this machine; check localAddress',
  ECONNRESET: 'the other end closed the connection',
  EPIPE: 'the other end closed the connection',
  ENOENT: 'there is no such socket file; is the broker running?',
  ENOTSOCK: 'that file is no socket',
  EACCES: 'permission denied; may this user write to the socket file?',
  EPROTO: NOT_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is self-signed; name it ${CA} to trust it`,
  CERT_HAS_EXPIRED: 'its certificate has expired; have it renewed on the server, and check the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clock of this machine',
  INVALID_PURPOSE: 'its certificate is not one for servers (extendedKeyUsage)',
  CERT_REVOKED: 'its certificate was revoked',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CERTIFICATE_WANTED,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CERTIFICATE_REFUSED,
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': CERTIFICATE_REFUSED,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': CERTIFICATE_REFUSED,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': CERTIFICATE_REFUSED,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED': CERTIFICATE_REFUSED,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': `the server ended the TLS handshake; it may want a client certificate ${OWN}, or other ciphers`,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: NO_COMMON_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NO_COMMON_TLS,
  ERR_OSSL_PEM_NO_START_LINE: 'what was given as ca, cert or key is no PEM; give the content of the file, not its name',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'cert and key do not belong together',
  HPE_INVALID_CONSTANT: NOT_HTTP,
};

/** An error whose words are known already. */
export const explained = (target: string, why: string, cause?: unknown): UnreachableError =>
  new UnreachableError(target, why, cause);

/** The error of a connection that did not come about, in words that help. @param secure whether TLS was tried */
export function unreachable(target: string, error: Error, secure: boolean): UnreachableError {
  return explained(target, explain(mostTelling(error), secure), error);
}

/**
 * The error of a connection that was open. With TLS 1.3 a server says only then that it does not like us: that connection
 * never came about either.
 */
export function lost(target: string, error: NodeJS.ErrnoException): Error {
  if (error.code?.startsWith('ERR_SSL') === true) return unreachable(target, error, true);
  return new Error(explain(error, false), { cause: error });
}

/** A name with several addresses has an error for each: one that came from the host says more than one of no route. */
function mostTelling(error: Error): NodeJS.ErrnoException {
  if (!(error instanceof AggregateError)) return error;
  const errors = error.errors as NodeJS.ErrnoException[];
  return errors.find(({ code }) => code !== 'ENETUNREACH' && code !== 'EHOSTUNREACH') ?? errors[0] ?? error;
}

function explain(
  error: NodeJS.ErrnoException & { readonly cert?: { subjectaltname?: string } },
  secure: boolean,
): string {
  const { code = '', message } = error;
  if (code === 'ECONNRESET' && secure) return 'the other end closed the connection; does it speak TLS on this port?';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `its certificate is for ${error.cert?.subjectaltname ?? 'no host name'}; connect by one of these names, or name it with tls: { servername }`;
  }
  return explanations[code] ?? (message === '' ? code || 'unknown reason' : message);
}
