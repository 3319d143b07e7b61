import { createSecretKey, type KeyObject } from 'node:crypto';

/** Signature algorithms of tokens that are accepted at all (RFC 7518 section 3.1, RFC 8037). `none` is not one of them. */
export const JWT_ALGORITHMS = [
  ...(['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
] as const;

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/** Those where whoever can check a token can also make one. */
export const SECRET_ALGORITHMS: readonly JwtAlgorithm[] = ['HS256', 'HS384', 'HS512'];

/** Those where checking takes a public key only. */
export const PUBLIC_ALGORITHMS: readonly JwtAlgorithm[] = JWT_ALGORITHMS.filter((name) => !name.startsWith('HS'));

const RSA: readonly JwtAlgorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

/** RFC 7518 sections 3.3 and 3.5: smaller keys are not used. */
export const MINIMUM_RSA_BITS = 2048;

/** As OpenSSL calls them. */
const CURVES: ReadonlyMap<string | undefined, JwtAlgorithm> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

/**
 * One key and what it may check. That the algorithm belongs to the key, and is never just taken from the token, is what
 * keeps a public key from being used as a secret.
 */
export interface VerificationKey {
  /** The name tokens call it by; undefined = it fits any. */
  readonly id: string | undefined;
  readonly algorithms: readonly JwtAlgorithm[];
  readonly key: KeyObject | CryptoKey;
}

/** The algorithms a public key is for; none where it is of no use. */
export function algorithmsOf(key: KeyObject): readonly JwtAlgorithm[] {
  const details = key.asymmetricKeyDetails;
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (details?.modulusLength ?? 0) >= MINIMUM_RSA_BITS ? RSA : [];
    case 'ec': {
      const algorithm = CURVES.get(details?.namedCurve);
      return algorithm === undefined ? [] : [algorithm];
    }
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}

/** Bytes a secret needs for an algorithm: as many as its hash has (RFC 7518 section 3.2). */
export const secretBytes = (algorithm: JwtAlgorithm): number => Number(algorithm.slice(2)) / 8;

/** A secret as a key for each algorithm it is long enough for. */
export function secretKeys(secret: Uint8Array): readonly VerificationKey[] {
  const key = createSecretKey(secret);
  return SECRET_ALGORITHMS.filter((algorithm) => secret.length >= secretBytes(algorithm)).map((algorithm) => {
    const kind = { name: 'HMAC', hash: `SHA-${algorithm.slice(2)}` };
    return { id: undefined, algorithms: [algorithm], key: key.toCryptoKey(kind, false, ['verify']) };
  });
}
