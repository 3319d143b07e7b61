/** What a stored password hash can do, and what is common to reading its several forms. */
import type { Argon2Cost, HashFunctions } from './hash-functions.ts';

/** The form a password is stored in. */
export type HashKind = 'argon2id' | 'mosquitto-pbkdf2' | 'mosquitto-sha512' | 'scram-sha-256';

/** One stored hash of a password. */
export interface PasswordHash {
  readonly kind: HashKind;
  /** The text after `user:` in a password file. */
  readonly text: string;
  /** Form and cost for people, without anything secret: `argon2id m=19456,t=2,p=1`. */
  readonly description: string;
  /** Whether it is this password's. */
  verify(password: Uint8Array, hashes: HashFunctions): Promise<boolean>;
  /** Whether a hash of this cost would be better: another form, or a lower cost. */
  needsUpgrade(wanted: Argon2Cost): boolean;
  /** Whether checking it costs exactly what an argon2id hash of this cost does. */
  costs(wanted: Argon2Cost): boolean;
}

/** One form of stored hashes. */
export interface HashFormat<T extends PasswordHash = PasswordHash> {
  readonly kind: HashKind;
  /** Whether a text claims to be of this form. */
  recognises(text: string): boolean;
  /** @throws {HashSyntaxError} where a text of this form is broken, or asks for more than it may */
  parse(text: string): T;
}

/** A stored hash that cannot be used. The message names what is wrong, never the content. */
export class HashSyntaxError extends Error {
  override readonly name = 'HashSyntaxError';
}

/**
 * Longest password, bytes: what comes in is hashed whole, and a CONNECT may bring 64 KiB. Enough for every passphrase
 * and for tokens that are kept as passwords.
 */
export const MAX_PASSWORD_LENGTH = 4096;

/** Most iterations of PBKDF2 that a line may ask for: some five seconds of one thread. */
export const MAX_ITERATIONS = 10_000_000;

/** Longest salt and longest hash, bytes. */
const MAX_FIELD_LENGTH = 128;

/**
 * Base64 as bytes, with or without padding.
 *
 * @param what the field, for the error
 * @param least bytes
 * @throws {HashSyntaxError}
 */
export function base64Field(text: string | undefined, what: string, least: number, most = MAX_FIELD_LENGTH): Buffer {
  const bytes = Buffer.from(text ?? '', 'base64');
  const unpadded = text?.replace(/={1,2}$/, '');
  // Node skips what is no base64, so the way back tells whether all of it was.
  if (unpadded === undefined || bytes.toString('base64').replace(/=+$/, '') !== unpadded) {
    throw new HashSyntaxError(`the ${what} is not base64`);
  }
  if (bytes.length < least || bytes.length > most) {
    const range = least === most ? `${least}` : `${least} to ${most}`;
    throw new HashSyntaxError(`the ${what} has ${bytes.length} bytes instead of ${range}`);
  }
  return bytes;
}

/** A whole decimal number between 1 and `most`. @throws {HashSyntaxError} */
export function countField(text: string | undefined, what: string, most: number): number {
  const value = text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new HashSyntaxError(`the ${what} is not a whole number of at least 1`);
  if (value > most) throw new HashSyntaxError(`the ${what} is above ${most}, the most that one login may cost`);
  return value;
}
