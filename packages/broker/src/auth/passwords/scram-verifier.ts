/**
 * What a server keeps of a password for SCRAM-SHA-256, in the form of RFC 5803 that PostgreSQL also stores:
 * `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, all but the iterations in base64.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { equalBytes, type HashFunctions } from './hash-functions.ts';
import {
  base64Field,
  countField,
  type HashFormat,
  HashSyntaxError,
  MAX_ITERATIONS,
  type PasswordHash,
} from './password-hash.ts';
import { preparePassword } from './prepare-password.ts';

const PREFIX = 'SCRAM-SHA-256$';
const KEY_LENGTH = 32;
export const SCRAM_SALT_LENGTH = 16;

/**
 * RFC 7677's rule of thumb; a client computes them at every login, which takes 10 to 20 ms on a computer and about a
 * second on a small controller, so it cannot be as high as for passwords that only the server hashes.
 */
export const DEFAULT_SCRAM_ITERATIONS = 15_000;

/** RFC 7677 section 4 advises against fewer. */
export const LEAST_SCRAM_ITERATIONS = 4096;

export const scramSha256: HashFormat<ScramVerifier> = {
  kind: 'scram-sha-256',
  recognises: (text) => text.startsWith('SCRAM-SHA-'),
  parse: (text) => {
    if (!text.startsWith(PREFIX)) throw new HashSyntaxError('only SCRAM-SHA-256 is read');
    const found = /^([^:$]*):([^:$]*)\$([^:$]*):([^:$]*)$/.exec(text.slice(PREFIX.length));
    if (found === null) {
      throw new HashSyntaxError('the SCRAM line is not written like SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY');
    }
    const [, iterations, salt, storedKey, serverKey] = found;
    return new ScramVerifier(
      countField(iterations, 'number of iterations', MAX_ITERATIONS),
      base64Field(salt, 'salt', 1),
      base64Field(storedKey, 'stored key', KEY_LENGTH, KEY_LENGTH),
      base64Field(serverKey, 'server key', KEY_LENGTH, KEY_LENGTH),
    );
  },
};

/** Makes the verifier of a password. */
export async function createScramVerifier(
  password: Uint8Array,
  hashes: HashFunctions,
  iterations = DEFAULT_SCRAM_ITERATIONS,
  salt: Uint8Array = randomBytes(SCRAM_SALT_LENGTH),
): Promise<ScramVerifier> {
  const salted = await hashes.pbkdf2(preparePassword(password), salt, iterations, KEY_LENGTH, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  return new ScramVerifier(iterations, salt, sha256(clientKey), hmac(salted, 'Server Key'));
}

/** A verifier that an exchange is checked against; it can check a password as well, by making it anew. */
export class ScramVerifier implements PasswordHash {
  readonly kind = 'scram-sha-256';
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;

  constructor(iterations: number, salt: Uint8Array, storedKey: Uint8Array, serverKey: Uint8Array) {
    this.iterations = iterations;
    this.salt = salt;
    this.storedKey = storedKey;
    this.serverKey = serverKey;
  }

  get text(): string {
    const [salt, storedKey, serverKey] = [this.salt, this.storedKey, this.serverKey].map(base64);
    return `${PREFIX}${this.iterations}:${salt}$${storedKey}:${serverKey}`;
  }

  get description(): string {
    return `SCRAM-SHA-256 (${this.iterations} iterations)`;
  }

  async verify(password: Uint8Array, hashes: HashFunctions): Promise<boolean> {
    const made = await createScramVerifier(password, hashes, this.iterations, this.salt);
    return equalBytes(made.storedKey, this.storedKey);
  }

  /** Never: it is kept for clients that do SCRAM, beside or instead of a password hash. */
  needsUpgrade(): boolean {
    return false;
  }

  costs(): boolean {
    return false;
  }
}

export const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();

export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
