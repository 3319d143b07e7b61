import { dummyArgon2id } from '../passwords/argon2id.ts';
import {
  type Argon2Cost,
  DEFAULT_ARGON2_COST,
  type HashFunctions,
  HashingGate,
  MAX_PASSWORD_LENGTH,
  nodeHashFunctions,
  parseHash,
} from '../passwords/index.ts';

/** A password to check, and what is stored of it. */
export interface StoredPasswordCheck {
  readonly password: Uint8Array;
  /** As a password file has it behind the colon; undefined = nobody has that name, and the work is done all the same. */
  readonly line: string | undefined;
  /** Of the peer: addresses take turns. */
  readonly remoteAddress: string;
}

/**
 * Tells whether it is the password. A refusal takes the same work whoever was asked for.
 *
 * Rejects with a `HashSyntaxError` where the line cannot be used, which its message says without showing it.
 */
export type PasswordVerifier = (check: StoredPasswordCheck, signal: AbortSignal) => Promise<boolean>;

/** What a verifier works with; to be shared with the password file where there is one. */
export interface PasswordVerifierParts {
  readonly gate?: HashingGate | undefined;
  /** Cost of the work that every refusal does. */
  readonly argon2?: Argon2Cost | undefined;
  readonly hashes?: HashFunctions | undefined;
}

/** Checks passwords against lines in every form that a password file may hold. */
export function createPasswordVerifier(parts: PasswordVerifierParts = {}): PasswordVerifier {
  const { gate = new HashingGate(), argon2 = DEFAULT_ARGON2_COST, hashes = nodeHashFunctions } = parts;
  const dummy = dummyArgon2id(argon2);
  return ({ password, line, remoteAddress }, signal) =>
    gate.run(
      remoteAddress,
      async () => {
        const isUsable = password.length > 0 && password.length <= MAX_PASSWORD_LENGTH;
        const bytes = isUsable ? password : new Uint8Array(0);
        let workIsDone = false;
        try {
          const hash = line === undefined ? dummy : parseHash(line);
          const matches = await hash.verify(bytes, hashes);
          workIsDone = hash.costs(argon2);
          if (matches && isUsable && line !== undefined) {
            workIsDone = true;
            return true;
          }
          return false;
        } finally {
          if (!workIsDone) await dummy.verify(bytes, hashes);
        }
      },
      signal,
    );
}
