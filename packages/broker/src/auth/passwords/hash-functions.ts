/** The slow and the fast hashes that passwords are checked with, behind one interface so that tests can count them. */
import * as crypto from 'node:crypto';
import { promisify } from 'node:util';

/** What one argon2id computation costs. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number;
  /** How often the memory is gone over (`t`). */
  readonly passes: number;
  /** Lanes (`p`). */
  readonly parallelism: number;
}

/**
 * OWASP's minimum for argon2id: 19 MiB, 2 passes, 1 lane. Measured on one core of a small cloud machine, alone: 41 to
 * 59 ms, against 78 ms for 46 MiB and 1 pass, 34 ms for 12 MiB and 3 passes, 250 ms for RFC 9106's 64 MiB and 3 passes
 * (with 1 lane). Two at a time on two cores that others used as well: 22 a second, against 12 and 4.6.
 *
 * Why not more: every first login and every wrong password costs one of these. At 22 a second a house of 500 devices is
 * back 23 seconds after a power cut, at RFC 9106's cost after 109, and a flood of wrong passwords would take five
 * times the processor and three times the memory.
 */
export const DEFAULT_ARGON2_COST: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 };

/** A digest PBKDF2 and SCRAM are used with here. */
export type Digest = 'sha256' | 'sha512';

/** The computations; those that take long run in the thread pool. */
export interface HashFunctions {
  /** @param length bytes of the answer */
  argon2id(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost, length: number): Promise<Uint8Array>;
  /** @param length bytes of the answer */
  pbkdf2(
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
    digest: Digest,
  ): Promise<Uint8Array>;
  /** One SHA-512 of all parts, one after the other. */
  sha512(...parts: readonly Uint8Array[]): Uint8Array;
}

const pbkdf2 = promisify(crypto.pbkdf2);

/** Node's own. */
export const nodeHashFunctions: HashFunctions = {
  argon2id: (message, nonce, { memory, passes, parallelism }, tagLength) =>
    new Promise((resolve, reject) => {
      if (typeof crypto.argon2 !== 'function') {
        reject(new Error(`Node ${process.version} has no argon2; run Node 24.7 or newer`));
        return;
      }
      const parameters = { message, nonce, memory, passes, parallelism, tagLength };
      crypto.argon2('argon2id', parameters, (error, key) => (error === null ? resolve(key) : reject(error)));
    }),
  pbkdf2: (password, salt, iterations, length, digest) => pbkdf2(password, salt, iterations, length, digest),
  sha512: (...parts) => {
    const hash = crypto.createHash('sha512');
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
};

/** Compares in a time that depends on the lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}
