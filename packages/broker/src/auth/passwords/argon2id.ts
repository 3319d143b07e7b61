/** argon2id in the PHC string format, what new passwords are stored as: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`. */
import { randomBytes } from 'node:crypto';
import { type Argon2Cost, equalBytes, type HashFunctions } from './hash-functions.ts';
import { base64Field, countField, type HashFormat, HashSyntaxError, type PasswordHash } from './password-hash.ts';

const PREFIX = '$argon2id$';
const SALT_LENGTH = 16;
const HASH_LENGTH = 32;

/**
 * Highest cost a line may ask for: 1 GiB of memory, and 4 GiB gone over in all, which takes some five seconds. A line
 * comes from a file that tools and people write; it must not be able to take the machine's memory.
 */
export const MAX_ARGON2_COST: Argon2Cost = { memory: 1_048_576, passes: 4096, parallelism: 16 };
const MAX_WORK = 4 * 1_048_576;

/** @throws {RangeError} where a cost cannot be used, saying what it may be */
export function checkArgon2Cost(cost: Argon2Cost): void {
  const problem = costProblem(cost);
  if (problem !== undefined) throw new RangeError(`argon2id cannot be computed with ${costText(cost)}: ${problem}`);
}

function costProblem(cost: Argon2Cost): string | undefined {
  for (const name of ['memory', 'passes', 'parallelism'] as const) {
    const value = cost[name];
    if (!Number.isInteger(value) || value < 1 || value > MAX_ARGON2_COST[name]) {
      return `${name} must be a whole number from 1 to ${MAX_ARGON2_COST[name]}`;
    }
  }
  if (cost.memory < 8 * cost.parallelism) return 'memory must be at least 8 KiB for each lane';
  if (cost.memory * cost.passes > MAX_WORK) return `memory times passes must not exceed ${MAX_WORK} KiB`;
  return undefined;
}

/** Hashes a password for storing. */
export async function hashArgon2id(
  password: Uint8Array,
  cost: Argon2Cost,
  hashes: HashFunctions,
  salt: Uint8Array = randomBytes(SALT_LENGTH),
): Promise<string> {
  const hash = await hashes.argon2id(password, salt, cost, HASH_LENGTH);
  return `${PREFIX}v=19$${costText(cost)}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** A hash nobody has the password of, for doing the work of a check where there is nothing to check. */
export function dummyArgon2id(cost: Argon2Cost): PasswordHash {
  return new Argon2idHash('', cost, randomBytes(SALT_LENGTH), randomBytes(HASH_LENGTH));
}

export const argon2id: HashFormat = {
  kind: 'argon2id',
  recognises: (text) => text.startsWith('$argon2'),
  parse: (text) => {
    if (!text.startsWith(PREFIX)) throw new HashSyntaxError('only argon2id is read, not argon2i or argon2d');
    const [version, parameters, salt, hash, ...rest] = text.slice(PREFIX.length).split('$');
    if (version !== 'v=19') throw new HashSyntaxError('only version 19 of argon2id is read (v=19)');
    if (rest.length > 0) throw new HashSyntaxError('the argon2id hash has more than five parts');
    const cost = parseCost(parameters);
    return new Argon2idHash(text, cost, base64Field(salt, 'salt', 8), base64Field(hash, 'hash', 16));
  },
};

function parseCost(text: string | undefined): Argon2Cost {
  const found = /^m=(\d+),t=(\d+),p=(\d+)$/.exec(text ?? '');
  if (found === null) throw new HashSyntaxError('the argon2id parameters are not written like m=19456,t=2,p=1');
  const cost = {
    memory: countField(found[1], 'memory of argon2id (KiB)', MAX_ARGON2_COST.memory),
    passes: countField(found[2], 'number of passes of argon2id', MAX_ARGON2_COST.passes),
    parallelism: countField(found[3], 'number of lanes of argon2id', MAX_ARGON2_COST.parallelism),
  };
  const problem = costProblem(cost);
  if (problem !== undefined) throw new HashSyntaxError(`the argon2id parameters cannot be used: ${problem}`);
  return cost;
}

class Argon2idHash implements PasswordHash {
  readonly kind = 'argon2id';
  readonly text: string;
  readonly #cost: Argon2Cost;
  readonly #salt: Uint8Array;
  readonly #hash: Uint8Array;

  constructor(text: string, cost: Argon2Cost, salt: Uint8Array, hash: Uint8Array) {
    this.text = text;
    this.#cost = cost;
    this.#salt = salt;
    this.#hash = hash;
  }

  get description(): string {
    return `argon2id ${costText(this.#cost)}`;
  }

  async verify(password: Uint8Array, hashes: HashFunctions): Promise<boolean> {
    return equalBytes(await hashes.argon2id(password, this.#salt, this.#cost, this.#hash.length), this.#hash);
  }

  needsUpgrade({ memory, passes }: Argon2Cost): boolean {
    // Someone who chose more memory or more passes than wanted made a choice of their own; both less or one less and
    // the other equal is an older default.
    const cost = this.#cost;
    return cost.memory <= memory && cost.passes <= passes && cost.memory * cost.passes < memory * passes;
  }

  costs({ memory, passes, parallelism }: Argon2Cost): boolean {
    return this.#cost.memory === memory && this.#cost.passes === passes && this.#cost.parallelism === parallelism;
  }
}

const costText = ({ memory, passes, parallelism }: Argon2Cost): string => `m=${memory},t=${passes},p=${parallelism}`;

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
