import { UnreachableError } from '../error.ts';

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

/** The error of a connection that did not come about, in words that help. @param secure whether TLS was tried */
export function unreachable(target: string, error: NodeJS.ErrnoException, secure: boolean): UnreachableError {
  return new UnreachableError(target, explain(error, secure), error);
}

function explain(error: NodeJS.ErrnoException, secure: boolean): string {
  if (secure && error.code === 'ECONNRESET') {
    return 'the other end closed the connection; does it speak TLS on this port?';
  }
  const known = explanations[error.code ?? ''];
  return known ?? (error.message === '' ? (error.code ?? 'unknown reason') : error.message);
}
