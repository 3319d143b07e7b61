import { createPublicKey, type KeyObject } from 'node:crypto';
import { isRecord } from '../claimed-rights.ts';
import { algorithmsOf, type JwtAlgorithm, type VerificationKey } from './algorithms.ts';
import type { TokenHeader } from './token-header.ts';

/** Keys of one set that are looked at; more are nobody's. */
const MAXIMUM_KEYS = 100;

/** Which key a token is to be checked with: the one, or why there is none. */
export type Selection = VerificationKey | 'none' | 'several';

/** Keys that tokens may be signed with. */
export class KeySet {
  readonly #keys: readonly VerificationKey[];

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys;
  }

  get algorithms(): readonly JwtAlgorithm[] {
    return [...new Set(this.#keys.flatMap(({ algorithms }) => algorithms))];
  }

  /** The key of a token: the one of that name, or one without a name, that is for the token's algorithm. */
  select({ algorithm, keyId }: TokenHeader): Selection {
    const fitting = this.#keys.filter(({ algorithms }) => (algorithms as readonly string[]).includes(algorithm));
    const found = keyId === undefined ? fitting : namedOrNameless(fitting, keyId);
    if (found.length > 1) return 'several';
    return found[0] ?? 'none';
  }
}

function namedOrNameless(keys: readonly VerificationKey[], keyId: string): readonly VerificationKey[] {
  const named = keys.filter(({ id }) => id === keyId);
  return named.length > 0 ? named : keys.filter(({ id }) => id === undefined);
}

/**
 * The keys of a JSON Web Key Set, or a single JSON Web Key, that check signatures. Others, like those for encryption or
 * of kinds that are not known here, may stand beside them (RFC 7517 section 5). Secrets are never taken from a set, and
 * neither is a private key: what is published so is no proof of anything.
 *
 * @throws Error where there is none; the text repeats nothing of the set
 */
export function parseKeySet(json: unknown): readonly VerificationKey[] {
  const listed = isRecord(json) && Array.isArray(json.keys) ? json.keys : isRecord(json) ? [json] : [];
  if (listed.length > MAXIMUM_KEYS) throw new Error(`it holds more than ${MAXIMUM_KEYS} keys`);
  const keys = listed.map(parseKey).filter((key) => key !== undefined);
  if (keys.length > 0) return keys;
  throw new Error('it holds no public key for signatures (RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519)');
}

function parseKey(jwk: unknown): VerificationKey | undefined {
  if (!isRecord(jwk) || Object.hasOwn(jwk, 'd') || Object.hasOwn(jwk, 'k')) return undefined;
  const { use, key_ops: operations, alg, kid } = jwk;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  const key = publicKeyOf(jwk);
  if (key === undefined) return undefined;
  const algorithms = algorithmsOf(key).filter((name) => alg === undefined || alg === name);
  return algorithms.length === 0 ? undefined : { id: kid, algorithms, key };
}

function publicKeyOf(jwk: Readonly<Record<string, unknown>>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // Of a kind that is not known here, or broken: of no use in either case.
    return undefined;
  }
}
