import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { algorithmsOf, MINIMUM_RSA_BITS, secretBytes, secretKeys, type VerificationKey } from './algorithms.ts';
import { parseKeySet } from './key-set.ts';
import type { KeyOrigin } from './options.ts';

type LocalOrigin = Exclude<KeyOrigin, { kind: 'jwksUrl' }>;

/**
 * The keys that are on this machine.
 *
 * @throws Error that names setting and file, says what is wrong and what belongs there, and shows nothing of it
 */
export function readKeys(origin: LocalOrigin): readonly VerificationKey[] {
  switch (origin.kind) {
    case 'secret':
      return fromSecret(Buffer.from(origin.secret), 'jwt: secret');
    case 'secretFile':
      return fromSecret(readFile(origin), `jwt: secretFile "${origin.file}"`);
    case 'publicKeyFile':
      return fromKeyFile(readFile(origin).toString(), `jwt: publicKeyFile "${origin.file}"`);
    case 'jwksFile':
      return fromJson(readFile(origin).toString(), `jwt: jwksFile "${origin.file}"`);
  }
}

function readFile({ kind, file }: Exclude<LocalOrigin, { kind: 'secret' }>): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const advice = 'Put the key there, readable for the broker.';
    throw new Error(`jwt: cannot read ${kind} "${file}" (${code}). ${advice}`, { cause: error });
  }
}

function fromSecret(secret: Uint8Array, what: string): readonly VerificationKey[] {
  const keys = secretKeys(secret);
  if (keys.length > 0) return keys;
  throw new Error(
    `${what} has ${secret.length} bytes; HS256 takes at least ${secretBytes('HS256')} (RFC 7518 section 3.2): a shorter ` +
      'one can be guessed from any token. Make one with "openssl rand -base64 48".',
  );
}

function fromKeyFile(text: string, what: string): readonly VerificationKey[] {
  if (text.trimStart().startsWith('{')) return fromJson(text, what);
  // Such a file would work just as well, and somebody would leave the means to make tokens lying around.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new Error(
      `${what} holds a private key; the broker needs the public one only: "openssl pkey -in KEY -pubout".`,
    );
  }
  if ((text.match(/-----BEGIN /g) ?? []).length > 1) {
    throw new Error(`${what} holds more than one key; put several into a JSON Web Key Set (jwksFile).`);
  }
  const key = parsePem(text);
  if (key === undefined) {
    throw new Error(`${what} holds no public key; write it as PEM ("-----BEGIN PUBLIC KEY-----") or as JSON Web Key.`);
  }
  const algorithms = algorithmsOf(key);
  if (algorithms.length > 0) return [{ id: undefined, algorithms, key }];
  throw new Error(
    `${what} holds a key of a kind that is not accepted; use RSA of at least ${MINIMUM_RSA_BITS} bits, P-256, P-384, ` +
      'P-521 or Ed25519.',
  );
}

function parsePem(text: string): KeyObject | undefined {
  try {
    return text.includes('-----BEGIN CERTIFICATE-----') ? new X509Certificate(text).publicKey : createPublicKey(text);
  } catch {
    return undefined;
  }
}

function fromJson(text: string, what: string): readonly VerificationKey[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${what} is no JSON; it must be a JSON Web Key Set (RFC 7517).`);
  }
  if (holdsPrivateKey(json)) {
    throw new Error(`${what} holds a private key or a secret; leave only public keys in it.`);
  }
  try {
    return parseKeySet(json);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}.`, { cause: error });
  }
}

function holdsPrivateKey(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  if (Array.isArray(json)) return json.some(holdsPrivateKey);
  return 'd' in json || 'k' in json || ('keys' in json && holdsPrivateKey(json.keys));
}
