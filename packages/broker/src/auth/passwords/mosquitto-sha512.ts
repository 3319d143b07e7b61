/** `$6$SALT$HASH` of mosquitto_passwd up to 1.6 and of `-H sha512`: one SHA-512 of password and salt, both base64. */
import { equalBytes, type HashFunctions } from './hash-functions.ts';
import { base64Field, type HashFormat, HashSyntaxError, type PasswordHash } from './password-hash.ts';

const PREFIX = '$6$';
const HASH_LENGTH = 64;

export const mosquittoSha512: HashFormat = {
  kind: 'mosquitto-sha512',
  recognises: (text) => text.startsWith(PREFIX),
  parse: (text) => {
    const [salt, hash, ...rest] = text.slice(PREFIX.length).split('$');
    if (rest.length > 0) throw new HashSyntaxError('the $6$ hash has more than a salt and a hash');
    return new Sha512Hash(text, base64Field(salt, 'salt', 1), base64Field(hash, 'hash', HASH_LENGTH, HASH_LENGTH));
  },
};

class Sha512Hash implements PasswordHash {
  readonly kind = 'mosquitto-sha512';
  readonly description = "mosquitto's $6$ (one SHA-512)";
  readonly text: string;
  readonly #salt: Uint8Array;
  readonly #hash: Uint8Array;

  constructor(text: string, salt: Uint8Array, hash: Uint8Array) {
    this.text = text;
    this.#salt = salt;
    this.#hash = hash;
  }

  async verify(password: Uint8Array, hashes: HashFunctions): Promise<boolean> {
    return equalBytes(hashes.sha512(password, this.#salt), this.#hash);
  }

  needsUpgrade(): boolean {
    return true;
  }

  costs(): boolean {
    return false;
  }
}
