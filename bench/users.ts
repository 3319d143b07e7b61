/** The users that brokers are measured with. */
import { argon2Sync, pbkdf2Sync, randomBytes } from 'node:crypto';

/** Everybody's. */
export const PASSWORD = 'a password like many';

/** Who returns in a crowd, and who comes for the first time. */
export const CROWD = { prefix: 'user-', count: 10_000 } as const;
export const NEWCOMERS = { prefix: 'new-', count: 200 } as const;

/** What mosquitto_passwd takes by default. */
const PBKDF2_ITERATIONS = 101;
/** What `cauldron passwd` takes by default. */
const ARGON2 = { memory: 19_456, passes: 2, parallelism: 1 } as const;

const bare = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

/** The password as mosquitto_passwd writes it. */
export function pbkdf2Line(password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, PBKDF2_ITERATIONS, 64, 'sha512');
  return `$7$${PBKDF2_ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/** The password as `cauldron passwd` writes it. */
export function argon2idLine(password: string): string {
  const nonce = randomBytes(16);
  const hash = argon2Sync('argon2id', { message: password, nonce, ...ARGON2, tagLength: 32 });
  const { memory, passes, parallelism } = ARGON2;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(nonce)}$${bare(hash)}`;
}

/**
 * A password file. The crowd's lines are cheap to check for every broker, since it is their return that is measured; those
 * of the newcomers are what the broker itself would write. All have the same password under the same salt, which spares
 * hashing it 10,000 times and saves a broker nothing: each user's line is checked for itself.
 */
export function passwordFile(newcomers: 'argon2id' | 'pbkdf2'): string {
  const cheap = pbkdf2Line(PASSWORD);
  const own = newcomers === 'argon2id' ? argon2idLine(PASSWORD) : cheap;
  const lines = (who: { prefix: string; count: number }, hash: string): string[] =>
    Array.from({ length: who.count }, (_, i) => `${who.prefix}${i}:${hash}`);
  return `${[...lines(CROWD, cheap), ...lines(NEWCOMERS, own)].join('\n')}\n`;
}
