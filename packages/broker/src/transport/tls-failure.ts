/** Why a client's certificate was not accepted, by OpenSSL's name of the reason. */
const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  CERT_REJECTED: 'its authority does not allow this use',
  CERT_UNTRUSTED: 'its authority is not trusted for this use',
  INVALID_PURPOSE: 'it was not issued for clients (extended key usage)',
  INVALID_CA: 'one of its authorities is not an authority',
  PATH_LENGTH_EXCEEDED: 'its chain is longer than an authority allows',
  CERT_CHAIN_TOO_LONG: 'its chain is too long',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  UNABLE_TO_GET_ISSUER_CERT: 'it is from an unknown authority (not in tls.ca)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is from an unknown authority (not in tls.ca)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is from an unknown authority (not in tls.ca)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is from an unknown authority: it signs itself and is not in tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is from an unknown authority (its root is not in tls.ca)',
  UNABLE_TO_GET_CRL: 'there is no revocation list of its authority in tls.crl; add one for each authority in the chain',
  CRL_HAS_EXPIRED: 'the revocation list of its authority in tls.crl is out of date; get a new one',
  CRL_NOT_YET_VALID: 'the revocation list of its authority in tls.crl is not valid yet; check the clocks',
  CRL_SIGNATURE_FAILURE: 'the revocation list of its authority in tls.crl has a wrong signature',
};

/** @param code what OpenSSL calls it, `CERT_HAS_EXPIRED` for example */
export function certificateProblem(code: string): string {
  return CERTIFICATE_PROBLEMS[code] ?? `it could not be verified (${code})`;
}

/** What an error code of a handshake means; the first pattern that fits. */
const HANDSHAKE_PROBLEMS: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE/,
    'it sent no certificate, and this listener requires one (tls.clientCertificate)',
  ],
  [
    /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|VERSION_TOO_HIGH/,
    'it offers no TLS version that is accepted (tls.minVersion)',
  ],
  [
    /NO_SHARED_CIPHER|NO_CIPHERS_SPECIFIED/,
    'it offers no cipher that is accepted (tls.ciphers, or tls.psk is what it uses)',
  ],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE/, 'it does not speak TLS'],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE)/,
    "it does not accept the broker's certificate",
  ],
  [
    /NO_SHARED_GROUP|NO_SUITABLE_KEY_SHARE|NO_SUITABLE_SIGNATURE|NO_SUITABLE_GROUPS/,
    'it offers no key exchange or signature that is accepted',
  ],
  [/CA_(MD|KEY)_TOO_|EE_KEY_TOO_SMALL/, 'its certificate has too weak a key or signature'],
  [/UNEXPECTED_EOF|ECONNRESET|EPIPE/, 'it closed the connection during the TLS handshake'],
];

/** Why a TLS handshake failed, as far as the error tells. */
export function handshakeProblem(error: NodeJS.ErrnoException & { reason?: string }): string {
  const code = error.code ?? '';
  for (const [pattern, meaning] of HANDSHAKE_PROBLEMS) if (pattern.test(code)) return meaning;
  return `the TLS handshake failed: ${error.reason ?? (code === '' ? 'unknown error' : code)}`;
}
