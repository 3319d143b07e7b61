/** `$7$ITERATIONS$SALT$HASH` of mosquitto_passwd since 2.0: PBKDF2 with SHA-512, salt and hash in base64. */
import { equalBytes, type HashFunctions } from './hash-functions.ts';
import {
  base64Field,
  countField,
  type HashFormat,
  HashSyntaxError,
  MAX_ITERATIONS,
  type PasswordHash,
} from './password-hash.ts';

const PREFIX = '$7$';
const HASH_LENGTH = 64;

export const mosquittoPbkdf2: HashFormat = {
  kind: 'mosquitto-pbkdf2',
  recognises: (text) => text.startsWith(PREFIX),
  parse: (text) => {
    const [iterations, salt, hash, ...rest] = text.slice(PREFIX.length).split('$');
    if (rest.length > 0) throw new HashSyntaxError('the $7$ hash has more than iterations, salt and hash');
    return new Pbkdf2Hash(
      text,
      countField(iterations, 'number of iterations', MAX_ITERATIONS),
      base64Field(salt, 'salt', 1),
      base64Field(hash, 'hash', HASH_LENGTH, HASH_LENGTH),
    );
  },
};

class Pbkdf2Hash implements PasswordHash {
  readonly kind = 'mosquitto-pbkdf2';
  readonly text: string;
  readonly #iterations: number;
  readonly #salt: Uint8Array;
  readonly #hash: Uint8Array;

  constructor(text: string, iterations: number, salt: Uint8Array, hash: Uint8Array) {
    this.text = text;
    this.#iterations = iterations;
    this.#salt = salt;
    this.#hash = hash;
  }

  get description(): string {
    return `mosquitto's $7$ (PBKDF2-SHA512, ${this.#iterations} iterations)`;
  }

  async verify(password: Uint8Array, hashes: HashFunctions): Promise<boolean> {
    const key = await hashes.pbkdf2(password, this.#salt, this.#iterations, HASH_LENGTH, 'sha512');
    return equalBytes(key, this.#hash);
  }

  needsUpgrade(): boolean {
    return true;
  }

  costs(): boolean {
    return false;
  }
}
