/** Every form of stored password that a password file may hold. */
import { argon2id } from './argon2id.ts';
import { mosquittoPbkdf2 } from './mosquitto-pbkdf2.ts';
import { mosquittoSha512 } from './mosquitto-sha512.ts';
import { HashSyntaxError, type PasswordHash } from './password-hash.ts';
import { scramSha256 } from './scram-verifier.ts';

const formats = [argon2id, mosquittoPbkdf2, mosquittoSha512, scramSha256];

/** Whether a text claims to be a stored hash of some form, and not a plain password. */
export const looksHashed = (text: string): boolean => formats.some((format) => format.recognises(text));

/** Reads the text behind `user:`. @throws {HashSyntaxError} that says what is wrong and shows nothing of the text */
export function parseHash(text: string): PasswordHash {
  const format = formats.find((one) => one.recognises(text));
  if (format === undefined) {
    throw new HashSyntaxError(
      'the password is not hashed in a form that is known ($argon2id$, $7$, $6$, SCRAM-SHA-256$)',
    );
  }
  return format.parse(text);
}
